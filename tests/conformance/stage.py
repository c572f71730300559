"""A real device with one program, a browser that shows it, and the hands of a person."""

import asyncio
import contextlib
import itertools
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, CDPSession, ConsoleMessage, Page, ViewportSize

from device_runtime.errors import CygnetError
from device_runtime.host.board import load_board
from device_runtime.host.desk import Desk
from device_runtime.host.device import Device
from device_runtime.keys import key_ring
from device_runtime.program.session import ProgramSession
from device_runtime.view.mirror import MirrorNode, MirrorTree
from firmware_tools.build.program import build_program
from firmware_tools.demo.screen import DemoScreen
from firmware_tools.testing.selectors import select
from tests.conformance.trees import bare_classes

_T = TypeVar("_T")
SIZE: ViewportSize = {"width": 375, "height": 667}
DEADLINE_SECONDS = 4.0

_BOARD = """
name = "phone"
description = "A screen of a phone's size"

[screen]
width = 375
height = 667
port = 0
"""

# Where a node is drawn when it has come to rest: the middle of what can be seen of it.
_PLACE_OF = """
async ([page, id]) => {
  const { COMPONENT } = await import("/web/components/component.js");
  const root = document.querySelector(`.page-frame[data-page="${page}"] .page-host`).shadowRoot;
  const find = (node) => {
    if (node[COMPONENT]?.id === id) return node;
    for (const child of node.children ?? []) {
      const found = find(child);
      if (found) return found;
    }
    return null;
  };
  const element = [...root.children].map(find).find(Boolean);
  if (!element) return null;
  const shown = (node) => {
    const box = node.getBoundingClientRect();
    if (box.width && box.height) return node;
    return [...node.children].map(shown).find(Boolean) ?? null;
  };
  const drawn = shown(element);
  if (!drawn) return null;
  const middle = () => {
    const { left, top, right, bottom } = drawn.getBoundingClientRect();
    const [x, y] = [Math.max(left, 0) + Math.min(right, innerWidth), Math.max(top, 0) + Math.min(bottom, innerHeight)];
    return [x / 2, y / 2];
  };
  const outside = () => {
    const { left, top, right, bottom } = drawn.getBoundingClientRect();
    return right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight;
  };
  const within = (node) => {
    for (let at = node; at; at = at.parentNode ?? at.host) if (at === drawn) return true;
    return false;
  };
  const hit = () => {
    let found = document.elementFromPoint(...middle());
    for (;;) {
      const inner = found?.shadowRoot?.elementFromPoint(...middle());
      if (!inner || inner === found) break;
      found = inner;
    }
    return found && within(found);
  };
  let place = middle();
  for (let still = 0, frame = 0; still < 3 && frame < 120; frame += 1) {
    if (outside()) drawn.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    await new Promise((done) => requestAnimationFrame(done));
    const now = middle();
    still = now[0] === place[0] && now[1] === place[1] && !outside() && (frame > 60 || hit()) ? still + 1 : 0;
    place = now;
  }
  return place;
}
"""


class StageError(CygnetError):
    """Something did not happen that should have; the message says what."""


class _Lines(logging.Handler):
    """Keeps what the device logs of its programs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()))


class Stage:
    """One program on a device, in front of a browser."""

    def __init__(
        self, desk: Desk, app_id: str, screen: DemoScreen, page: Page, url: str, hosts: frozenset[str]
    ) -> None:
        self.hosts = hosts
        """The tags that stand for components of the program."""
        self._desk = desk
        self._app_id = app_id
        self._screen = screen
        self._url = url
        self._lines = _Lines()
        self._syncs = itertools.count(1)
        self._fingers: CDPSession | None = None
        self.page = page
        self.page_id = 0
        self.deadline_seconds = DEADLINE_SECONDS
        """How long to wait for anything that should happen."""
        page.on("pageerror", lambda error: self._lines.lines.append((logging.ERROR, f"the screen: {error}")))
        page.on("console", self._browser_says)

    def _browser_says(self, message: ConsoleMessage) -> None:
        # A picture that is not there is a case of its own.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._lines.lines.append((logging.ERROR, f"the screen: {message.text}"))

    async def until(self, condition: Callable[[], _T | None], what: str) -> _T:
        """Wait for something true.

        Raises:
            StageError: it does not come.
        """
        try:
            async with asyncio.timeout(self.deadline_seconds):
                while not (value := condition()):  # noqa: ASYNC110 what is looked at sets no event
                    await asyncio.sleep(0.005)
        except TimeoutError as error:
            raise StageError(f"{what} within {self.deadline_seconds:g} s") from error
        return value

    @property
    def _session(self) -> ProgramSession:
        session = self._desk.running(self._app_id)
        if session is None:
            raise StageError("the program has ended")
        return session

    # -- what is there -----------------------------------------------------------------------------------------

    @property
    def tree(self) -> MirrorTree:
        """The page in front, as a screen has it.

        Raises:
            StageError: there is none.
        """
        tree = self._screen.page(self._app_id)
        if tree is None:
            raise StageError("the page is not there")
        return tree

    def find(self, selector: str) -> MirrorNode:
        """The node that a selector means, classes without the prefix of their component; ``:2`` is the second.

        Raises:
            StageError: there is none.
        """
        plain, _, number = selector.partition(":")
        found = select(_copy_without_prefixes(self.tree.root), plain)
        at = int(number or 1) - 1
        if len(found) <= at:
            raise StageError(f"{len(found)} nodes are {plain!r}")
        return found[at]

    async def appears(self, selector: str) -> MirrorNode:
        """As :meth:`find`, but waits for it.

        Raises:
            StageError: it does not come.
        """
        with contextlib.suppress(StageError):
            await self.until(lambda: self._is_there(selector), "")
        return self.find(selector)

    def _is_there(self, selector: str) -> bool:
        try:
            self.find(selector)
        except StageError:
            return False
        return True

    def logged(self, level: int) -> list[str]:
        """What the program logged since the last :meth:`open`, at this level or above."""
        return [text for found, text in self._lines.lines if found >= level]

    def heard(self, event: str) -> bool:
        """Whether the page has heard an event."""
        return any(re.search(rf"\bheard {re.escape(event)} ", text) for text in self.logged(logging.INFO))

    # -- what happens ------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Until the program's first page is there.

        Raises:
            StageError: it does not come.
        """
        logging.getLogger("device_runtime.host.desk").addHandler(self._lines)
        await self._launch()

    async def _launch(self) -> None:
        await self._desk.launch(self._app_id)
        await self.until(lambda: self._screen.page(self._app_id), "no first page")
        self.page_id = self._screen.stacks[self._app_id][-1]

    def end(self) -> None:
        """Listen no more."""
        logging.getLogger("device_runtime.host.desk").removeHandler(self._lines)

    async def open(self, route: str) -> None:
        """Show one page, and nothing else.

        Raises:
            StageError: it does not come.
        """
        self._lines.lines.clear()
        if self._desk.front != self._app_id:  # it has ended, or a finger has left it
            await self._launch()
        before = self.page_id
        self._session.open(f"/{route}", "reLaunch")

        def arrived() -> bool:
            stack = self._screen.stacks.get(self._app_id) or [0]
            return stack[-1] != before and self._screen.page(self._app_id) is not None

        await self.until(arrived, f"no page {route}")
        self.page_id = self._screen.stacks[self._app_id][-1]
        await self.settle()
        front = self.page.locator(f".program.shown .page-frame.front[data-page='{self.page_id}']")
        await front.wait_for(timeout=self.deadline_seconds * 1000)
        await self.page.locator(".program.shown .splash.gone").wait_for(state="hidden", timeout=5000)
        await self.frames()

    async def settle(self) -> None:
        """Until the page has done all that was asked of it so far.

        Raises:
            StageError: it does not answer.
        """
        number = next(self._syncs)
        driver = self.tree.find(id="driver").id
        self._session.node_event(self.page_id, driver, "sync", number, [], 0.0)
        await self.until(
            lambda: any(f": ~{number} " in f"{text} " for text in self.logged(logging.INFO)), "the page does not answer"
        )

    async def frames(self, count: int = 2) -> None:
        """Let the browser draw."""
        for _ in range(count):
            await self.page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")

    async def snapshot(self) -> MirrorTree:
        """What a screen shows that connects now."""
        async with DemoScreen(self._url) as late:
            return await self.until(lambda: late.page(self._app_id), "no snapshot comes")

    async def act(self, what: str) -> None:
        """One act of a person (or of the page's own data):

        ``tap <selector>``, ``hold <selector>``, ``type <selector> | <text>``, ``drag <selector> | <dx> <dy>``,
        ``scroll <pixels>`` of the page, ``scroll <selector> | <pixels>``, ``press <name>`` of a button in a dialogue of
        the device, ``set <JSON object>``.

        Raises:
            StageError: it is none, or there is nothing to do it to.
        """
        verb, _, rest = what.partition(" ")
        target, _, argument = (part.strip() for part in rest.partition("|"))
        match verb:
            case "set":
                driver = self.tree.find(id="driver").id
                self._session.node_event(self.page_id, driver, "set", json.loads(rest), [], 0.0)
            case "tap":
                await self.page.touchscreen.tap(*await self._place(await self._to_tap(target)))
            case "hold":
                await self._press_long(*await self._place(await self.appears(target)))
            case "type":
                x, y = await self._place(await self.appears(target))
                await self.page.touchscreen.tap(x, y)
                await self.page.mouse.click(x, y)
                await self.page.keyboard.type(argument)
            case "drag":
                dx, dy = (float(number) for number in argument.split())
                await self._drag(*await self._place(await self.appears(target)), dx, dy)
            case "scroll":
                await self._scroll(target, argument)
            case "press":
                await self.page.get_by_role("button", name=rest, exact=True).click(timeout=self.deadline_seconds * 1000)
            case _:
                raise StageError(f"{what!r} is nothing that a person does")
        await self.settle()

    async def _to_tap(self, selector: str) -> MirrorNode:
        if selector != "first":
            return await self.appears(selector)
        for node in self.tree.root.walk():
            if "tap" in node.events:
                return node
        raise StageError("no node of the page hears a tap")

    async def _place(self, node: MirrorNode) -> tuple[float, float]:
        place = await self.page.evaluate(_PLACE_OF, [self.page_id, node.id])
        if place is None:
            raise StageError(f"<{node.tag} class={str(node.attributes.get('class', ''))!r}> is not drawn")
        x, y = place
        return x, y

    async def _touch(self, kind: str, *points: tuple[float, float]) -> None:
        if self._fingers is None:
            self._fingers = await self.page.context.new_cdp_session(self.page)
        touches = [{"x": x, "y": y} for x, y in points]
        await self._fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    async def _press_long(self, x: float, y: float) -> None:
        await self._touch("touchStart", (x, y))
        await self.page.wait_for_timeout(450)  # how long a finger rests is what this is about
        await self._touch("touchEnd")

    async def _drag(self, x: float, y: float, dx: float, dy: float) -> None:
        await self._touch("touchStart", (x, y))
        for part in (0.2, 0.4, 0.6, 0.8, 1.0):
            await self._touch("touchMove", (x + dx * part, y + dy * part))
            await self.frames(1)
            await self.settle()
        await self._touch("touchEnd")

    async def _scroll(self, target: str, argument: str) -> None:
        if argument:
            await self.page.mouse.move(*await self._place(await self.appears(target)))
            await self.page.mouse.wheel(0, float(argument))
        else:
            await self.page.mouse.move(SIZE["width"] / 2, SIZE["height"] / 2)
            await self.page.mouse.wheel(0, float(target))
        await self.frames(4)


def _copy_without_prefixes(node: MirrorNode, parent: MirrorNode | None = None) -> MirrorNode:
    attributes = dict(node.attributes)
    if isinstance(text := attributes.get("class"), str):
        attributes["class"] = " ".join(bare_classes(text))
    copy = MirrorNode(node.id, node.tag, node.text, attributes, node.events, parent=parent)
    copy.children = [_copy_without_prefixes(child, copy) for child in node.children]
    return copy


@asynccontextmanager
async def stage(folder: Path, state: Path, browser: Browser) -> AsyncIterator[Stage]:
    """Build the program in ``folder``, install it on a device, and show it.

    Raises:
        CygnetError: it cannot be built, or does not start.
    """
    device, app_id, hosts = _install(folder, state)
    url = await device.start()
    try:
        context = await browser.new_context(viewport=SIZE, has_touch=True, reduced_motion="reduce")
        page = await context.new_page()
        page.set_default_timeout(10_000)
        async with DemoScreen(url) as screen:
            await page.goto(url)
            running = Stage(device.desk, app_id, screen, page, url, hosts)
            await running.begin()
            yield running
            running.end()
        await context.close()
    finally:
        await device.stop()


def _install(folder: Path, state: Path) -> tuple[Device, str, frozenset[str]]:
    key = Ed25519PrivateKey.generate()
    built = build_program(folder, key)
    state.mkdir(parents=True, exist_ok=True)
    package, board = state / "program.ma", state / "phone.toml"
    package.write_bytes(built.data)
    board.write_text(_BOARD, encoding="utf-8")
    device = Device(load_board(board), state / "device", None, key_ring([key.public_key()]))
    device.store.install(package)
    views = [json.loads(data) for name, data in built.package.entries.items() if name.endswith(".view")]
    hosts = frozenset(tag for view in views for tag in view.get("components", {}))
    return device, built.package.manifest.app_id, hosts
