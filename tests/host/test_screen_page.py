"""Patches on real screens: what is drawn is what the program has, and nothing in it can run."""

import asyncio
import random
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from playwright.async_api import Browser, expect

from device_runtime.host.screen.messages import NodeEvent
from device_runtime.view.patches import Operation
from device_runtime.view.stamps import expanded
from tests.host.conftest import Screen, Screens
from tests.host.screen_device import APP, Ids, PaperDevice, PaperPage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

# What a screen shows, in the shape of a node without ids: [tag, class, children] or text.
DRAWN = """(page) => {
  const draw = (node) => node.nodeType === Node.TEXT_NODE
    ? node.data : [node.localName, node.className, [...node.childNodes].map(draw)];
  return draw(page);
}"""


def written(node: list[Any]) -> Any:
    """The same of a node of the device."""
    if len(node) == 2:
        return node[1]
    return [node[1], node[2].get("class") or "", [written(child) for child in node[4]]]


async def until_drawn(screen: Screen, page: PaperPage) -> None:
    """Wait until a screen shows what the device has; else fail with the difference."""
    drawn: Any = None
    for _ in range(200):
        drawn = await screen.find("page").evaluate(DRAWN)
        if drawn == written(page.root):
            return
        await screen.frames(1)
    assert drawn == written(page.root)


class Gardener:
    """Grows, prunes and replants a page at random."""

    def __init__(self, page: PaperPage, seed: int) -> None:
        self.page = page
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def elements(self, node: list[Any] | None = None) -> list[list[Any]]:
        node = node or self.page.root
        found = [node]
        for child in node[4]:
            if len(child) == 5:
                found += self.elements(child)
        return found

    def parents(self) -> list[list[Any]]:
        """Whatever may have children; one of them is the limbo, which is not seen."""
        return self.elements() + self.elements(self.page.limbo)

    def nodes(self) -> list[list[Any]]:
        return [child for element in self.parents() for child in element[4]]

    def fresh(self, ids: Ids, depth: int = 0) -> list[Any]:
        if self.random.random() < 0.3:
            return ids.text(f"t{self.random.randrange(100)}")
        children = [self.fresh(ids, depth + 1) for _ in range(self.random.randrange(3) if depth < 3 else 0)]
        return ids.element("view", *children, class_=f"c{self.random.randrange(9)}")

    def operation(self) -> list[Any]:
        nodes = self.nodes()
        kind = self.random.choice(["insert", "insert", "remove", "move", "text", "set"]) if nodes else "insert"
        if kind in ("remove", "move"):
            node = self.random.choice(nodes)
            if kind == "remove":
                return ["remove", node[0]]
            inside = {id(element) for element in self.elements(node)} if len(node) == 5 else set()
            target = self.random.choice([element for element in self.parents() if id(element) not in inside])
            room = len(target[4]) - any(child is node for child in target[4])
            return ["move", node[0], target[0], self.random.randint(0, room)]
        texts = [node for node in nodes if len(node) == 2]
        if kind == "text" and texts:
            return ["text", self.random.choice(texts)[0], f"new{self.random.randrange(100)}"]
        if kind == "set":
            value = self.random.choice([None, f"s{self.random.randrange(9)}"])
            return ["set", self.random.choice(self.elements())[0], "class", value]
        target = self.random.choice(self.parents())
        return ["insert", target[0], self.random.randint(0, len(target[4])), self.fresh(self.page.ids)]


@pytest.mark.parametrize("seed", range(3))
async def test_two_screens_and_a_late_one_show_what_the_device_has(
    seed: int, device: PaperDevice, screens: Screens
) -> None:
    one = await screens.open_program()
    two = await screens.open(width=390, height=844)
    gardener = Gardener(device.page, seed)

    for round_ in range(12):
        for _ in range(12):
            operations = []
            for _ in range(3):
                operation = gardener.operation()
                device.page.apply([operation])
                operations.append(operation)
            device.screen.patch(APP, device.page.id, operations)
        if round_ == 6:
            late = await screens.open(width=480, height=320)

    for screen in (one, two, late):
        await until_drawn(screen, device.page)


@pytest.mark.parametrize("within", [False, True], ids=["beside others", "in an element"])
async def test_a_stamp_makes_the_rows_that_it_stands_for(within: bool, device: PaperDevice, screens: Screens) -> None:
    ids = Ids()
    screen = await screens.open_program(ids.element("view", "before"), ids.element("view", "after"))
    shape: Any = [[0, "view", {"id": "row"}, [["class", 0], ["hidden", 1]], [], [[1, 2]]], [2, "and"]]
    rows: Any = [[100 + 3 * row, f"c{row}", None if row % 2 else False, f"text {row}"] for row in range(20)]
    stamp: Any = [shape, rows]
    told: list[Operation] = [
        ["insert", 0, 1, [90, "view", {}, [], [[91, "first"], stamp, [92, "last"]]] if within else stamp]
    ]

    device.page.apply(expanded(told))
    device.screen.patch(APP, device.page.id, told)

    await until_drawn(screen, device.page)


async def test_a_patch_that_does_not_fit_brings_a_fresh_snapshot(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(Ids().element("view", "right"))

    device.screen.patch(APP, device.page.id, [["remove", 999]])

    await device.wait(lambda: len(device.attached) == 0)
    await device.wait(lambda: len(device.attached) == 1)
    await expect(screen.find("view")).to_have_text("right")
    assert screen.faults == ["page 1 has no node 999"]
    screen.faults.clear()


# ---------------------------------------------------------------- typing


async def test_typing_is_not_disturbed_by_late_echoes(device: PaperDevice, screens: Screens) -> None:
    """A program that sets the value to what was typed answers each letter after the next has been typed."""
    field = device.push().ids.element("input", value="", events=["input"])
    screen = await screens.open_program(field)
    loop = asyncio.get_running_loop()

    def echo(event: NodeEvent) -> None:
        assert isinstance(event.detail, dict)
        loop.call_later(0.08, device.patch, ["set", field[0], "value", event.detail["value"]])

    device.on_event = echo
    await screen.find("input").focus()
    await screen.page.keyboard.type("world", delay=25)
    await screen.page.keyboard.press("Home")
    await screen.page.keyboard.type("hello ", delay=25)
    await device.wait(lambda: len(device.events) == 11)
    await asyncio.sleep(0.1)  # the last echo is on its way; nothing tells when the screen has ignored it
    await screen.frames()

    assert await screen.find("input").evaluate("(field) => [field.value, field.selectionStart]") == ["hello world", 6]
    typed = [event.detail["value"] for event in device.events]  # type: ignore[index, call-overload]
    assert typed[-1] == "hello world"


async def test_a_program_may_rewrite_what_is_typed_and_the_caret_stays(device: PaperDevice, screens: Screens) -> None:
    field = device.push().ids.element("input", value="", events=["input"])
    screen = await screens.open_program(field)

    def shout(event: NodeEvent) -> None:
        assert isinstance(event.detail, dict)
        device.patch(["set", field[0], "value", str(event.detail["value"]).upper()])

    device.on_event = shout
    box = screen.find("input")
    await box.focus()
    for letter in "ac":
        await screen.page.keyboard.type(letter)
    await expect(box).to_have_value("AC")
    await screen.page.keyboard.press("ArrowLeft")
    await screen.page.keyboard.type("b")

    await expect(box).to_have_value("ABC")
    assert await box.evaluate("(field) => field.selectionStart") == 2


async def test_a_program_may_clear_the_field_after_confirm(device: PaperDevice, screens: Screens) -> None:
    field = device.push().ids.element("input", value="", confirm_hold=True, events=["input", "confirm"])
    screen = await screens.open_program(field)

    await screen.find("input").focus()
    await screen.page.keyboard.type("a")
    await screen.page.keyboard.press("Backspace")
    await screen.page.keyboard.type("bc")
    await screen.page.keyboard.press("Enter")
    await device.event("confirm")
    device.patch(["set", field[0], "value", ""])

    await expect(screen.find("input")).to_have_value("")
    await expect(screen.find("input")).to_be_focused()


# ---------------------------------------------------------------- hostile programs

SCRIPT = "globalThis.pwned = true"
HOSTILE: dict[str, list[Any]] = {
    "event attributes": [1, "view", dict.fromkeys(("onclick", "onload", "onfocus"), SCRIPT),
                         ["tap"], [[2, "tap me"]]],
    "event attribute by set": [1, "view", {"ONCLICK": SCRIPT, "on-click": SCRIPT}, [], [[2, "tap me"]]],
    "a script": [1, "script", {}, [], [[2, SCRIPT]]],
    "a script by case": [1, "SCRIPT", {"src": "data:text/javascript," + SCRIPT}, [], [[2, SCRIPT]]],
    "an odd tag": [1, "img src=x onerror=alert(1)", {}, [], [[2, "tap me"]]],
    "a frame": [1, "iframe", {"srcdoc": f"<script>parent.{SCRIPT}</script>", "src": f"javascript:{SCRIPT}"}, [], []],
    "an object": [1, "object", {"data": f"javascript:{SCRIPT}"}, [], []],
    "a link": [1, "a", {"href": f"javascript:{SCRIPT}", "target": "_blank"}, ["tap"], [[2, "tap me"]]],
    "a navigator": [1, "navigator", {"url": f"javascript:{SCRIPT}"}, [], [[2, "tap me"]]],
    "a form": [1, "form", {"action": f"javascript:{SCRIPT}", "formaction": f"javascript:{SCRIPT}"}, [],
               [[2, "button", {"form-type": "submit", "formaction": f"javascript:{SCRIPT}"}, [], [[3, "go"]]]]],
    "a picture": [1, "image", {"src": f"javascript:{SCRIPT}", "onerror": SCRIPT}, ["error"], []],
    "an svg picture": [1, "image", {"src": "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'>"
                                           f"<script>{SCRIPT}</script></svg>"}, ["load"], []],
    "an html picture": [1, "image", {"src": f"data:text/html,<script>{SCRIPT}</script>"}, ["error"], []],
    "a style": [1, "view", {"style": f"background:url(javascript:{SCRIPT}); behavior:url(x); "
                                     f"width:expression({SCRIPT});"
                                     "background-image:url(https://evil.example/a.png)"}, [], [[2, "tap me"]]],
    "html in text": [1, "text", {"decode": True}, [], [[2, f"<img src=x onerror='{SCRIPT}'>&lt;script&gt;"]]],
    "prototype": [1, "view", {"__proto__": {"onclick": SCRIPT}, "constructor": SCRIPT, "innerHTML": f"<b>{SCRIPT}</b>"},
                  [], [[2, "tap me"]]],
    "an id": [1, "view", {"id": "stage", "class": "page-frame program errors", "role": "<b>"}, [], [[2, "tap me"]]],
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_patch_runs_no_script_and_reaches_no_other_place(case: str, kept: Screens) -> None:
    device = kept.device
    device.reset()
    screen = await kept.open_program()
    screen.addresses.clear()
    device.show(HOSTILE[case], [90, "view", {"class": "last"}, ["tap"], [[91, "the end"]]])
    await expect(screen.find(".last")).to_have_text("the end")

    first = screen.find("page > *").first
    await first.click(force=True, position={"x": 1, "y": 1}) if await first.is_visible() else None
    await screen.find(".last").click()
    await device.wait(lambda: any(event.node == 90 for event in device.events))
    await screen.frames()

    assert await screen.page.evaluate("globalThis.pwned") is None
    dangerous = await screen.find("page").evaluate(
        """(page) => [page, ...page.querySelectorAll('*')].flatMap((element) => [
          ...['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'STYLE', 'BASE', 'META']
            .filter((tag) => element.tagName === tag),
          ...element.getAttributeNames().filter((name) => /^(on|srcdoc|href|action|formaction|xlink)/i.test(name)),
        ])"""
    )
    assert dangerous == []
    allowed = (device.url, "data:")
    assert [address for address in screen.addresses if not address.startswith(allowed)] == []
    assert screen.page.url == device.url


async def test_a_style_sheet_reaches_no_other_place(device: PaperDevice, screens: Screens) -> None:
    device.resources["app.css"] = (
        b"@import url(https://evil.example/a.css); @font-face { font-family: f; src: url(https://evil.example/f.woff) }"
        b" .x { font-family: f; background: url(https://evil.example/a.png) }"
    )
    screen = await screens.open_program([1, "view", {"class": "x"}, [], [[2, "text"]]])
    await expect(screen.find(".x")).to_have_css("font-family", "f")
    await screen.frames(5)

    asked = [address for address in screen.addresses if "evil.example" in address]
    assert asked, "the device is asked, and says no"
    assert [address for address in asked if not address.startswith(f"{device.url}media/")] == []
    assert all("not a supported stylesheet MIME type" in fault for fault in screen.faults)
    screen.faults.clear()


async def test_a_program_cannot_draw_over_the_device_s_own_parts(device: PaperDevice, screens: Screens) -> None:
    device.resources["app.css"] = (
        b":host { position: fixed !important; inset: -200px !important; z-index: 99999 !important }"
    )
    screen = await screens.open_program(
        [1, "view", {"style": "position:fixed;top:-300px;left:-300px;width:9000px;height:9000px;z-index:99999"}, [], []]
    )  # fmt: skip

    await screen.page.get_by_role("button", name="Home").click()

    await device.call("home")
    title = screen.page.locator(".bar-title")
    await expect(title).to_have_text("Lamp")


async def test_a_foreign_page_in_the_same_browser_cannot_connect(
    device: PaperDevice, browser: Browser, screens: Screens
) -> None:
    async def serve(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text="<title>evil</title>", content_type="text/html")

    application = aiohttp.web.Application()
    application.router.add_get("/", serve)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")

    outcome = await page.evaluate(
        """(address) => new Promise((done) => {
          const socket = new WebSocket(address);
          socket.onopen = () => done("open");
          socket.onerror = () => done("refused");
        })""",
        device.url.replace("http:", "ws:") + "ws",
    )

    assert outcome == "refused"
    assert device.attached == set()
    await context.close()
    await runner.cleanup()
