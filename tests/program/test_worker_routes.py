# ruff: noqa: E501 a line of JavaScript reads better whole
"""What programs hear of routes, what is asked before a page is left, and pages that are shared."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from device_runtime.program.manifest import parse_manifest
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.values import Value
from tests.program.components import component, made, page
from tests.program.running import Board, Program, Recorder, program
from tests.program.services import Services

pytestmark = pytest.mark.asyncio(loop_scope="module")


class RouteBoard(Board):
    """A board whose owner answers as a test says."""

    services: Services


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RouteBoard]:
    services, recorder = Services(tmp_path_factory.mktemp("services")), Recorder()
    sessions = Sessions(services.surroundings(recorder))
    await sessions.start()
    made = RouteBoard(sessions, recorder)
    made.services = services
    yield made
    await sessions.close()
    await services.close()


@pytest.fixture(autouse=True)
def _fresh(board: RouteBoard) -> None:
    board.services.answer = None
    board.services.refuse_to_share = ""
    board.services.asked.clear()
    board.services.shared.clear()
    board.services.refused = 0


EVENTS = [
    "BeforeAppRoute",
    "AppRoute",
    "AppRouteDone",
    "BeforePageLoad",
    "AfterPageLoad",
    "BeforePageUnload",
    "AfterPageUnload",
]


async def test_routes_are_told_in_their_order(board: RouteBoard) -> None:
    app = f"for (const name of {json.dumps(EVENTS)}) wx['on' + name]((r) => console.log(name, r.openType || '', r.path, r.page && r.page.route || '')); App({{}})"
    hears = "onLoad() { console.log('load') }, onUnload() { console.log('unload') }"
    pages = {"pages/a/a": f"Page({{{hears}}})", "pages/b/b": f"Page({{{hears}}})"}
    session = await board.run(program(pages, app=app))
    session.open("pages/b/b?x=1")
    session.back()
    await board.heard.line(session, "AppRouteDone navigateBack")
    expected = [
        *(f"{name} appLaunch pages/a/a " for name in ("BeforeAppRoute", "AppRoute", "BeforePageLoad")), "load",
        "AfterPageLoad appLaunch pages/a/a pages/a/a", "AppRouteDone appLaunch pages/a/a ",
        *(f"{name} navigateTo pages/b/b " for name in ("BeforeAppRoute", "AppRoute", "BeforePageLoad")), "load",
        "AfterPageLoad navigateTo pages/b/b pages/b/b", "AppRouteDone navigateTo pages/b/b ",
        *(f"{name} navigateBack pages/a/a " for name in ("BeforeAppRoute", "AppRoute")),
        "BeforePageUnload  pages/b/b pages/b/b", "unload", "AfterPageUnload  pages/b/b ",
        "AppRouteDone navigateBack pages/a/a ",
    ]  # fmt: skip
    assert board.heard.lines(session) == expected


async def test_a_route_says_its_query_and_can_be_listened_to_no_more(board: RouteBoard) -> None:
    app = "const once = (r) => { console.log(JSON.stringify(r.query), r.webviewId, typeof r.timeStamp); wx.offAppRoute(once) }; wx.onAppRoute(once); App({})"
    session = await board.run(program({"pages/a/a": "Page({})"}, app=app), "pages/a/a?q=%E4%BD%A0")
    session.open("pages/a/a")
    await board.heard.until(lambda: len(board.heard.stacks[session.app_id]) == 2)
    assert board.heard.lines(session) == ['{"q":"你"} 1 number']


async def test_performance_entries_are_kept_and_observed(board: RouteBoard) -> None:
    code = """const p = wx.getPerformance(); const o = p.createObserver((list) => console.log('seen', list.getEntriesByName('route')[0].path));
      o.observe({ entryTypes: ['navigation'] }); console.log(o.supportedEntryTypes.join());
      wx.navigateTo({ url: '/pages/b/b', success() { o.disconnect(); console.log(p.getEntries().map((e) => e.name + ' ' + e.entryType + ' ' + (e.duration >= 0)).join()); p.setBufferSize(1); console.log(p.getEntriesByType('navigation').length) } })"""
    session = await board.run(program({"pages/a/a": f"Page({{ onShow() {{ {code} }} }})", "pages/b/b": "Page({})"}))
    await board.heard.line(session, "1")
    assert board.heard.lines(session) == [
        "navigation,render,script", "seen pages/a/a", "seen pages/b/b",
        "route navigation true,appLaunch navigation true,route navigation true", "1",
    ]  # fmt: skip


# -- before a page is left --------------------------------------------------------------------------------------------

GUARDED = """Page({ onLoad() { wx.enableAlertBeforeUnload({ message: 'Unsaved', success: () => console.log('guarded') }) },
  onUnload() { console.log('left') }, onTab(e) {} })"""


async def guarded(board: RouteBoard, code: str = GUARDED) -> ProgramSession:
    pages = {"pages/a/a": "Page({onShow(){ console.log('first') }})", "pages/b/b": code}
    session = await board.run(program(pages))
    session.open("pages/b/b")
    await board.heard.line(session, "guarded")
    return session


async def test_a_page_asks_before_it_is_left_and_stays_if_the_owner_says_so(board: RouteBoard) -> None:
    board.services.answer = {"confirm": False}
    session = await guarded(board)
    session.back()
    await board.heard.until(lambda: board.services.asked)
    ((name, arguments),) = board.services.asked
    assert (name, arguments["content"]) == ("showModal", "Unsaved")
    board.services.answer = {"confirm": True}
    session.back()
    await board.heard.line(session, "left")
    assert len(board.services.asked) == 2
    await board.heard.until(lambda: board.heard.lines(session).count("first") == 2)


async def test_navigate_back_asks_too_and_says_that_the_owner_stays(board: RouteBoard) -> None:
    board.services.answer = {"confirm": False}
    code = GUARDED.replace(
        "console.log('guarded')", "{ console.log('guarded'); wx.navigateBack({ fail: (e) => console.log(e.errMsg) }) }"
    )
    await board.heard.line(await guarded(board, code), "navigateBack:fail cancel")


async def test_a_page_that_no_longer_asks_is_left_at_once(board: RouteBoard) -> None:
    code = GUARDED.replace(
        "console.log('guarded')", "wx.disableAlertBeforeUnload({ success: () => console.log('guarded') })"
    )
    session = await guarded(board, code)
    session.back()
    await board.heard.line(session, "left")
    assert board.services.asked == []


# -- sharing ----------------------------------------------------------------------------------------------------------


def sharing(
    script: str, template: str = "<button id='b' data-n='{{7}}' open-type='share'/>", permission: str = "share"
) -> Program:
    built = made(page(template, script, x="/c/x"), component("c/x", "<button id='inner' open-type='share'/>"))
    document = dict(built.manifest.document)
    document["req_permissions"] = [{"name": permission, "reason": "test"}]
    return Program(parse_manifest(json.dumps(document)), built.entries)


async def shared(board: RouteBoard, session: ProgramSession, node: int) -> dict[str, Value]:
    session.node_event(1, node, "share", {}, [], 0.0)
    await board.heard.until(lambda: board.services.shared)
    return board.services.shared[0]


async def test_a_page_says_what_it_shares(board: RouteBoard) -> None:
    script = "Page({ onShareAppMessage({ from, target }) { console.log(from, target.id, target.dataset.n); return { title: 'Rain', path: '/pages/a/a?id=3' } } })"
    session = await board.run(sharing(script))
    assert await shared(board, session, 1) == {"path": "pages/a/a?id=3", "title": "Rain"}
    assert board.heard.lines(session) == ["button b 7"]
    await toast(board, "Sent to hall")


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("Page({})", "pages/a/a?q=a%20b", {"path": "pages/a/a?q=a%20b", "title": ""}),
        ("Page({ onShareAppMessage() { return { title: 'now', promise: new Promise((r) => setTimeout(r, 1, { title: 'later', path: '/pages/a/a?l' })) } } })", "",
         {"path": "pages/a/a?l", "title": "later"}),
        ("Page({ onShareAppMessage() { return { title: 'now', promise: Promise.reject(new Error('no')) } } })", "", {"path": "pages/a/a", "title": "now"}),
        ("Page({ onShareAppMessage() { throw new Error('oh') } })", "", {"path": "pages/a/a", "title": ""}),
    ],
)  # fmt: skip
async def test_a_page_without_words_of_its_own_shares_itself(
    board: RouteBoard, script: str, path: str, expected: dict[str, Value]
) -> None:
    session = await board.run(sharing(script), path)
    assert await shared(board, session, 0) == expected


async def test_a_button_inside_of_a_component_shares_the_page(board: RouteBoard) -> None:
    script = "Page({ onShareAppMessage({ from, target }) { console.log(from, target.id) } })"
    session = await board.run(sharing(script, "<x/>"))
    await shared(board, session, 2)
    assert board.heard.lines(session) == ["button inner"]


async def toast(board: RouteBoard, title: str) -> None:
    """Wait until the owner was told this."""
    await board.heard.until(lambda: any(arguments.get("title") == title for _, arguments in board.services.asked))


async def test_the_owner_hears_why_a_page_was_not_shared_but_not_of_their_own_no(board: RouteBoard) -> None:
    board.services.refuse_to_share = "no other device has it"
    session = await board.run(sharing("Page({})"))
    session.node_event(1, 0, "share", {}, [], 0.0)
    await toast(board, "no other device has it")
    board.services.asked.clear()
    board.services.refuse_to_share = "cancel"
    session.node_event(1, 0, "share", {}, [], 0.0)
    await board.heard.until(lambda: board.services.refused == 2)
    board.services.refuse_to_share = ""
    session.node_event(1, 0, "share", {}, [], 0.0)
    await toast(board, "Sent to hall")
    assert "cancel" not in [arguments.get("title") for _, arguments in board.services.asked]


def menus(board: RouteBoard, session: ProgramSession) -> list[Any]:
    return [pages[-1]["window"].get("shareMenu") for pages, _, _ in board.heard.stacks[session.app_id]]


async def test_the_sign_in_the_bar_is_there_for_pages_that_share(board: RouteBoard) -> None:
    session = await board.run(
        sharing(
            "Page({ onShareAppMessage() {}, onShow() { setTimeout(() => wx.hideShareMenu({ success: () => console.log('hidden') }), 5) } })"
        )
    )
    await board.heard.line(session, "hidden")
    assert menus(board, session) == [None, True, False]


async def test_without_the_permission_nothing_is_offered(board: RouteBoard) -> None:
    session = await board.run(
        sharing("Page({ onShareAppMessage() {}, onReady() { console.log('ready') } })", permission="request")
    )
    await board.heard.line(session, "ready")
    session.node_event(1, 0, "share", {}, [], 0.0)
    await board.heard.line(
        session, "the page cannot be shared: the manifest does not ask for the permission share", "warn"
    )
    assert menus(board, session) == [None]
    assert board.services.shared == []


# -- pictures over the page, and what is at hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "name", "expected"),
    [
        ("previewImage({ urls: ['a.png', '/b.png', 'https://x.y/c.png'], current: '/b.png' })", "previewImage",
         {"urls": ["/pages/a/a.png", "/b.png", "https://x.y/c.png"], "current": 1}),
        ("previewImage({ urls: ['/a.png', '/b.png'], current: 1 })", "previewImage", {"urls": ["/a.png", "/b.png"], "current": 1}),
        ("previewMedia({ sources: [{ url: '/a.png' }, { url: '/b.mp4', type: 'video', poster: '/b.png' }] })", "previewImage",
         {"urls": ["/a.png", "/b.png"], "current": 0}),
        ("hideKeyboard()", "hideKeyboard", {}),
        ("setTabBarItem({ index: 1, text: 'Two' })", "setTabBarItem", {"index": 1, "text": "Two", "iconPath": "", "selectedIconPath": ""}),
        ("setTabBarStyle({ color: '#ff0000' })", "setTabBarStyle", {"color": "#ff0000", "selectedColor": "", "backgroundColor": "", "borderStyle": ""}),
    ],
)  # fmt: skip
async def test_what_is_shown_reaches_the_screen(
    board: RouteBoard, call: str, name: str, expected: dict[str, Value]
) -> None:
    await board.run(program({"pages/a/a": f"Page({{ onLoad() {{ wx.{call} }} }})"}))
    await board.heard.until(lambda: board.services.asked)
    assert board.services.asked == [(name, expected)]


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("previewImage({ urls: [], fail: say })", "previewImage:fail parameter error: the value at urls must be a list of 1 to 100 pictures"),
        ("previewImage({ urls: ['a'], current: 3, fail: say })", "previewImage:fail parameter error: current must be from 0 to 0"),
        ("preloadAssets({ data: [{ type: 'image', src: '/none.png' }], success: say })", "preloadAssets:ok"),
        ("preloadAssets({ data: [], fail: say })", "preloadAssets:fail parameter error"),
        ("loadFontFace({ family: 'F', source: 'url(/none.ttf)', fail: say })", "loadFontFace:fail no such file"),
        ("setBackgroundTextStyle({ textStyle: 'light', success: say })", "setBackgroundTextStyle:ok"),
        ("restartMiniProgram({ path: '/pages/a/a', success: say })", "restartMiniProgram:ok"),
        ("openShare({ path: '/pages/a/a?x', fail: say })", "openShare:fail the manifest does not ask for the permission share"),
    ],
)  # fmt: skip
async def test_each_call_ends_with_a_clear_word(board: RouteBoard, call: str, line: str) -> None:
    code = f"const say = (r) => console.log(r.errMsg); wx.{call}"
    session = await board.run(program({"pages/a/a": f"Page({{ onLoad() {{ {code} }} }})"}))
    await board.heard.line(session, line)


async def test_a_theme_and_a_window_that_change_are_heard_once(board: RouteBoard) -> None:
    app = "App({ onThemeChange({ theme }) { console.log('app', theme) } })"
    code = """Page({ onLoad() { wx.onThemeChange(({ theme }) => console.log('theme', theme)); wx.onWindowResize(({ size, deviceOrientation }) => console.log('window', size.windowWidth, deviceOrientation)) },
      onResize({ size }) { console.log('page', size.screenHeight, wx.getWindowInfo().windowHeight) } })"""
    session = await board.run(program({"pages/a/a": code}, app=app))
    for theme in ("dark", "dark"):
        session.capability_event("themeChange", {"theme": theme})
    for width, height in ((480, 320), (480, 300), (320, 480)):
        session.capability_event(
            "windowResize",
            {
                "windowWidth": width,
                "windowHeight": height - 44,
                "screenWidth": width,
                "screenHeight": 320 if width > 400 else 480,
            },
        )
    await board.heard.line(session, "window")
    assert board.heard.lines(session) == ["app dark", "theme dark", "page 480 436", "window 320 portrait"]
