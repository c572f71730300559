"""The states of W3C MiniApp Lifecycle, https://www.w3.org/TR/miniapp-lifecycle/, as docs/manifest.md maps them."""

import re

import pytest

from tests.docs.pages import DOCS, table
from tests.program.running import Board, button, program, view

pytestmark = pytest.mark.asyncio(loop_scope="module")

# enum GlobalState and enum PageState of the specification.
GLOBAL = ["launched", "shown", "hidden", "error", "unloaded"]
PAGE = ["loaded", "ready", "shown", "hidden", "unloaded"]

APP = """App({
  onLaunch(o) { console.log('App.onLaunch', o.path, o.query.k) },
  onShow() { console.log('App.onShow') },
  onHide() { console.log('App.onHide') },
  onError(text) { console.log('App.onError', text.split('\\n')[0]) },
})"""
FIRST = """Page({
  onLoad(q) { console.log('Page.onLoad', q.k) },
  onReady() { console.log('Page.onReady') },
  onShow() { console.log('Page.onShow') },
  onHide() { console.log('Page.onHide') },
  onUnload() { console.log('Page.onUnload') },
  fail() { throw new Error('script error') },
  leave() { wx.redirectTo({ url: '/pages/b/b' }) },
})"""


def mapped(section: str) -> dict[str, str]:
    """State to the hook that the page names for it."""
    return {
        re.findall(r"`(\w+)`", row[0])[0]: (re.findall(r"`([\w.]+)`", row[1]) or [""])[0]
        for row in table(DOCS / "manifest.md", section)
    }


async def test_every_state_of_the_application_and_of_a_page_is_heard_as_the_page_says(board: Board) -> None:
    views = {"pages/a/a": view(button("fail"), button("leave"))}
    source = program({"pages/a/a": FIRST, "pages/b/b": "Page({})"}, app=APP, views=views)
    session = await board.run(source, "pages/a/a?k=v")
    session.hide()
    session.show()
    session.node_event(1, 1, "tap", {}, [], 0.0)
    session.node_event(1, 2, "tap", {}, [], 0.0)
    await board.heard.line(session, "Page.onUnload")
    await session.stop()
    lines = board.heard.lines(session)
    assert lines == [
        "App.onLaunch pages/a/a v",
        "App.onShow",
        "Page.onLoad v",
        "Page.onShow",
        "Page.onReady",
        "Page.onHide",
        "App.onHide",
        "App.onShow",
        "Page.onShow",
        "App.onError Error: script error",
        "Page.onUnload",
    ]
    heard = {line.split()[0] for line in lines}
    application, page = mapped("Lifecycle of the application"), mapped("Lifecycle of a page")
    assert list(application) == GLOBAL
    assert list(page) == PAGE
    # The end of the application is the end of its process: no method of the program is called.
    assert application.pop("unloaded") == ""
    assert board.heard.exits[session.app_id] == [""]
    assert {*application.values(), *page.values()} == heard
