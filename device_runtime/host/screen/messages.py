"""What a screen says to its device: one dataclass a message, checked before anything acts on it.

A screen is a browser, so its words are untrusted input. ``docs/architecture.md`` ("Screen protocol") lists every
message in both directions; this module is the checked half.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from device_runtime.errors import CygnetError
from device_runtime.host.screen.layout import (
    MAX_REQUESTS,
    Intersection,
    LayoutError,
    QueryResult,
    Viewport,
    check_box,
    check_result,
    finite,
)
from device_runtime.privacy.consents import PROFILES, Profile
from device_runtime.values import Value, fault_of

MAX_UTTERANCE = 500
MAX_PATH = 2048
MAX_TOUCHES = 16
MAX_DEPTH = 16
MAX_PIXELS = 32_768
_EVENT = re.compile(r"[a-z][a-zA-Z0-9_-]{0,63}")
_APP_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")
_DIALOG_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
MicrophoneState = Literal["on", "off", "refused"]
OpenType = Literal["navigateTo", "redirectTo", "switchTab", "reLaunch"]


class ScreenMessageError(CygnetError):
    """A screen sent something that is no message; nothing was done."""


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """Something happened to a node: ``time_stamp`` is milliseconds since the screen's page was loaded; ``touches`` are
    the fingers on the screen, ``changed_touches`` those that the event is about."""

    app_id: str
    page: int
    node: int
    event: str
    detail: Value
    touches: list[Value]
    time_stamp: float
    changed_touches: list[Value] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Launch:
    """Bring this program to the front, starting it where it does not run."""

    app_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Home:
    """Show the launcher."""


@dataclass(frozen=True, slots=True)
class Back:
    """Go back ``delta`` pages."""

    app_id: str
    delta: int


@dataclass(frozen=True, slots=True)
class Open:
    """Open a route of the program, as ``wx.navigateTo`` and its siblings do."""

    app_id: str
    path: str
    open_type: OpenType


@dataclass(frozen=True, slots=True)
class Utterance:
    """A typed request, to be understood like a spoken one."""

    text: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen now, without the wake word."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """The screen's own microphone is ``on``, ``off``, or was ``refused``: by a person, or the browser has none."""

    state: MicrophoneState


@dataclass(frozen=True, slots=True)
class UiResult:
    """The owner answered a dialogue."""

    id: str
    result: Value


@dataclass(frozen=True, slots=True)
class ShowPrivacy:
    """A person wants to see what programs may collect and send; without ``open`` only if they still look at it."""

    open: bool = True


@dataclass(frozen=True, slots=True)
class Decide:
    """A person says yes or no to an item of a program's data plan."""

    app_id: str
    item: str
    granted: bool


@dataclass(frozen=True, slots=True)
class SwitchProfile:
    """A person says who uses the device now."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class Erase:
    """The owner wants deleted what a program keeps, or, where ``app_id`` is empty, what all of them do."""

    app_id: str


@dataclass(frozen=True, slots=True)
class StopViewing:
    """End what an operator of the fleet sees of this device."""


@dataclass(frozen=True, slots=True)
class RemoteScreen:
    """Whether operators may ask to look at the screen. That they need not ask is nothing that a screen may say."""

    setting: Literal["ask", "never"]


ClientMessage: TypeAlias = (
    NodeEvent
    | Launch
    | Home
    | Back
    | Open
    | Utterance
    | Listen
    | Microphone
    | UiResult
    | QueryResult
    | Intersection
    | Viewport
    | StopViewing
    | ShowPrivacy
    | Decide
    | SwitchProfile
    | Erase
    | RemoteScreen
)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _depth(value: object) -> int:
    """How deep lists and objects nest; the parser's own recursion limit bounds the recursion here."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _string(document: Mapping[str, Any], name: str, limit: int, default: str | None = None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or len(value) > limit:
        raise ScreenMessageError(f"{name} must be a string of at most {limit} characters")
    return value


def _whole(document: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    value = document.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ScreenMessageError(f"{name} must be a whole number from {low} to {high}")
    return value


def _app_id(document: Mapping[str, Any]) -> str:
    value = document.get("app_id")
    if not isinstance(value, str) or not _APP_ID.fullmatch(value):
        raise ScreenMessageError("app_id must be the id of a program")
    return value


def _touches(document: Mapping[str, Any], name: str, default: list[Value]) -> list[Value]:
    touches = document.get(name, default)
    if not isinstance(touches, list) or len(touches) > MAX_TOUCHES or not all(isinstance(t, dict) for t in touches):
        raise ScreenMessageError(f"{name} must be a list of at most {MAX_TOUCHES} objects")
    return touches


def _node(document: Mapping[str, Any]) -> NodeEvent:
    event = document.get("event")
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        raise ScreenMessageError("event must be the name of an event, such as tap")
    touches = _touches(document, "touches", [])
    time_stamp = document.get("time_stamp", 0)
    if not finite(time_stamp):
        raise ScreenMessageError("time_stamp must be a number of milliseconds")
    return NodeEvent(
        app_id=_app_id(document),
        page=_whole(document, "page", 0, 2**31),
        node=_whole(document, "node", 0, 2**53),
        event=event,
        detail=document.get("detail", {}),
        touches=touches,
        time_stamp=float(time_stamp),
        changed_touches=_touches(document, "changed_touches", touches),
    )


def _open(document: Mapping[str, Any]) -> Open:
    open_type = document.get("open_type", "navigateTo")
    if open_type not in get_args(OpenType):
        raise ScreenMessageError(f"open_type must be one of {', '.join(get_args(OpenType))}")
    return Open(_app_id(document), _string(document, "path", MAX_PATH), open_type)


def _microphone(document: Mapping[str, Any]) -> Microphone:
    state = document.get("state")
    if state not in ("on", "off", "refused"):
        raise ScreenMessageError("state must be on, off or refused")
    return Microphone(state)


def _remote_screen(document: Mapping[str, Any]) -> RemoteScreen:
    setting = document.get("setting")
    if setting not in ("ask", "never"):
        raise ScreenMessageError("setting must be ask or never")
    return RemoteScreen(setting)


def _utterance(document: Mapping[str, Any]) -> Utterance:
    text = _string(document, "text", MAX_UTTERANCE).strip()
    if not text:
        raise ScreenMessageError("text must hold what was asked, not only blanks")
    return Utterance(text)


def _ui_result(document: Mapping[str, Any]) -> UiResult:
    dialog = document.get("id")
    if not isinstance(dialog, str) or not _DIALOG_ID.fullmatch(dialog):
        raise ScreenMessageError("id must be the id of an open dialogue")
    return UiResult(dialog, document.get("result"))


def _query_result(document: Mapping[str, Any]) -> QueryResult:
    query = document.get("id")
    if not isinstance(query, str) or not _DIALOG_ID.fullmatch(query):
        raise ScreenMessageError("id must be the id of a query")
    results = document.get("results")
    if results is not None and (not isinstance(results, list) or len(results) > MAX_REQUESTS):
        raise ScreenMessageError(f"results must be null or a list of at most {MAX_REQUESTS} answers")
    return QueryResult(query, None if results is None else [check_result(result) for result in results])


def _intersection(document: Mapping[str, Any]) -> Intersection:
    ratio, time = document.get("intersection_ratio"), document.get("time", 0)
    if not finite(ratio) or not 0 <= ratio <= 1:
        raise ScreenMessageError("intersection_ratio must be a number from 0 to 1")
    if not finite(time):
        raise ScreenMessageError("time must be a number of milliseconds")
    return Intersection(
        app_id=_app_id(document),
        page=_whole(document, "page", 0, 2**31),
        observer=_whole(document, "observer", 0, 2**53),
        node=_whole(document, "node", 0, 2**53),
        ratio=float(ratio),
        intersection_rect=check_box(document.get("intersection_rect")),
        bounding_rect=check_box(document.get("bounding_rect")),
        relative_rect=check_box(document.get("relative_rect")),
        time=float(time),
    )


def _viewport(document: Mapping[str, Any]) -> Viewport:
    ratio = document.get("pixel_ratio", 1)
    if not finite(ratio) or not 0.1 <= ratio <= 16:
        raise ScreenMessageError("pixel_ratio must be a number from 0.1 to 16")
    return Viewport(
        app_id=_app_id(document) if document.get("app_id") else "",
        width=_whole(document, "width", 0, MAX_PIXELS),
        height=_whole(document, "height", 0, MAX_PIXELS),
        screen_width=_whole(document, "screen_width", 0, MAX_PIXELS),
        screen_height=_whole(document, "screen_height", 0, MAX_PIXELS),
        pixel_ratio=float(ratio),
        theme="dark" if document.get("theme") == "dark" else "light",
    )


def _decide(document: Mapping[str, Any]) -> Decide:
    granted = document.get("granted")
    if not isinstance(granted, bool):
        raise ScreenMessageError("granted must be true or false")
    return Decide(_app_id(document), _string(document, "item", MAX_PATH), granted)


def _profile(document: Mapping[str, Any]) -> SwitchProfile:
    for profile in PROFILES:
        if document.get("profile") == profile:
            return SwitchProfile(profile)
    raise ScreenMessageError(f"profile must be one of {', '.join(PROFILES)}")


_READERS: dict[str, Callable[[Mapping[str, Any]], ClientMessage]] = {
    "node": _node,
    "launch": lambda document: Launch(_app_id(document), _string(document, "path", MAX_PATH, "")),
    "home": lambda _: Home(),
    "back": lambda document: Back(_app_id(document), _whole(document, "delta", 1, 100, 1)),
    "open": _open,
    "utterance": _utterance,
    "listen": lambda _: Listen(),
    "microphone": _microphone,
    "ui_result": _ui_result,
    "query_result": _query_result,
    "intersection": _intersection,
    "viewport": _viewport,
    "stop_viewing": lambda _: StopViewing(),
    "privacy": lambda document: ShowPrivacy(document.get("open") is not False),
    "decide": _decide,
    "profile": _profile,
    "erase": lambda document: Erase("" if document.get("app_id") == "" else _app_id(document)),
    "remote_screen": _remote_screen,
}


def parse_client_message(text: str) -> ClientMessage:
    """Check one message from a screen.

    Raises:
        ScreenMessageError: not JSON, of unknown type, or a member is of the wrong type or size. The sentence is
            meant to be sent back to the screen.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        deep = _depth(document) > MAX_DEPTH
    except (ValueError, RecursionError) as error:
        raise ScreenMessageError("a message must be JSON") from error
    if deep:
        raise ScreenMessageError(f"a message may nest {MAX_DEPTH} levels deep and no deeper")
    if fault := fault_of(document, MAX_DEPTH):
        raise ScreenMessageError(f"a message cannot be passed on with {fault}")
    if not isinstance(document, dict):
        raise ScreenMessageError("a message must be one JSON object")
    kind = document.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise ScreenMessageError(f"type must be one of {', '.join(_READERS)}")
    try:
        return reader(document)
    except (ScreenMessageError, LayoutError) as error:
        raise ScreenMessageError(f"{kind}: {error}") from error
