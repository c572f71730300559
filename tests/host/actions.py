"""What an owner does to a component on a screen."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from tests.host.conftest import Screen
from tests.host.screen_device import Ids

Build: TypeAlias = Callable[[Ids], list[Any]]
Act: TypeAlias = Callable[[Screen], Awaitable[None]]


def click(selector: str) -> Act:
    async def act(screen: Screen) -> None:
        await screen.find(selector).click()

    return act


def press(selector: str, *keys: str) -> Act:
    async def act(screen: Screen) -> None:
        await screen.find(selector).focus()
        for key in keys:
            await screen.page.keyboard.press(key)

    return act


def drag(selector: str, dx: int, dy: int) -> Act:
    async def act(screen: Screen) -> None:
        box = await screen.find(selector).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await screen.page.mouse.move(x, y)
        await screen.page.mouse.down()
        await screen.page.mouse.move(x + dx / 2, y + dy / 2)
        await screen.page.mouse.move(x + dx, y + dy)
        await screen.page.mouse.up()

    return act


def scroll(selector: str, x: int, y: int) -> Act:
    async def act(screen: Screen) -> None:
        await screen.find(selector).evaluate("(element, [x, y]) => element.scrollTo(x, y)", [x, y])

    return act


async def nothing(_: Screen) -> None:
    return None
