"""The manifest of a mini-program: W3C MiniApp members, and ours under ``cygnet``.

Source: W3C MiniApp Manifest (Working Draft), https://www.w3.org/TR/miniapp-manifest/, by its text: sections
"Conformance", "Supplementary members" and those of the resources. Its published JSON schema is faulty
(``platform_version``, ``pages``, ``req_permissions``, ``widgets`` and ``window`` sit inside ``version``, so a validator
looks at none of them). Where the algorithms there pass over a wrong member, this refuses it, so that its author hears
of it. ``docs/manifest.md`` describes every member for program developers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.program.data_plan import DataPlan, read_data_plan, unspoken_plan
from device_runtime.program.json_lines import find_line
from device_runtime.program.members import ManifestError, MemberError, Members, shown, written
from device_runtime.program.window import read_window
from device_runtime.values import fault_of

__all__ = ["Manifest", "ManifestError", "parse_manifest", "read_manifest"]

PLATFORM_VERSION = 1
"""What ``platform_version.min_code`` is compared with."""
LANGUAGES = ("javascript", "python")
"""What the logic of a program may be written in; the first is that of one that does not say."""
MAX_DEPTH = 64
"""How deep lists and objects may nest."""

# A reverse-domain or WeChat/SWAN style id. It becomes a directory name, a URL segment and part of an MQTT payload.
_APP_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")
_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*")
# BCP 47 as far as its form goes: a language of letters, then subtags of letters and digits.
_LANGUAGE = re.compile(r"(?:[a-zA-Z]{2,8}|[xX](?=-))(?:-[a-zA-Z0-9]{1,8})*")
_SIZES = re.compile(r"(?:any|[1-9]\d{0,5}[xX][1-9]\d{0,5})(?: +(?:any|[1-9]\d{0,5}[xX][1-9]\d{0,5}))*", re.IGNORECASE)
# The name of a model card's folder.
_MODEL = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:;.*)?")


class PlatformError(CygnetError):
    """A program needs a newer runtime than this one."""


@dataclass(frozen=True, slots=True)
class Version:
    """``code`` only rises from release to release; ``name`` is for people."""

    code: int
    name: str


@dataclass(frozen=True, slots=True)
class Permission:
    """One entry of ``req_permissions``; ``reason`` is shown to the owner."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Icon:
    """One entry of ``icons``. ``sizes`` and ``type`` may be empty; ``label`` is read aloud instead of the picture."""

    src: str
    label: str
    sizes: str
    type: str


@dataclass(frozen=True, slots=True)
class Widget:
    """One entry of ``widgets``: a page that is shown by itself. They are checked, and not shown by today's boards."""

    name: str
    path: str
    min_platform: int


@dataclass(frozen=True, slots=True)
class Subpackage:
    """A folder whose code waits until a page of it is opened. ``name`` may be empty."""

    root: str
    name: str
    independent: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One entry of the tab bar."""

    route: str
    text: str
    icon: str
    selected_icon: str


@dataclass(frozen=True, slots=True)
class TabBar:
    """The bar at the bottom; colours are CSS colours, empty for the board's own. A ``custom`` one is drawn by the
    program in its pages, and the tabs only say which these are."""

    tabs: tuple[Tab, ...]
    color: str = ""
    selected_color: str = ""
    background_color: str = ""
    custom: bool = False


@dataclass(frozen=True, slots=True)
class VoiceIntent:
    """What can be said. A phrase is words, ``{slot}``, ``{slot:one|two}`` and ``[optional words]``."""

    name: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """The spoken side of a program; ``slots`` maps a slot's name to the words that it may hold."""

    intents: tuple[VoiceIntent, ...] = ()
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a program asks of its trial after an update. ``health``: it says itself that it is well
    (``wx.reportHealth``), and fails its trial where it does not; ``seconds`` is how long it takes at least."""

    health: bool = False
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked manifest. ``document`` is the JSON object that it was read from, for members not named here."""

    app_id: str
    name: str
    short_name: str
    description: str
    lang: str
    dir: str
    color_scheme: str
    device_type: tuple[str, ...]
    version: Version
    min_platform: int
    pages: tuple[str, ...]
    icons: tuple[Icon, ...]
    widgets: tuple[Widget, ...]
    window: Mapping[str, Any]
    permissions: Mapping[str, Permission]
    dialect: str
    language: str
    tab_bar: TabBar | None
    request_domains: tuple[str, ...]
    socket_domains: tuple[str, ...]
    subpackages: tuple[Subpackage, ...]
    aliases: Mapping[str, str]
    voice: Voice
    models: tuple[str, ...]
    trial: Trial
    private_pages: tuple[str, ...]
    data_plan: DataPlan
    document: Mapping[str, Any]

    @property
    def icon(self) -> str:
        """The path of the first icon, or empty."""
        return self.icons[0].src if self.icons else ""


def parse_manifest(text: str | bytes) -> Manifest:
    """Read and check a ``manifest.json``.

    Raises:
        ManifestError: not JSON, or a member is missing, of the wrong type, or breaks its rule; with the line, where the
            text has several.
    """
    if not text:
        raise ManifestError("there is no manifest.json, or it is empty")
    try:
        document = json.loads(text)
        fault = fault_of(document, MAX_DEPTH)
    except json.JSONDecodeError as error:
        raise ManifestError(f"manifest.json:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"manifest.json is not JSON: {error}") from error
    if fault:
        raise ManifestError(f"manifest.json holds {fault}")
    try:
        return read_manifest(document)
    except MemberError as error:
        source = text if isinstance(text, str) else text.decode(json.detect_encoding(text))
        if "\n" not in source.strip():
            raise
        raise ManifestError(f"manifest.json:{find_line(source, error.path)}: {error.reason}") from error


def read_manifest(document: Any) -> Manifest:
    """Check the JSON value of a ``manifest.json``.

    Raises:
        ManifestError: it is no object, or a member is missing, of the wrong type, or breaks its rule.
    """
    if not isinstance(document, dict):
        raise ManifestError("manifest.json must hold one JSON object")
    root = Members(document)
    app_id = root.matching("app_id", _APP_ID, "1 to 128 letters, digits, dots, underscores and hyphens")
    entry, platform = root.inner("version"), root.inner("platform_version")
    version = Version(entry.number("code", 1), entry.text("name"))
    min_platform = platform.number("min_code", 0)
    platform.number("target_code", 0, 0)
    platform.text("release_type", "")
    pages = tuple(page.removesuffix(".html") for page in root.routes("pages"))
    ours = root.inner("cygnet")
    network = ours.inner("network")
    request_domains, socket_domains = network.strings("request"), network.strings("socket")
    origins = (*request_domains, *socket_domains)
    return Manifest(
        app_id=app_id,
        name=root.text("name"),
        short_name=root.text("short_name", ""),
        description=root.text("description", ""),
        lang=root.matching("lang", _LANGUAGE, "a language tag, such as en-US", ""),
        dir=root.one_of("dir", ("ltr", "rtl", "auto"), "auto"),
        color_scheme=root.one_of("color_scheme", ("auto", "light", "dark"), "auto"),
        device_type=root.strings("device_type"),
        version=version,
        min_platform=min_platform,
        pages=pages,
        icons=tuple(_icon(entry) for entry in root.objects("icons")),
        widgets=tuple(_widget(entry, min_platform) for entry in root.objects("widgets")),
        window=read_window(root.inner("window"), root.raw("window")),
        permissions={
            entry.filled("name"): Permission(entry.filled("name"), entry.text("reason", ""))
            for entry in root.objects("req_permissions")
        },
        dialect=ours.text("dialect", "wechat"),
        language=ours.one_of("language", LANGUAGES, LANGUAGES[0]),
        tab_bar=_tab_bar(ours.inner("tab_bar"), pages) if ours.raw("tab_bar") else None,
        request_domains=request_domains,
        socket_domains=socket_domains,
        subpackages=tuple(
            Subpackage(
                entry.inside("root").strip("/"), entry.text("name", ""), entry.flag("independent", default=False)
            )
            for entry in ours.objects("subpackages")
        ),
        aliases=_aliases(ours.inner("resolve_alias")),
        voice=_voice(ours.inner("voice")),
        models=ours.each("models", list(ours.strings("models")), _model_fault),
        trial=_trial(ours.inner("trial")),
        private_pages=_private_pages(ours, pages),
        data_plan=_data_plan(ours, origins),
        document=document,
    )


def check_platform(manifest: Manifest) -> None:
    """Refuse a program that needs a newer runtime ("Platform Compatibility Verification" of MiniApp Packaging).

    Raises:
        PlatformError: ``platform_version.min_code`` is higher than ``PLATFORM_VERSION``.
    """
    if manifest.min_platform > PLATFORM_VERSION:
        raise PlatformError(
            f"{manifest.name} {manifest.version.name} ({manifest.app_id}) needs platform version "
            f"{manifest.min_platform}, and this device has {PLATFORM_VERSION}; update the device's software"
        )


def _trial(entry: Members) -> Trial:
    return Trial(entry.flag("health", default=False), entry.number("seconds", 0, 0))


def _data_plan(ours: Members, origins: tuple[str, ...]) -> DataPlan:
    if not ours.has("data_plan"):
        return unspoken_plan(origins)
    return read_data_plan(ours.objects("data_plan"), origins)


def _private_pages(ours: Members, pages: tuple[str, ...]) -> tuple[str, ...]:
    def fault(route: str) -> str | None:
        return None if route in pages else "one of pages"

    return ours.each("private_pages", list(ours.strings("private_pages")), fault)


def _icon(entry: Members) -> Icon:
    return Icon(
        entry.inside("src"),
        entry.text("label", ""),
        entry.matching("sizes", _SIZES, 'sizes such as "48x48 96x96", or "any"', ""),
        entry.matching("type", _MEDIA_TYPE, "a media type, such as image/png", ""),
    )


def _widget(entry: Members, min_platform: int) -> Widget:
    """The text calls ``min_code`` a number, and its example and algorithm have a string: both are taken."""
    name, path = entry.text("name"), entry.inside("path").removesuffix(".html")
    raw = entry.value("min_code")
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= 9:
        return Widget(name, path, int(raw))
    return Widget(name, path, entry.number("min_code", 0, min_platform))


def _tab_bar(entry: Members, pages: tuple[str, ...]) -> TabBar:
    tabs = []
    for tab in entry.objects("tabs", required=True):
        route = tab.text("route")
        if route not in pages:
            raise MemberError(tab.path("route"), f"cygnet.tab_bar names {shown(route)}, which is not among pages")
        tabs.append(Tab(route, tab.text("text", ""), tab.text("icon", ""), tab.text("selected_icon", "")))
    return TabBar(
        tuple(tabs),
        color=entry.text("color", ""),
        selected_color=entry.text("selected_color", ""),
        background_color=entry.text("background_color", ""),
        custom=entry.flag("custom", default=False),
    )


def _model_fault(name: str) -> str | None:
    return None if _MODEL.fullmatch(name) else "the name of a model, such as commands_en"


def _aliases(entry: Members) -> dict[str, str]:
    return {name: entry.text(name) for name in entry.names()}


def _voice(entry: Members) -> Voice:
    slots: dict[str, tuple[str, ...]] = {}
    listed = entry.inner("slots")
    for name in listed.names():
        if not _SLOT_NAME.fullmatch(name):
            raise MemberError(
                listed.path(name),
                f"{written(listed.path(name))}: a slot's name is lower-case letters, digits and underscores",
            )
        slots[name] = listed.strings(name)
        if not slots[name]:
            raise listed.fault(name, "a list of the words that it may hold")
    intents = tuple(
        VoiceIntent(intent.text("name"), intent.strings("phrases", required=True))
        for intent in entry.objects("intents")
    )
    return Voice(intents, slots)
