"""What a program may put over its page."""

from collections.abc import Mapping

import pytest

from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.ui import ui_capabilities
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller


class Screen:
    """A screen whose user gives one answer."""

    def __init__(self, answer: Value = None) -> None:
        self.answer = answer
        self.shown: list[tuple[str, str, Mapping[str, Value]]] = []

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:
        self.shown.append((app_id, name, arguments))
        return self.answer


async def test_a_toast_reaches_the_screen_complete(make_caller: MakeCaller) -> None:
    screen = Screen()
    gate = CapabilityGate(ui_capabilities(screen))
    assert await gate.invoke(make_caller(), "showToast", {"title": "Saved", "unknown": "x"}) is None
    expected = {"title": "Saved", "icon": "success", "image": "", "duration": 1500.0, "mask": False}
    assert screen.shown == [("demo", "showToast", expected)]


@pytest.mark.parametrize(
    ("arguments", "answer", "result"),
    [
        ({"title": "Sure?"}, {"confirm": True}, {"confirm": True, "cancel": False}),
        ({"title": "Sure?"}, {"confirm": False}, {"confirm": False, "cancel": True}),
        ({"title": "Sure?"}, None, {"confirm": False, "cancel": True}),
        ({"title": "Sure?"}, {"confirm": "yes"}, {"confirm": False, "cancel": True}),
        ({"editable": True}, {"confirm": True, "content": "Bo"}, {"confirm": True, "cancel": False, "content": "Bo"}),
        ({"editable": True}, {"confirm": True, "content": 4}, {"confirm": True, "cancel": False, "content": ""}),
    ],
)
async def test_a_modal_answers_confirm_or_cancel(
    make_caller: MakeCaller, arguments: dict[str, Value], answer: Value, result: Value
) -> None:
    gate = CapabilityGate(ui_capabilities(Screen(answer)))
    assert await gate.invoke(make_caller(), "showModal", arguments) == result


async def test_an_action_sheet_answers_the_item(make_caller: MakeCaller) -> None:
    gate = CapabilityGate(ui_capabilities(Screen({"tapIndex": 1})))
    assert await gate.invoke(make_caller(), "showActionSheet", {"itemList": ["a", "b"]}) == {"tapIndex": 1}


@pytest.mark.parametrize("answer", [None, {"tapIndex": 2}, {"tapIndex": -1}, {"tapIndex": True}, "b"])
async def test_an_action_sheet_without_a_choice_fails_with_cancel(make_caller: MakeCaller, answer: Value) -> None:
    gate = CapabilityGate(ui_capabilities(Screen(answer)))
    with pytest.raises(CapabilityError, match=r"^cancel$"):
        await gate.invoke(make_caller(), "showActionSheet", {"itemList": ["a", "b"]})


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("showToast", {}, "title must be a string"),
        ("showToast", {"title": ["x"]}, "title must be a string"),
        ("showToast", {"title": "x" * 201}, "at most 200"),
        ("showToast", {"title": "x", "icon": "skull"}, "icon must be one of"),
        ("showToast", {"title": "x", "icon": []}, "icon must be one of"),
        ("showToast", {"title": "x", "duration": float("inf")}, "duration must be a number"),
        ("showToast", {"title": "x", "duration": True}, "duration must be a number"),
        ("showToast", {"title": "x", "duration": -1}, "duration must be from"),
        ("showLoading", {"mask": 1}, "mask must be true or false"),
        ("showModal", {}, "title or content must be given"),
        ("showModal", {"title": "x", "confirmColor": "red;background:url(//evil)"}, "characters"),
        ("showModal", {"title": "x", "confirmColor": "url(//x)"}, "colour"),
        ("showActionSheet", {"itemList": []}, "1 to 6"),
        ("showActionSheet", {"itemList": ["x"] * 7}, "1 to 6"),
        ("showActionSheet", {"itemList": ["x", 3]}, r"itemList\[1\] must be a string"),
    ],
)
async def test_bad_arguments_never_reach_the_screen(
    make_caller: MakeCaller, name: str, arguments: dict[str, Value], message: str
) -> None:
    screen = Screen()
    gate = CapabilityGate(ui_capabilities(screen))
    with pytest.raises(CapabilityError, match=f"parameter error: .*{message}"):
        await gate.invoke(make_caller(), name, arguments)
    assert screen.shown == []
