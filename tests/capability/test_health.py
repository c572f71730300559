"""``health.report``: a program says how it is."""

import pytest

from device_runtime.capability.health import health_capability
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({}, ""),
        ({"ok": True, "reason": "all is well"}, ""),
        ({"ok": False, "reason": "no tuner"}, "no tuner"),
        ({"ok": False}, "it gave no reason"),
    ],
)
async def test_what_a_program_says_of_itself_is_heard(
    make_caller: MakeCaller, arguments: dict[str, Value], wrong: str
) -> None:
    heard: list[tuple[str, str]] = []
    gate = CapabilityGate([health_capability(lambda app_id, said: heard.append((app_id, said)), OpenPrivacy())])
    who = make_caller()
    assert await gate.invoke(who, "health.report", arguments) is None
    assert heard == [(who.app_id, wrong)]


@pytest.mark.parametrize("arguments", [{"ok": "yes"}, {"ok": False, "reason": 5}, {"ok": False, "reason": "x" * 201}])
async def test_what_is_no_such_saying_is_refused(make_caller: MakeCaller, arguments: dict[str, Value]) -> None:
    gate = CapabilityGate([health_capability(lambda *_: pytest.fail("nobody is told"), OpenPrivacy())])
    with pytest.raises(CapabilityError):
        await gate.invoke(make_caller(), "health.report", arguments)
