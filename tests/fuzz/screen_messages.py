"""What a browser sends: any text is a message that a worker can be told, or a refusal."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from device_runtime.engine.frames import Event, FrameError, encode_frame
from device_runtime.host.screen.connection import encode
from device_runtime.host.screen.messages import ScreenMessageError, parse_client_message
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, mutated, written
from tests.fuzz.refusals import check_refusal

_BOX = {"left": 0, "top": 0, "right": 1.5, "bottom": 1, "width": 1, "height": 1}
_TOUCH = {"identifier": 0, "pageX": 1, "pageY": 2}
MESSAGES: list[dict[str, Any]] = [
    {"type": "node", "app_id": "a", "page": 1, "node": 2, "event": "tap", "detail": {"x": 1}, "touches": [_TOUCH],
     "changed_touches": [_TOUCH], "time_stamp": 12.5},
    {"type": "launch", "app_id": "a", "path": "a?b=1"},
    {"type": "home"}, {"type": "listen"}, {"type": "microphone", "state": "on"},
    {"type": "back", "app_id": "a", "delta": 1},
    {"type": "open", "app_id": "a", "path": "a", "open_type": "switchTab"},
    {"type": "utterance", "text": "turn on the light"},
    {"type": "ui_result", "id": "d1", "result": {"confirm": True}},
    {"type": "query_result", "id": "q1", "results": [{"rect": _BOX, "size": {"width": 1, "height": 1},
     "properties": {"a": 1}, "computedStyle": {"color": "red"}}, None]},
    {"type": "intersection", "app_id": "a", "page": 1, "observer": 1, "node": 2, "intersection_ratio": 0.5,
     "intersection_rect": _BOX, "bounding_rect": _BOX, "relative_rect": _BOX, "time": 1},
    {"type": "viewport", "app_id": "", "width": 1, "height": 1, "screen_width": 1, "screen_height": 1,
     "pixel_ratio": 1.5,
     "theme": "dark"},
]  # fmt: skip
SEEDS = [b"\0" + written(message) for message in MESSAGES]


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest().decode(errors="replace"))
    else:
        check(written(mutated(MESSAGES, choices)).decode())


def check(text: str) -> None:
    try:
        message = parse_client_message(text)
    except ScreenMessageError as error:
        check_refusal(error)
        return
    told = asdict(message)
    # Other screens and the log are told of it, and so is a worker.
    encode(told).encode()
    try:
        encode_frame(Event("node", told))
    except FrameError as error:
        raise AssertionError(f"a message that no worker can be told: {error}") from error


def _with(number: int, **members: Any) -> Callable[[], str]:
    return lambda: json.dumps({**MESSAGES[number], **members})


CASES: Mapping[str, Callable[[], str]] = {
    "a moment of 400 digits": _with(0, time_stamp=10**400),
    "a ratio of 400 digits": _with(9, intersection_ratio=10**400),
    "a time of 400 digits": _with(9, time=-(10**400)),
    "an edge of a box of 400 digits": _with(9, bounding_rect={**_BOX, "left": 10**400}),
    "a fineness of 400 digits": _with(10, pixel_ratio=10**400),
    "a size of 400 digits in an answer": _with(8, results=[{"size": {"width": 10**400, "height": 1}}]),
    "a detail of 400 digits": _with(0, detail={"a": 10**400}),
    "a detail beyond 64 bits": _with(0, detail=[2**64]),
    "a detail that is infinite": lambda: json.dumps({**MESSAGES[0], "detail": {}}).replace("{}", "1e400"),
    "half a character in a detail": _with(0, detail={"value": LONE_SURROGATE}),
    "half a character in the name of a member": _with(0, detail={LONE_SURROGATE: 1}),
    "half a character in a touch": _with(0, touches=[{"a": LONE_SURROGATE}]),
    "half a character in an utterance": _with(6, text=LONE_SURROGATE),
    "half a character in a path": _with(1, path=LONE_SURROGATE),
    "half a character in an answer": _with(7, result={"content": LONE_SURROGATE}),
    "half a character in a style": _with(8, results=[{"computedStyle": {"color": LONE_SURROGATE}}]),
    "a number of 5000 digits": lambda: '{"type": ' + "1" * 5000 + "}",
    "lists 100,000 deep": lambda: "[" * 100_000,
    "lists 700 deep": lambda: "[" * 700 + "]" * 700,
}
