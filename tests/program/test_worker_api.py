# ruff: noqa: E501 a line of JavaScript reads better whole
"""The wx and swan object: conventions, storage, request, navigation, voice, and what a host does not offer."""

import pytest

from tests.program.running import Board, program

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def logged(board: Board, code: str, count: int = 1, **parts: object) -> list[str]:
    """Run a page whose onLoad is ``code``, and wait for its log lines."""
    page = f"Page({{async onLoad(){{ {code} }}}})"
    session = await board.run(program({"pages/a/a": page}, **parts))  # type: ignore[arg-type]
    await board.heard.until(lambda: len(board.heard.lines(session)) >= count or board.heard.errors(session))
    assert board.heard.errors(session) == []
    return board.heard.lines(session)


async def test_wx_and_swan_are_the_same_object(board: Board) -> None:
    assert await logged(board, "console.log(wx === swan, 'echo' in wx, 'nothing' in wx)") == ["true true false"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("const r = await wx.echo({a: 1, f(){}}); console.log(JSON.stringify(r))", '{"heard":{"a":1},"errMsg":"echo:ok"}'),
        ("wx.echo({success(r){ console.log(r.errMsg) }})", "echo:ok"),
        ("wx.echo({complete(r){ console.log('complete', r.errMsg) }})", "complete echo:ok"),
        ("wx.startBluetooth({fail(e){ console.log(e.errMsg) }})", "startBluetooth:fail not supported on this host"),
        ("wx.login().catch(e => console.log(e.errMsg))", "login:fail not supported on this host"),
        ("try { wx.scanCodeSync() } catch (e) { console.log(e.message) }", "scanCodeSync:fail not supported on this host"),
        ("wx.secret().catch(e => console.log(e.errMsg))", "secret:fail the manifest does not ask for the permission secret"),
        ("wx.broken().catch(e => console.log(e.errMsg))", "broken:fail internal error of the host"),
        ("wx.echo({get a(){ throw new Error('trap') }}).catch(e => console.log(e.errMsg))",
         "echo:fail parameter error: the value at a cannot be read: Error: trap"),
        ("console.log(wx.canIUse('echo'), wx.canIUse('request.object.method'), wx.canIUse('login'))", "true true false"),
        ("wx.onCompassChange(() => {}); console.log('fine', typeof wx.then)", "fine undefined"),
        ("const i = wx.getSystemInfoSync(); console.log(i.platform, wx.getWindowInfo().windowWidth, i.capabilities)",
         "cygnet 375 undefined"),
        ("const i = await wx.getSystemInfo(); console.log(i.SDKVersion, i.errMsg)", "3.0.0 getSystemInfo:ok"),
        ("console.log(wx.getDeviceInfo().platform, wx.getAppBaseInfo().SDKVersion)", "cygnet 3.0.0"),
        ("const r = await wx.request({url: 'https://x/'}); console.log(r.statusCode, r.data.got, r.errMsg)",
         "200 https://x/ request:ok"),
        ("const r = await wx.request({url: 'u', responseType: 'arraybuffer'}); console.log(r.data, new Uint8Array(r.data)[1])",
         "ArrayBuffer(2) 2"),
        ("const t = wx.request({url: 'u', fail(e){ console.log(e.errMsg) }}); t.abort()", "request:fail abort"),
        ("wx.createSelectorQuery().select('#a').boundingClientRect(r => console.log('rect', r)).exec()", "rect null"),
        ("wx.getUpdateManager().onCheckForUpdate(r => console.log(r.hasUpdate))", "false"),
        ("console.log(wx.getLaunchOptionsSync().path)", "pages/a/a"),
    ],
)  # fmt: skip
async def test_an_api_answers(board: Board, call: str, expected: str) -> None:
    assert (await logged(board, call))[0] == expected


async def test_storage_is_read_locally_and_counts_when_the_host_confirmed(board: Board) -> None:
    code = """wx.setStorageSync('a', {n: [1]}); const got = wx.getStorageSync('a'); got.n.push(2);
      console.log(wx.getStorageSync('a').n.length, JSON.stringify(wx.getStorageSync('none')));
      await wx.setStorage({key: 'b', data: 'text'}); console.log((await wx.getStorage({key: 'b'})).data);
      try { wx.setStorageSync('full', 1) } catch (e) { console.log(e.message) }
      await wx.setStorage({key: 'full', data: 1}).catch(e => console.log(e.errMsg));
      console.log(wx.getStorageInfoSync().keys.join());
      wx.removeStorageSync('a'); await wx.clearStorage(); console.log(wx.getStorageInfoSync().keys.length);
      await wx.getStorage({key: 'b'}).catch(e => console.log(e.errMsg));
      try { wx.setStorageSync(5, 1) } catch (e) { console.log(e.message) }"""
    assert await logged(board, code, 8) == [
        '1 ""',
        "text",
        "setStorageSync:fail storage is full",
        "setStorage:fail storage is full",
        "a,b",
        "0",
        "getStorage:fail data not found",
        "setStorageSync:fail parameter error: the value at key must be a string, not 5",
    ]


async def test_stored_values_come_back_with_the_next_launch(board: Board) -> None:
    page = "Page({onLoad(){ console.log('was', wx.getStorageSync('k')); wx.setStorageSync('k', 'kept') }})"
    source = program({"pages/a/a": page})
    session = await board.run(source)
    await board.heard.line(session, "was")
    await board.sessions.stop(session.app_id)
    session = await board.run(source)
    await board.heard.line(session, "was kept")


async def test_report_event_goes_to_telemetry(board: Board) -> None:
    await logged(board, "wx.reportEvent('opened', {n: 1}); wx.reportAnalytics('old', {}); console.log('sent')")
    await board.heard.until(
        lambda: [c[2] for c in board.heard.calls if c[1] == "telemetry"][-1:] == [{"name": "old", "values": {}}]
    )
    assert {"name": "opened", "values": {"n": 1}} in [call[2] for call in board.heard.calls if call[1] == "telemetry"]


async def test_report_count_asks_for_a_value_to_be_counted(board: Board) -> None:
    code = "wx.reportCount({name: 'city', value: 'Bern', success: (r) => console.log('counted', r.errMsg)})"
    assert "counted reportCount:ok" in (await logged(board, code))
    assert [call[2] for call in board.heard.calls if call[1] == "privacy.count"] == [{"name": "city", "value": "Bern"}]


def talkative(code: str = "") -> str:
    return f"""Page({{onLoad(q){{ console.log('load', this.route, JSON.stringify(q)); {code} }},
      onShow(){{ console.log('show', this.route) }}, onHide(){{ console.log('hide', this.route) }},
      onUnload(){{ console.log('unload', this.route) }}, onTabItemTap(t){{ console.log('tap', t.index, t.pagePath) }}}})"""


async def test_navigation_runs_lifecycles_in_order(board: Board) -> None:
    pages = {
        "pages/a/a": talkative("wx.navigateTo({url: '../b/b?x=1&y=%E4%BD%A0', success: () => console.log('opened')})"),
        "pages/b/b": talkative("setTimeout(() => wx.redirectTo({url: '/pages/c/c'}), 1)"),
        "pages/c/c": talkative("console.log('stack', getCurrentPages().map(p => p.route).join());"),
    }
    session = await board.run(program(pages))
    await board.heard.line(session, "show pages/c/c")
    session.back()
    await board.heard.until(lambda: board.heard.lines(session).count("show pages/a/a") == 2)
    assert board.heard.lines(session) == [
        "load pages/a/a {}",
        "show pages/a/a",
        "hide pages/a/a",
        'load pages/b/b {"x":"1","y":"你"}',
        "show pages/b/b",
        "opened",
        "unload pages/b/b",
        "load pages/c/c {}",
        "stack pages/a/a,pages/c/c",
        "show pages/c/c",
        "unload pages/c/c",
        "show pages/a/a",
    ]
    assert [transition for _, transition, _ in board.heard.stacks[session.app_id]] == [
        "replace",
        "push",
        "replace",
        "pop",
    ]


async def test_a_tab_page_lives_on_and_is_sent_again_when_it_comes_back(board: Board) -> None:
    pages = {"pages/a/a": talkative(), "pages/b/b": talkative(), "pages/c/c": talkative()}
    session = await board.run(program(pages, tabs=["pages/a/a", "pages/b/b"]))
    for path in ("/pages/b/b", "pages/c/c", "pages/a/a"):  # from outside a path is from the root, slash or not
        session.open(path)
    await board.heard.until(lambda: board.heard.lines(session).count("tap 0 pages/a/a") == 1)
    assert board.heard.lines(session)[2:] == [
        "hide pages/a/a", "load pages/b/b {}", "show pages/b/b", "tap 1 pages/b/b",
        "hide pages/b/b", "load pages/c/c {}", "show pages/c/c",
        "unload pages/c/c", "show pages/a/a", "tap 0 pages/a/a",
    ]  # fmt: skip
    pages_shown, transition, _ = board.heard.stacks[session.app_id][-1]
    assert (transition, [page["id"] for page in pages_shown]) == ("tab", [1])
    assert board.heard.patches[session.app_id][-1][0] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("navigateTo({url: '/pages/none/none'})", 'navigateTo:fail page "pages/none/none" is not found'),
        ("navigateTo({url: '/pages/b/b'})", "navigateTo:fail can not navigateTo a tabbar page"),
        ("switchTab({url: '/pages/a/a'})", "switchTab:fail can not switch to no-tabBar page"),
        ("navigateBack()", "navigateBack:fail cannot navigate back at first page"),
        ("navigateTo({})", "navigateTo:fail parameter error: the value at url must be a string, not undefined"),
        ("pageScrollTo({selector: '#a'})", "pageScrollTo:fail the page has no #a"),
        ("pageScrollTo({})", "pageScrollTo:fail parameter error: the value at scrollTop must be a number of pixels"),
        ("pageScrollTo({scrollTop: -1})", "pageScrollTo:fail parameter error"),
    ],
)
async def test_navigation_that_cannot_be_fails(board: Board, call: str, message: str) -> None:
    code = f"wx.{call}.catch(e => console.log(e.errMsg))"
    pages = {"pages/a/a": f"Page({{onLoad(){{ {code} }}}})", "pages/b/b": "Page({})"}
    session = await board.run(program(pages, tabs=["pages/b/b"]))
    assert (await board.heard.line(session, "")).startswith(message)


async def test_at_most_ten_pages_are_open(board: Board) -> None:
    page = """Page({onLoad(){ console.log('depth', getCurrentPages().length);
      wx.navigateTo({url: 'a', fail: e => console.log(e.errMsg)}) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "navigateTo:fail page stack limit exceeded: 10 pages are open")
    assert "depth 10" in board.heard.lines(session)


async def test_pages_talk_through_the_event_channel(board: Board) -> None:
    a = """Page({onLoad(){ wx.navigateTo({url: '../b/b', events: {reply(d){ console.log('reply', d.n) }},
      success(r){ r.eventChannel.emit('ask', {n: 1}) }}) }})"""
    b = """Page({onLoad(){ const c = this.getOpenerEventChannel();
      c.on('ask', d => { console.log('ask', d.n); c.emit('reply', {n: d.n + 1}) }) }})"""
    session = await board.run(program({"pages/a/a": a, "pages/b/b": b}))
    await board.heard.line(session, "reply 2")


async def test_the_title_of_a_page_changes_on_the_screen(board: Board) -> None:
    page = "Page({onLoad(){ wx.setNavigationBarTitle({title: 'New'}).then(() => console.log('done')) }})"
    session = await board.run(
        program({"pages/a/a": page}, files={"pages/a/a.json": '{"navigationBarTitleText": "Old"}'})
    )
    await board.heard.line(session, "done")
    titles = [pages[0]["window"]["navigationBarTitleText"] for pages, _, _ in board.heard.stacks[session.app_id]]
    assert titles == ["Old", "New"]


async def test_an_unknown_first_page_is_told_to_the_app_and_the_first_page_opens(board: Board) -> None:
    app = "App({onPageNotFound(o){ console.log('no', o.path, o.query.q, o.isEntryPage) }})"
    session = await board.run(program({"pages/a/a": talkative()}, app=app), "/pages/gone/gone?q=1")
    await board.heard.line(session, "load pages/a/a")
    assert board.heard.lines(session)[0] == "no pages/gone/gone 1 true"


async def test_a_component_can_be_a_page(board: Board) -> None:
    page = """Component({behaviors: [Behavior({data: {b: 1}, methods: {help(){ return 'helped' }}})],
      properties: {p: {type: String, value: 'dflt'}, n: Number}, data: {d: 2},
      lifetimes: {attached(){ console.log('attached', JSON.stringify(this.data)) }, detached(){ console.log('detached') }},
      pageLifetimes: {show(){ console.log('page show') }},
      methods: {onLoad(q){ console.log('load', q.x, this.help()) }, onUnload(){ console.log('unload') }}})"""
    session = await board.run(program({"pages/a/a": page, "pages/b/b": "Page({})"}), "pages/a/a?x=1")
    await board.heard.line(session, "page show")
    assert board.heard.lines(session) == ['attached {"b":1,"d":2,"p":"dflt","n":0}', "load 1 helped", "page show"]


@pytest.mark.parametrize(
    ("page", "app", "said"),
    [
        (
            "Page({onVoiceIntent(i){ return i.intent + ' ' + i.slots.room + ' ' + i.text }})",
            "App({})",
            "light kitchen raw",
        ),
        ("Page({async onVoiceIntent(){ await null; return 'later' }})", "App({})", "later"),
        ("Page({})", "App({onVoiceIntent(){ return 'from the app' }})", "from the app"),
        ("Page({onVoiceIntent(){}})", "App({})", None),
        ("Page({onVoiceIntent(){ return new Promise(r => setTimeout(() => r('timer'), 5)) }})", "App({})", "timer"),
    ],
)
async def test_an_intent_is_answered(board: Board, page: str, app: str, said: str | None) -> None:
    session = await board.run(program({"pages/a/a": page}, app=app))
    assert await session.intent("light", {"room": "kitchen"}, "raw") == said


async def test_a_host_event_reaches_its_listeners(board: Board) -> None:
    session = await board.run(
        program({"pages/a/a": "Page({onLoad(){ wx.onNetworkStatusChange(r => console.log('net', r.isConnected)) }})"})
    )
    session.capability_event("networkStatusChange", {"isConnected": False})
    await board.heard.line(session, "net false")


async def test_a_refresh_that_the_program_starts_is_one_that_the_page_hears(board: Board) -> None:
    page = "Page({onLoad(){ wx.startPullDownRefresh() }, onPullDownRefresh(){ console.log('pull') }})"
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "pull")
    await board.heard.until(
        lambda: (
            ["set", 0, "refreshing", True]
            in [
                operation
                for _, operations, _ in board.heard.patches.get(session.app_id, [])
                for operation in operations
            ]
        )
    )


async def test_page_events_of_the_screen_reach_the_page(board: Board) -> None:
    page = """Page({onPullDownRefresh(){ console.log('pull'); wx.stopPullDownRefresh() }, onReachBottom(){ console.log('end') },
      onPageScroll(e){ console.log('scroll', e.scrollTop) }})"""
    session = await board.run(program({"pages/a/a": page}))
    session.node_event(1, 0, "pulldownrefresh", None, [], 0.0)
    session.node_event(1, 0, "reachbottom", None, [], 0.0)
    session.node_event(1, 0, "scroll", {"scrollTop": 9}, [], 0.0)
    await board.heard.line(session, "scroll 9")
    await board.heard.until(
        lambda: [["set", 0, "refreshing", False]] in [patch[1] for patch in board.heard.patches.get(session.app_id, [])]
    )
