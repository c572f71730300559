"""Bodies of the fleet's API: any bytes are a request as it is described, or a refusal; what is taken fits databases."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.reading import body_of, check_texts
from firmware_tools.fleet.requests import Enrolment, ProgramChoice
from firmware_tools.fleet.rollouts.options import parse_plan
from firmware_tools.fleet.rollouts.requests import NewGroup, NewRollout
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, mutated, written
from tests.fuzz.refusals import check_refusal

_ROLLOUT: dict[str, Any] = {
    "kind": "program",
    "subject": "org.example.weather",
    "version": 3,
    "name": "Weather 3",
    "by": "ada",
    "stages": [5, "10%", {"size": "100%", "approval": True, "soak": "1h", "success": "99%", "errors": 1}],
    "on_error": "roll-back",
    "away_time": 3600,
    "late": "always",
    "per_minute": 100,
    "window": {"spans": ["22:00-06:00"], "zone": "UTC"},
    "query": "tag = kitchen",
    "exclude": ["hall"],
}
_GROUP: dict[str, Any] = {"name": "kitchens", "devices": ["kitchen"], "description": "with a stove"}
_DEVICE: dict[str, Any] = {"device": "kitchen", "name": "Kitchen", "mac": False}
_DOCUMENTS = [_ROLLOUT, _GROUP, _DEVICE, {"version_code": 7, "launch": True}]
_KINDS = (NewRollout, NewGroup, Enrolment, ProgramChoice)
SEEDS = [b"\0" + written(document) for document in _DOCUMENTS]


def feed(data: bytes) -> None:
    choices = Choices(data)
    check(choices.rest() if choices.below(2) == 0 else written(mutated(_DOCUMENTS, choices)))


def check(text: bytes) -> None:
    for kind in _KINDS:
        try:
            taken = body_of(text, kind)
        except FleetError as error:
            check_refusal(error)
            continue
        plain = msgspec.to_builtins(taken)
        check_texts(plain, "what was taken")
        assert body_of(json.dumps(plain).encode(), kind) == taken
        if isinstance(taken, NewRollout):
            try:
                parse_plan(taken.plan())
            except FleetError as error:
                check_refusal(error)


CASES: Mapping[str, Callable[[], bytes]] = {
    "lists that go on and on": lambda: b"[" * 100_000,
    "a member twice": lambda: b'{"device": "a", "device": "b"}',
    "many members twice": lambda: b"{" + b",".join(b'"a%d": 1' % (n // 2) for n in range(20_000)) + b"}",
    "half a character": lambda: json.dumps({"device": LONE_SURROGATE}).encode(),
    "NUL": lambda: b'{"device": "\\u0000"}',
    "a number of 100,000 digits": lambda: b'{"version_code": ' + b"9" * 100_000 + b"}",
    "an exponent of 100,000 digits": lambda: b'{"version_code": 1e' + b"9" * 100_000 + b"}",
    "minus nothing": lambda: b'{"version_code": -0.0}',
    "a zone that leads elsewhere": lambda: written({**_ROLLOUT, "window": {"spans": ["00:00-24:00"], "zone": "../.."}}),
}
