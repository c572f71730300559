"""The fleet's end, in front of devices that do not do as they should, and of none that answers."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.link import TransportError
from device_runtime.sync.screen_messages import ScreenOrder, ScreenUpdate, ViewState, encode_update, pack_picture
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.screen import views
from firmware_tools.fleet.screen.answers import ScreenEvent
from firmware_tools.fleet.screen.pictures import check_messages
from firmware_tools.fleet.screen.reasons import SENTENCES
from firmware_tools.fleet.screen.texts import ScreenTexts, changed
from firmware_tools.fleet.screen.views import ScreenViews, View


class Line:
    """A way to the broker that keeps what goes over it."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self.orders: list[ScreenOrder] = []
        self.away = False

    async def hear(self, topic: str) -> None:
        self.heard.add(topic)

    def unhear(self, topic: str) -> None:
        self.heard.discard(topic)

    async def order(self, order: ScreenOrder) -> None:
        if self.away:
            raise TransportError("the broker is away")
        self.orders.append(order)


class Ends:
    """The looks of a fleet, with a clock that the test moves."""

    def __init__(self) -> None:
        self.line, self.told, self.now = Line(), list[ScreenEvent](), 1_800_000_000.0
        self.views = ScreenViews("north", self.line, self.told.append, lambda: self.now)

    def say(self, view: View, sequence: int, state: ViewState = "shown", **members: Any) -> None:
        picture = pack_picture(members.pop("messages")) if "messages" in members else b""
        until = int(self.now) + 300
        update = ScreenUpdate(view.id, sequence, state, until=until, picture=picture, **members)
        self.views.hear(view.device, encode_update(update))


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    made = Ends()
    yield made
    made.views.close()


@asynccontextmanager
async def watching(ends: Ends, view: View) -> AsyncIterator[Any]:
    async with ends.views.watch(view.device, view.id, view.by) as following:
        await following(1)  # how it stands
        yield following


LEFT_OUT = [{"type": "left_out", "what": "page"}]


async def test_a_device_is_heard_only_while_a_look_at_it_is_open(ends: Ends) -> None:
    assert ends.line.heard == set()
    view = await ends.views.ask("kitchen", "maria")
    assert ends.line.heard == {"cygnet/1/north/kitchen/screen"}
    assert [(order.act, order.by, order.expires - order.issued) for order in ends.line.orders] == [("ask", "maria", 60)]
    ends.say(view, 1, "refused", reason="no")
    assert ends.line.heard == set()
    ends.say(view, 2)
    ends.views.hear("stranger", b"anything")
    assert (view.state, view.reason) == ("refused", "no")


async def test_a_flood_is_dropped(ends: Ends) -> None:
    view = await ends.views.ask("kitchen", "maria")
    noise = base64.b64encode(random.Random(7).randbytes(40_000)).decode()  # noqa: S311 - of nothing
    picture = [{"type": "image", "path": "x", "data": f"data:image/png;base64,{noise}"}]

    def flood() -> None:
        for sequence in range(1, 1000):
            ends.say(view, sequence, whole=sequence == 1, messages=picture)

    async with watching(ends, view):
        with pytest.raises(ProtocolError, match="more of its screen than it may"):
            flood()
        assert 10 < view.sequence < 20  # four seconds of what a device may send
        ends.now += 10
        ends.say(view, 2000, whole=True, messages=LEFT_OUT)  # a while later it is heard again
        assert view.sequence == 2000


async def test_who_reads_too_slowly_gets_the_picture_anew(ends: Ends) -> None:
    view = await ends.views.ask("kitchen", "maria")
    async with watching(ends, view) as following:
        for sequence in range(1, 200):
            ends.say(view, sequence, whole=sequence == 1, messages=LEFT_OUT)
        await asyncio.sleep(0)
        while await following(0.01):
            pass
        assert [order.act for order in ends.line.orders] == ["ask", "again"]
        ends.say(view, 200, messages=LEFT_OUT)
        assert await following(0.01) == {}  # it changes a picture that nobody has
        ends.say(view, 201, whole=True, messages=LEFT_OUT)
        assert (await following(1))["whole"]


async def test_what_is_lost_on_the_way_is_asked_for_again_and_what_comes_twice_counts_once(ends: Ends) -> None:
    view = await ends.views.ask("kitchen", "maria")
    async with watching(ends, view) as following:
        ends.say(view, 1, whole=True, messages=LEFT_OUT)
        ends.say(view, 1, whole=True, messages=LEFT_OUT)
        assert (await following(1))["state"] == "shown"
        assert (await following(1))["messages"] == LEFT_OUT
        ends.say(view, 3, messages=LEFT_OUT)
        assert await following(0.01) == {}
        assert ends.line.orders[-1].act == "again"


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "image", "path": "x", "data": "https://evil.example/x.png"}],
        [{"type": "image", "path": "x", "data": "data:text/html,x"}],
        [{"type": "image", "path": 5, "data": "data:image/png,x"}],
        [{"type": "patch", "page": True, "operations": []}],
        [{"type": "patch", "page": 1, "operations": {}}],
        [{"type": "stack", "page": {}}],
        [{"type": "home"}],
    ],
)
def test_messages_that_are_not_as_they_should_be_are_refused(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(ProtocolError):
        check_messages(messages)


def test_members_and_messages_that_are_not_known_do_not_pass() -> None:
    assert check_messages([{"type": "eval", "code": "x"}, {"type": "ui_done", "id": "d", "more": 1}]) == [
        {"type": "ui_done", "id": "d"}
    ]


async def test_another_looks_id_is_refused(ends: Ends) -> None:
    view = await ends.views.ask("kitchen", "maria")
    update = ScreenUpdate("f" * 32, 1, "shown")
    with pytest.raises(ProtocolError, match="nobody asked for"):
        ends.views.hear("kitchen", encode_update(update))
    assert view.state == "asked"


async def test_a_look_ends_where_nobody_answers_or_watches_or_it_takes_too_long(ends: Ends) -> None:
    async def over(view: View, seconds: float) -> tuple[str, str]:
        ends.now += seconds
        async with asyncio.timeout(10):
            while view.open:  # noqa: ASYNC110 - it looks once a second
                await asyncio.sleep(0.05)
        return view.state, view.reason

    silent, unwatched, endless = [await ends.views.ask(device, "maria") for device in ("a", "b", "c")]
    ends.say(unwatched, 1)
    async with watching(ends, endless):
        ends.say(endless, 1)
        endless.until = int(ends.now) + 5
        results = await asyncio.gather(over(silent, 16), over(unwatched, 0), over(endless, 0))
    assert list(results) == [("refused", "silent"), ("ended", "unwatched"), ("ended", "time")]
    assert [order.act for order in ends.line.orders].count("end") == 3
    assert endless.until <= ends.now + views.LONGEST_SECONDS


async def test_a_broker_that_is_away_is_said(ends: Ends) -> None:
    ends.line.away = True
    with pytest.raises(FleetError, match="cannot be asked: the broker is away"):
        await ends.views.ask("kitchen", "maria")
    with pytest.raises(FleetError, match="cannot be told"):
        await ends.views.end("kitchen", "maria")
    ends.line.away = False
    view = await ends.views.ask("kitchen", "maria")  # the failed one is not in the way
    ends.views.device_gone("kitchen")
    assert (view.state, view.reason) == ("ended", "connection")


def test_the_texts_of_a_screen_are_lines_that_cannot_steer_a_terminal() -> None:
    texts = ScreenTexts()
    page = {"id": 1, "route": "a", "window": {"navigationBarTitleText": "\x1b[31mNotes"}, "styles": []}
    stack = {"type": "stack", "app_id": "a", "version": 1, "name": "Notes", "page": page, "depth": 1, "tab_bar": None}
    words = [2, "text", {}, [], [[3, "Hello, "], [4, "Ada\x1b]0;x\x07"]]]
    node = [1, "view", {}, [], [words, [5, "input", {"value": "milk"}, [], []]]]
    texts.take([stack, {"type": "patch", "page": 1, "operations": [["insert", 0, 0, node]]}])
    before = texts.lines()
    assert before == ["[31mNotes", "Hello, Ada ]0;x", "[milk]"]
    texts.take([{"type": "patch", "page": 1, "operations": [["text", 4, "Bo"], ["no operation"]]}])
    texts.take([{"type": "ui", "name": "showModal", "id": "d", "arguments": {"title": "Sure?", "confirmText": "Yes"}}])
    assert list(changed(before, texts.lines())) == ["- Hello, Ada ]0;x", "+ Hello, Bo", "+ Sure?", "+ Yes"]
    texts.take([{"type": "home", "programs": [{"name": "Notes"}, {"name": 5}, None]}])
    assert texts.lines() == ["Launcher", "Notes"]


def test_the_page_and_the_command_know_the_same_reasons() -> None:
    from tests.docs.pages import ROOT

    page = (ROOT / "firmware_tools" / "fleet" / "page" / "screen.js").read_text()
    protocol = (ROOT / "docs" / "protocol.md").read_text()
    for reason in SENTENCES:
        assert f"{reason}: " in page
        assert f"`{reason}`" in protocol or reason in ("silent", "unwatched")
