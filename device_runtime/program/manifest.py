"""The manifest of a mini-program: W3C MiniApp members, and ours under ``cygnet``.

Source: W3C MiniApp Manifest (Working Draft), https://www.w3.org/TR/miniapp-manifest/. Its published JSON
schema is faulty (``platform_version``, ``req_permissions`` and ``widgets`` sit inside ``version``), so the
text is followed. ``docs/manifest.md`` describes every member for program developers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from device_runtime.errors import CygnetError

# A reverse-domain or WeChat/SWAN style id. It becomes a directory name, a URL segment and part of an MQTT payload.
_APP_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")
_ROUTE = re.compile(r"[^/\\\x00-\x1f][^\\\x00-\x1f]*")
_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ManifestError(CygnetError):
    """The manifest breaks its contract; the message names the member and what was expected."""


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
class Subpackage:
    """A folder of the program whose code may load later; ``name`` is empty or its other name."""

    root: str
    name: str
    independent: bool = False


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
class Manifest:
    """A checked manifest. ``document`` is the JSON object that it was read from, for members not named here."""

    app_id: str
    name: str
    description: str
    version: Version
    min_platform: int
    pages: tuple[str, ...]
    icon: str
    window: Mapping[str, Any]
    permissions: Mapping[str, Permission]
    dialect: str
    tab_bar: TabBar | None
    request_domains: tuple[str, ...]
    socket_domains: tuple[str, ...]
    voice: Voice
    subpackages: tuple[Subpackage, ...]
    aliases: Mapping[str, str]
    document: Mapping[str, Any]


def _member(document: Mapping[str, Any], path: str, kind: type, default: Any = None) -> Any:
    """The value at a dotted path; ``default`` where it is absent, an error where it is missing or of another type."""
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            if default is None:
                raise ManifestError(f"manifest.json: the member {path} is missing; it must be a {_name(kind)}")
            return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ManifestError(f"manifest.json: {path} must be a {_name(kind)}, not {json.dumps(value)[:60]}")
    return value


def _name(kind: type) -> str:
    return {str: "string", bool: "boolean", int: "whole number", list: "list", dict: "JSON object"}[kind]


def _strings(items: list[Any], path: str) -> tuple[str, ...]:
    for index, item in enumerate(items):
        if not isinstance(item, str) or not item:
            raise ManifestError(f"manifest.json: {path}[{index}] must be a string that is not empty")
    return tuple(items)


def _objects(items: list[Any], path: str) -> list[Mapping[str, Any]]:
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise ManifestError(f"manifest.json: {path}[{index}] must be a JSON object")
    return items


def parse_manifest(text: str | bytes) -> Manifest:
    """Read and check a ``manifest.json``.

    Raises:
        ManifestError: not JSON, or a member is missing, of the wrong type, or breaks its rule.
    """
    if not text:
        raise ManifestError("there is no manifest.json, or it is empty")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"manifest.json is not JSON: {error}") from error
    return read_manifest(document)


def read_manifest(document: Any) -> Manifest:
    """Check the JSON value of a ``manifest.json``.

    Raises:
        ManifestError: it is no object, or a member is missing, of the wrong type, or breaks its rule.
    """
    if not isinstance(document, dict):
        raise ManifestError("manifest.json must hold one JSON object")
    app_id = _member(document, "app_id", str)
    if not _APP_ID.fullmatch(app_id):
        raise ManifestError(
            f"manifest.json: app_id {app_id!r} must be 1 to 128 letters, digits, dots, underscores and hyphens"
        )
    version = Version(_member(document, "version.code", int), _member(document, "version.name", str))
    if version.code < 1:
        raise ManifestError(f"manifest.json: version.code must be 1 or more, not {version.code}")
    pages = _strings(_member(document, "pages", list), "pages")
    if not pages:
        raise ManifestError("manifest.json: pages must name at least one page")
    for route in pages:
        if not _ROUTE.fullmatch(route) or ".." in route.split("/"):
            raise ManifestError(f"manifest.json: pages holds {route!r}, which is not a path inside the program")
    icons = _objects(_member(document, "icons", list, []), "icons")
    permissions = [
        Permission(_member(entry, "name", str), _member(entry, "reason", str, ""))
        for entry in _objects(_member(document, "req_permissions", list, []), "req_permissions")
    ]
    return Manifest(
        app_id=app_id,
        name=_member(document, "name", str),
        description=_member(document, "description", str, ""),
        version=version,
        min_platform=_member(document, "platform_version.min_code", int),
        pages=pages,
        icon=_member(icons[0], "src", str) if icons else "",
        window=_member(document, "window", dict, {}),
        permissions={permission.name: permission for permission in permissions},
        dialect=_member(document, "cygnet.dialect", str, "wechat"),
        tab_bar=_tab_bar(_member(document, "cygnet.tab_bar", dict, {}), pages),
        request_domains=_strings(_member(document, "cygnet.network.request", list, []), "cygnet.network.request"),
        socket_domains=_strings(_member(document, "cygnet.network.socket", list, []), "cygnet.network.socket"),
        voice=_voice(_member(document, "cygnet.voice", dict, {})),
        subpackages=_subpackages(_member(document, "cygnet.subpackages", list, [])),
        aliases=_aliases(_member(document, "cygnet.aliases", dict, {})),
        document=document,
    )


def _tab_bar(entry: Mapping[str, Any], pages: tuple[str, ...]) -> TabBar | None:
    if not entry:
        return None
    tabs = tuple(
        Tab(
            route=_member(tab, "route", str),
            text=_member(tab, "text", str, ""),
            icon=_member(tab, "icon", str, ""),
            selected_icon=_member(tab, "selected_icon", str, ""),
        )
        for tab in _objects(_member(entry, "tabs", list), "cygnet.tab_bar.tabs")
    )
    for tab in tabs:
        if tab.route not in pages:
            raise ManifestError(f"manifest.json: cygnet.tab_bar names {tab.route!r}, which is not among pages")
    return TabBar(
        tabs,
        color=_member(entry, "color", str, ""),
        selected_color=_member(entry, "selected_color", str, ""),
        background_color=_member(entry, "background_color", str, ""),
        custom=_member(entry, "custom", bool, False),
    )


def _subpackages(entries: list[Any]) -> tuple[Subpackage, ...]:
    found: list[Subpackage] = []
    for index, entry in enumerate(_objects(entries, "cygnet.subpackages")):
        root = _member(entry, "root", str)
        if not _ROUTE.fullmatch(root) or root.endswith("/") or ".." in root.split("/"):
            raise ManifestError(f"manifest.json: cygnet.subpackages[{index}].root {root!r} is not a folder's path")
        independent = _member(entry, "independent", bool, False)
        found.append(Subpackage(root, _member(entry, "name", str, ""), independent))
    return tuple(found)


def _aliases(entry: Mapping[str, Any]) -> dict[str, str]:
    for name, target in entry.items():
        if not name or not isinstance(target, str) or not target:
            raise ManifestError(f"manifest.json: cygnet.aliases.{name} must be a path in the program")
    return dict(entry)


def _voice(entry: Mapping[str, Any]) -> Voice:
    slots: dict[str, tuple[str, ...]] = {}
    for name, words in _member(entry, "slots", dict, {}).items():
        path = f"cygnet.voice.slots.{name}"
        if not _SLOT_NAME.fullmatch(name):
            raise ManifestError(f"manifest.json: {path}: a slot's name is lower-case letters, digits and underscores")
        if not isinstance(words, list) or not words:
            raise ManifestError(f"manifest.json: {path} must be a list of the words that it may hold")
        slots[name] = _strings(words, path)
    intents = tuple(
        VoiceIntent(
            _member(intent, "name", str),
            _strings(_member(intent, "phrases", list), f"cygnet.voice.intents[{index}].phrases"),
        )
        for index, intent in enumerate(_objects(_member(entry, "intents", list, []), "cygnet.voice.intents"))
    )
    return Voice(intents, slots)
