"""``showToast`` and its kin: what a program may put over its page and on its tabs. The screen draws it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from device_runtime.capability.arguments import choice, colour, flag, number, refuse, text, texts
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

MAX_TABS = 5
MAX_ADDRESS = 8192


class UserInterface(Protocol):
    """The screen, as these capabilities see it."""

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:
        """Show or hide one thing; the arguments are complete and checked. An empty colour is the screen's to choose.

        ``showModal`` answers ``{"confirm": bool}`` (and ``"content": str`` where it was editable),
        ``showActionSheet`` ``{"tapIndex": int}``, either of them ``None`` when dismissed; the others ``None``.
        """
        ...


def _toast(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "title": text(arguments, "title", 200),
        "icon": choice(arguments, "icon", ("success", "error", "loading", "none"), "success"),
        "image": text(arguments, "image", 4096, ""),
        "duration": number(arguments, "duration", 0, 60_000, 1500),
        "mask": flag(arguments, "mask", False),
    }


def _loading(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {"title": text(arguments, "title", 200, ""), "mask": flag(arguments, "mask", False)}


def _nothing(arguments: Mapping[str, Value]) -> dict[str, Value]:  # noqa: ARG001 hiding takes nothing
    return {}


def _modal(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "title": text(arguments, "title", 200, ""),
        "content": text(arguments, "content", 4000, ""),
        "showCancel": flag(arguments, "showCancel", True),
        "cancelText": text(arguments, "cancelText", 20, "Cancel"),
        "cancelColor": colour(arguments, "cancelColor", ""),
        "confirmText": text(arguments, "confirmText", 20, "OK"),
        "confirmColor": colour(arguments, "confirmColor", ""),
        "editable": flag(arguments, "editable", False),
        "placeholderText": text(arguments, "placeholderText", 200, ""),
    }


def _action_sheet(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "alertText": text(arguments, "alertText", 200, ""),
        "itemList": list(texts(arguments, "itemList", 6, 200)),
        "itemColor": colour(arguments, "itemColor", ""),
    }


def _badge(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {**_tab(arguments), "text": text(arguments, "text", 20)}


def _tab(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {"index": int(number(arguments, "index", 0, MAX_TABS - 1, 0))}


def _item(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {
        **_tab(arguments),
        "text": text(arguments, "text", 20, ""),
        "iconPath": text(arguments, "iconPath", 1024, ""),
        "selectedIconPath": text(arguments, "selectedIconPath", 1024, ""),
    }


def _style(arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "color": colour(arguments, "color", ""),
        "selectedColor": colour(arguments, "selectedColor", ""),
        "backgroundColor": colour(arguments, "backgroundColor", ""),
        "borderStyle": choice(arguments, "borderStyle", ("", "black", "white"), ""),
    }


def _preview(arguments: Mapping[str, Value]) -> dict[str, Value]:
    urls = texts(arguments, "urls", 100, MAX_ADDRESS)
    return {"urls": list(urls), "current": int(number(arguments, "current", 0, len(urls) - 1, 0))}


def _modal_result(shown: Mapping[str, Value], result: Value) -> Value:
    answer = result if isinstance(result, dict) else {}
    confirm = answer.get("confirm") is True
    outcome: dict[str, Value] = {"confirm": confirm, "cancel": not confirm}
    if shown["editable"] and confirm:
        content = answer.get("content")
        outcome["content"] = content[:4000] if isinstance(content, str) else ""
    return outcome


def _action_sheet_result(shown: Mapping[str, Value], result: Value) -> Value:
    index = result.get("tapIndex") if isinstance(result, dict) else None
    items = shown["itemList"]
    if isinstance(items, list) and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(items):
        return {"tapIndex": index}
    raise CapabilityError("cancel")


def _no_result(shown: Mapping[str, Value], result: Value) -> Value:  # noqa: ARG001 showing and hiding answer nothing
    return None


_Check = Callable[[Mapping[str, Value]], dict[str, Value]]
_Outcome = Callable[[Mapping[str, Value], Value], Value]

_CALLS: dict[str, tuple[_Check, _Outcome]] = {
    "showToast": (_toast, _no_result),
    "hideToast": (_nothing, _no_result),
    "showLoading": (_loading, _no_result),
    "hideLoading": (_nothing, _no_result),
    "showModal": (_modal, _modal_result),
    "showActionSheet": (_action_sheet, _action_sheet_result),
    "setTabBarBadge": (_badge, _no_result),
    "removeTabBarBadge": (_tab, _no_result),
    "showTabBarRedDot": (_tab, _no_result),
    "hideTabBarRedDot": (_tab, _no_result),
    "hideKeyboard": (_nothing, _no_result),
    "previewImage": (_preview, _no_result),
    "setTabBarItem": (_item, _no_result),
    "setTabBarStyle": (_style, _no_result),
}


def ui_capabilities(screen: UserInterface) -> list[Capability]:
    """One capability for each of WeChat's calls of these names; the result is what ``success`` receives."""
    return [_capability(screen, name, check, outcome) for name, (check, outcome) in _CALLS.items()]


def _capability(screen: UserInterface, name: str, check: _Check, outcome: _Outcome) -> Capability:
    async def show(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        checked = check(arguments)
        if name == "showModal" and not (checked["title"] or checked["content"] or checked["editable"]):
            raise refuse("title or content must be given")
        return outcome(checked, await screen.ui(caller.app_id, name, checked))

    return Capability(name, show)
