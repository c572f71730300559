"""``privacy.count``: what a program may count, and what becomes of it."""

from collections.abc import Mapping

import pytest

from device_runtime.capability.counting import count_capability
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.errors import CygnetError
from device_runtime.program.data_plan import DataPlan
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller


class Counting:
    """Answers as a test says; ``asked`` are the calls."""

    def __init__(self, answer: Mapping[str, Value] | CygnetError | None) -> None:
        self.answer, self.asked = answer, list[tuple[str, object]]()

    async def count(self, app: str, plan: DataPlan, name: str, value: object) -> Mapping[str, Value] | None:  # noqa: ARG002
        self.asked.append((name, value))
        if isinstance(self.answer, CygnetError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("value", ["Bern", 3, 0.5, True])
async def test_what_is_recorded_is_the_answer_and_not_the_value(make_caller: MakeCaller, value: Value) -> None:
    told: list[tuple[object, ...]] = []
    counting = Counting({"answer": "4/1/Thun"})
    gate = CapabilityGate([count_capability(lambda *record: told.append(record), counting)])
    who = make_caller()
    assert await gate.invoke(who, "privacy.count", {"name": "city", "value": value}) is None
    assert counting.asked == [("city", value)]
    assert told == [(who.app_id, "city", {"answer": "4/1/Thun"}, "event")]


async def test_nothing_is_recorded_where_today_has_its_answer(make_caller: MakeCaller) -> None:
    gate = CapabilityGate([count_capability(lambda *_: pytest.fail("nothing is told"), Counting(None))])
    assert await gate.invoke(make_caller(), "privacy.count", {"name": "city", "value": "Bern"}) is None


async def test_a_refusal_reaches_the_program_as_its_sentence(make_caller: MakeCaller) -> None:
    refused = Counting(CygnetError("privacy: the person at the device said no"))
    gate = CapabilityGate([count_capability(lambda *_: pytest.fail("nothing is told"), refused)])
    with pytest.raises(CapabilityError, match="said no"):
        await gate.invoke(make_caller(), "privacy.count", {"name": "city", "value": "Bern"})


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"name": "city"},
        {"name": "city", "value": None},
        {"name": "city", "value": ["Bern"]},
        {"name": "city", "value": {}},
        {"name": "city", "value": "x" * 1025},
        {"name": "x" * 65, "value": True},
        {"name": 5, "value": True},
    ],
)
async def test_what_is_no_value_is_refused(make_caller: MakeCaller, arguments: dict[str, Value]) -> None:
    counting = Counting(None)
    gate = CapabilityGate([count_capability(lambda *_: None, counting)])
    with pytest.raises(CapabilityError, match="parameter error"):
        await gate.invoke(make_caller(), "privacy.count", arguments)
    assert counting.asked == []
