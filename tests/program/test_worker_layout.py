# ruff: noqa: E501 a line of JavaScript reads better whole
"""What programs ask of and do to the layout of their pages: queries, observers, canvases, animations, scrolling."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from device_runtime.host.screen.layout import LayoutRequest
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.values import Value
from tests.program.components import component, made, page
from tests.program.running import Board, Recorder, constant, program, variable, view
from tests.program.services import Services

pytestmark = pytest.mark.asyncio(loop_scope="module")


class LayoutBoard(Board):
    """A board, and what its screens answer."""

    services: Services


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LayoutBoard]:
    services, recorder = Services(tmp_path_factory.mktemp("services")), Recorder()
    sessions = Sessions(services.surroundings(recorder))
    await sessions.start()
    made = LayoutBoard(sessions, recorder)
    made.services = services
    yield made
    await sessions.close()
    await services.close()


@pytest.fixture(autouse=True)
def _silent_screens(board: LayoutBoard) -> None:
    board.services.answers = None
    board.services.observed.clear()
    board.services.unobserved.clear()


def element(tag: str, kind: str, name: str = "", **attributes: Value) -> list[Any]:
    known: dict[str, Value] = {"class": kind, **attributes} | ({"id": name} if name else {})
    return ["element", tag, {key: constant(value) for key, value in known.items()}, {}, [], {}, []]


PAGE = view(
    element("view", "a b", "one"),
    ["element", "view", {"class": variable("kind")}, {"n": constant(7)}, [], {}, [], {"marks": {"m": constant(8)}}],
    element("canvas", "c", "new", type="2d"),
    ["element", "canvas", {"canvas-id": constant("old")}, {}, [], {}, []],
    element("video", "v", "film"),
    element("scroll-view", "s", "list"),
)
ONE, OTHER, CANVAS, OLD, FILM, LIST = 1, 2, 3, 4, 5, 6
BOX: dict[str, Any] = {"left": 1.0, "top": 2.0, "right": 31.0, "bottom": 22.0, "width": 30.0, "height": 20.0}
OFFSET: dict[str, Any] = {"scrollLeft": 0.0, "scrollTop": 5.0, "scrollWidth": 30.0, "scrollHeight": 90.0}


def screen(requests: Sequence[LayoutRequest]) -> list[dict[str, Value] | None]:
    """A screen on which every box is the same, but for that of the canvas, which is not there."""
    values: dict[str, Value] = {
        "rect": BOX, "size": {"width": 30.0, "height": 20.0}, "scrollOffset": OFFSET,
        "properties": {"scrollX": True}, "computedStyle": {"color": "rgb(0, 0, 0)"}, "textMetrics": {"width": 42.0},
    }  # fmt: skip
    return [None if request.node == CANVAS else {name: values[name] for name in request.fields} for request in requests]


async def run(board: LayoutBoard, code: str, **parts: Any) -> ProgramSession:
    page = f"Page({{data: {{kind: 'a'}}, onReady() {{ {code} }}}})"
    source = program({"pages/a/a": page} | parts.pop("pages", {}), views={"pages/a/a": PAGE}, **parts)
    return await board.run(source)


async def said(board: LayoutBoard, code: str, **parts: Any) -> list[Any]:
    """What the program's ``report(value)`` was given, up to ``report('end')``."""
    parts["app"] = (
        "global.report = (value) => console.log('R' + JSON.stringify(value === undefined ? null : value)); App({})"
    )
    session = await run(board, code, **parts)
    await board.heard.until(lambda: 'R"end"' in board.heard.lines(session) or board.heard.errors(session))
    assert board.heard.errors(session) == []
    return [json.loads(line[1:]) for line in board.heard.lines(session) if line.startswith("R")][:-1]


async def calls(board: LayoutBoard, session: ProgramSession, method: str, count: int = 1) -> list[list[Value]]:
    """The first calls of a method on nodes that the program made: ``[node, arguments]``."""

    def found() -> list[list[Value]] | None:
        made = [
            [operation[1], operation[3]]
            for _, operations, _ in board.heard.patches.get(session.app_id, [])
            for operation in operations
            if operation[0] == "call" and operation[2] == method
        ]
        return made if len(made) >= count else None

    return await board.heard.until(found)


# -- queries ----------------------------------------------------------------------------------------------------------


async def test_a_query_whose_page_was_closed_meanwhile_is_not_answered(board: LayoutBoard) -> None:
    board.services.answers = screen
    ask = "const ask = (page, name) => wx.createSelectorQuery().in(page).select('.b').boundingClientRect(() => report(name)).exec();"
    said_of = await said(
        board,
        f"{ask} this.onUnload = () => ask(this, 'closed'); wx.reLaunch({{url: '/pages/b/b'}})",
        pages={"pages/b/b": f"Page({{ onReady() {{ {ask} ask(this, 'next'); ask(this, 'end') }} }})"},
    )
    assert said_of == ["next"]


async def test_a_query_answers_each_selection_and_then_all_of_them(board: LayoutBoard) -> None:
    board.services.answers = screen
    code = """const query = wx.createSelectorQuery();
      query.select('.a').boundingClientRect((rect) => report(rect));
      query.selectAll('.a').fields({ id: true, dataset: true, mark: true, size: true, properties: ['scrollX'], computedStyle: ['color'] });
      query.selectViewport().scrollOffset();
      query.select('.none').boundingClientRect();
      query.exec((all) => { report(all.slice(1)); report('end') })"""
    assert await said(board, code) == [
        {"id": "one", "dataset": {}} | BOX,
        [
            [
                {
                    "id": name,
                    "dataset": dataset,
                    "mark": mark,
                    "width": 30,
                    "height": 20,
                    "scrollX": True,
                    "color": "rgb(0, 0, 0)",
                }
                for name, dataset, mark in (("one", {}, {}), ("", {"n": 7}, {"m": 8}))
            ],
            {"id": "", "dataset": {}} | OFFSET,
            None,
        ],
    ]


async def test_the_rectangle_of_fields_has_a_size_only_where_it_is_asked_for(board: LayoutBoard) -> None:
    board.services.answers = screen
    code = """wx.createSelectorQuery().select('#one').fields({ rect: true }, (rect) => report(Object.keys(rect).sort()))
      .select('#one').fields({ rect: true, size: true }, (rect) => report(Object.keys(rect).length))
      .exec(() => report('end'))"""
    assert await said(board, code) == [["bottom", "left", "right", "top"], 6]


@pytest.mark.parametrize("answers", [None, lambda requests: [None] * len(requests)])
async def test_without_a_screen_or_the_node_a_query_answers_null(board: LayoutBoard, answers: Any) -> None:
    board.services.answers = answers
    code = """wx.createSelectorQuery().select('.a').boundingClientRect().selectAll('.a').boundingClientRect()
      .selectViewport().scrollOffset().exec((all) => { report(all); report('end') })"""
    assert await said(board, code) == [[None, [], None]]


async def test_a_query_is_about_what_the_same_turn_has_set(board: LayoutBoard) -> None:
    asked: list[tuple[list[int], int]] = []

    def answer(requests: Sequence[LayoutRequest]) -> list[dict[str, Value] | None]:
        app_id = next(reversed(board.heard.patches))
        asked.append(([request.node for request in requests], len(board.heard.patches[app_id])))
        return screen(requests)

    board.services.answers = answer
    code = """wx.createSelectorQuery().selectAll('.a').boundingClientRect().exec(() => report('end'));
      this.setData({ kind: 'other' })"""
    await said(board, code)
    assert asked == [([ONE], 2)], "the screens had the patch before the question"


async def test_a_query_may_be_executed_again_and_in_a_page(board: LayoutBoard) -> None:
    board.services.answers = screen
    code = """const query = this.createSelectorQuery().in(this);
      query.select('.b').boundingClientRect((rect) => report(rect.width));
      query.exec(() => query.exec(() => wx.createSelectorQuery().in({}).select('.b').boundingClientRect()
        .exec((all) => { report(all); report('end') })))"""
    assert await said(board, code) == [30, 30, [None]]


async def test_a_query_looks_into_the_component_that_asks(board: LayoutBoard) -> None:
    board.services.answers = lambda requests: [{"rect": BOX | {"left": float(request.node)}} for request in requests]
    query = "this.createSelectorQuery().selectAll('.a').fields({ id: true, rect: true }).exec(([found]) => console.log(found.map(({ id }) => id).join()))"
    inner = f"Component({{ ready() {{ {query} }}, methods: {{}} }})"
    outer = "Page({ onReady() { wx.createSelectorQuery().in(this.selectComponent('#x')).select('.a').fields({ id: true, size: false }).exec(([one]) => console.log(one.id)) } })"
    session = await board.run(
        made(
            page("<view class='a' id='page'/><x id='x'><view class='a' id='light'/></x>", outer, x="/c/x"),
            component("c/x", "<view class='a' id='own'><slot/></view>", inner),
        )
    )
    await board.heard.until(lambda: len(board.heard.lines(session)) == 2)
    assert board.heard.lines(session) == ["own", "own"]


async def test_what_screens_have_no_node_for_is_not_asked_to_do_anything(board: LayoutBoard) -> None:
    code = """Page({ onReady() { this.animate('.v', [{ opacity: 0 }], 1, () => { this.setData({ gone: true });
      this.animate('.w', [{ opacity: 0 }], 1, () => console.log('done')) }) } })"""
    session = await board.run(
        made(
            page("<v class='v'/><view wx:if='{{!gone}}' class='w'/>", code, v="/c/v"),
            component("c/v", "x", "Component({ options: { virtualHost: true } })"),
        )
    )
    await board.heard.line(session, "done")
    operations = [operation for _, found, _ in board.heard.patches[session.app_id] for operation in found]
    assert [operation for operation in operations if operation[0] == "call"] == []


async def test_a_text_that_a_handler_of_input_returns_replaces_what_was_typed(board: LayoutBoard) -> None:
    code = "Page({ big({ detail }) { return detail.value.toUpperCase() }, none() { return 5 } })"
    session = await board.run(made(page("<input bindinput='big'/><input bindinput='none' bindblur='big'/>", code)))
    for node, kind in ((1, "input"), (2, "input"), (2, "blur")):
        session.node_event(1, node, kind, {"value": "abc"}, [], 0.0)
    session.attach("late")
    await board.heard.until(lambda: any(target == "late" for _, _, target in board.heard.patches[session.app_id]))
    operations = [operation for _, found, _ in board.heard.patches[session.app_id] for operation in found]
    assert [operation for operation in operations if operation[0] == "set"] == [["set", 1, "value", "ABC"]]


# -- observers --------------------------------------------------------------------------------------------------------


async def test_an_intersection_observer_hears_what_the_screen_tells(board: LayoutBoard) -> None:
    code = """const observer = this.createIntersectionObserver({ thresholds: [0, 0.5], initialRatio: 0.25, observeAll: true });
      observer.relativeTo('#list', { top: -10, left: 'x' }).observe('.a', (seen) => { console.log('seen', JSON.stringify(seen)); observer.disconnect() })"""
    session = await run(board, code)
    await board.heard.until(lambda: board.services.observed)
    ((page, observer, observation),) = board.services.observed
    assert observation.nodes == (ONE, OTHER)
    assert (observation.thresholds, observation.initial_ratio, observation.reference) == ((0.0, 0.5), 0.25, LIST)
    assert observation.margins == {"left": 0.0, "top": -10.0, "right": 0.0, "bottom": 0.0}

    seen: dict[str, Value] = {
        "intersectionRatio": 0.5, "intersectionRect": BOX, "boundingClientRect": BOX, "relativeRect": BOX, "time": 9.0,
    }  # fmt: skip
    session.capability_event("intersection", seen | {"page": page, "observer": observer, "node": ONE})
    session.capability_event("intersection", seen | {"page": page, "observer": observer + 1, "node": ONE})
    line = await board.heard.line(session, "seen")
    assert json.loads(line.removeprefix("seen ")) == seen | {"id": "one", "dataset": {}}
    await board.heard.until(lambda: board.services.unobserved == [observer])


async def test_a_closed_page_is_watched_no_more(board: LayoutBoard) -> None:
    code = "wx.createIntersectionObserver(this).relativeToViewport().observe('.a', () => {}); setTimeout(() => wx.redirectTo({url: '/pages/b/b'}), 1)"
    await run(board, code, pages={"pages/b/b": "Page({})"})
    await board.heard.until(lambda: board.services.unobserved)
    assert board.services.unobserved == [board.services.observed[0][1]]


async def test_a_media_query_observer_hears_at_once_and_when_the_answer_changes(board: LayoutBoard) -> None:
    code = """this.createMediaQueryObserver().observe({ minWidth: 400, maxHeight: 500 }, ({ matches }) => console.log('wide', matches));
      this.createMediaQueryObserver().observe({ orientation: 'portrait' }, ({ matches }) => console.log('tall', matches))"""
    session = await run(board, code)
    await board.heard.until(lambda: len(board.heard.lines(session)) == 2)
    for width, height in ((300, 500), (320, 500), (500, 300)):
        session.capability_event(
            "windowResize", {"windowWidth": width, "windowHeight": height, "screenWidth": width, "screenHeight": height}
        )
    await board.heard.until(lambda: len(board.heard.lines(session)) == 6)
    assert board.heard.lines(session) == [
        "wide true",
        "tall false",
        "wide false",
        "tall true",
        "wide true",
        "tall false",
    ]


# -- canvas -----------------------------------------------------------------------------------------------------------

GET = "wx.createSelectorQuery().select('#new').node().exec(([{ node }]) => {"


async def test_a_canvas_records_what_is_drawn(board: LayoutBoard) -> None:
    code = (
        GET
        + """const c = node.getContext('2d'); node.width = 200; node.height = 100;
      const g = c.createLinearGradient(0, 0, 9, 0); c.fillStyle = g; g.addColorStop(0, 'red'); g.addColorStop(1, '#00f');
      c.save(); c.translate(5, 6); c.rotate(0); c.scale(2, 2); c.fillRect(0, 0, 9, 9);
      const t = c.getTransform(); console.log(t.a, t.e, t.f); c.restore(); c.fillRect(1, 1, 2, 2);
      c.lineWidth = 'x'; c.lineWidth = 3; console.log(c.lineWidth, node.width, c.canvas === node);
      c.beginPath(); c.arc(1, 2, 3, 0, 6, true); c.fill('evenodd'); c.fillText('你', 1, 2); c.setLineDash([1, 2]); c.drawImage('x.png', 0, 0) })"""
    )
    session = await run(board, code)
    ((node, arguments),) = await calls(board, session, "draw")
    style = ["fillStyle", {"linear": [0, 0, 9, 0], "stops": [[0, "red"], [1, "#00f"]]}]
    assert node == CANVAS
    assert arguments == [[
        ["width", 200], ["height", 100], ["save"], ["translate", 5, 6], ["rotate", 0], ["scale", 2, 2], style,
        ["fillRect", 0, 0, 9, 9], ["restore"], style, ["fillRect", 1, 1, 2, 2], ["lineWidth", 3], ["beginPath"],
        ["arc", 1, 2, 3, 0, 6, True], ["fill", "evenodd"], ["fillText", "你", 1, 2], ["setLineDash", [1, 2]],
        ["drawImage", "/pages/a/x.png", 0, 0],
    ]]  # fmt: skip
    assert board.heard.lines(session) == ["2 5 6", "3 200 true"]


async def test_a_screen_that_comes_later_gets_what_was_drawn_since_the_canvas_was_cleared(board: LayoutBoard) -> None:
    code = (
        GET
        + """const c = node.getContext('2d'); node.width = 20; c.fillStyle = 'red'; c.scale(2, 2); c.fillRect(0, 0, 1, 1);
      setTimeout(() => { c.clearRect(0, 0, 5, 5); c.fillRect(2, 2, 1, 1) }, 5);
      setTimeout(() => { c.clearRect(0, 0, 20, 100); c.fillRect(3, 3, 1, 1); setTimeout(() => { c.fillRect(4, 4, 1, 1); console.log('drawn') }, 5) }, 20) })"""
    )
    session = await run(board, code)
    await board.heard.line(session, "drawn")
    session.attach("late")

    def late() -> list[Any] | None:
        for _, operations, target in board.heard.patches[session.app_id]:
            if target == "late":
                return [operation for operation in operations if operation[0] == "call"]
        return None

    assert await board.heard.until(late) == [["call", CANVAS, "draw", [[
        ["width", 20], ["height", 150], ["fillStyle", "red"], ["setTransform", 2, 0, 0, 2, 0, 0],
        ["clearRect", 0, 0, 20, 100], ["fillRect", 3, 3, 1, 1], ["fillRect", 4, 4, 1, 1],
    ]]]]  # fmt: skip


async def test_an_older_canvas_draws_when_it_is_told_to(board: LayoutBoard) -> None:
    code = """const c = wx.createCanvasContext('old', this); c.setFillStyle('red'); c.setFontSize(20); c.setTextBaseline('normal');
      c.fillText('x', 1, 2); c.draw(false, () => { c.setStrokeStyle('blue'); c.rect(0, 0, 9, 9); c.stroke(); c.draw(true, () => console.log('done', c.font)) })"""
    session = await run(board, code)
    await board.heard.line(session, "done 10px sans-serif")
    assert await calls(board, session, "draw", 2) == [
        [OLD, [[["reset"], ["fillStyle", "red"], ["font", "20px sans-serif"], ["fillText", "x", 1, 2]]]],
        [OLD, [[["save"], ["strokeStyle", "blue"], ["rect", 0, 0, 9, 9], ["stroke"], ["restore"]]]],
    ]


async def test_a_picture_says_its_size_and_a_missing_one_its_error(board: LayoutBoard) -> None:
    code = (
        GET
        + """const a = node.createImage(); const b = node.createImage();
      a.onload = () => { report([a.width, a.height, a.src, a.complete]); b.src = '../none.png' };
      b.onerror = ({ errMsg }) => { report(errMsg.slice(0, 40)); report('end') }; a.src = './a.svg' })"""
    )
    answers = await said(board, code, files={"pages/a/a.svg": "<svg width='32' height='20'></svg>"})
    assert answers == [[32, 20, "/pages/a/a.svg", True], "image:fail no such file or directory, op"]


async def test_text_is_measured_by_the_screen_and_guessed_without_one(board: LayoutBoard) -> None:
    code = (
        GET
        + """const c = node.getContext('2d'); c.font = 'bold 20px x'; report(c.measureText('ab').width); report(c.measureText('ab').width);
      report(Math.round(wx.createCanvasContext('old').measureText('中').width)); report('end') })"""
    )
    assert await said(board, code) == [22, 22, 10]
    asked: list[LayoutRequest] = []

    def answer(requests: Sequence[LayoutRequest]) -> list[dict[str, Value] | None]:
        asked.extend(requests)
        return screen(requests)

    board.services.answers = answer
    assert await said(board, code) == [42, 42, 42]
    assert [(request.font, request.text) for request in asked] == [("bold 20px x", "ab"), ("10px sans-serif", "中")]


async def test_a_canvas_is_read_back_from_a_screen_after_what_was_drawn_and_is_empty_without_one(
    board: LayoutBoard,
) -> None:
    code = GET + "node.getContext('2d').fillRect(1, 2, 3, 4); report(node.toDataURL()); report('end') })"
    assert await said(board, code) == ["data:,"]

    def answer(requests: Sequence[LayoutRequest]) -> list[dict[str, Value] | None]:
        if requests[0].properties != ("data-url",):
            return screen(requests)
        return [{"properties": {"data-url": "data:image/png;base64,AA=="}}]

    board.services.answers = answer
    assert await said(board, code) == ["data:image/png;base64,AA=="]


async def test_frames_of_a_canvas_come_and_can_be_called_off(board: LayoutBoard) -> None:
    code = (
        GET
        + """node.cancelAnimationFrame(node.requestAnimationFrame(() => report('called off')));
      node.requestAnimationFrame((time) => { report(typeof time); report('end') }) })"""
    )
    assert await said(board, code) == ["number"]


# -- code that acts on nodes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "method", "expected"),
    [
        ("wx.createVideoContext('film').seek(3)", "seek", [FILM, [3]]),
        ("wx.createVideoContext('film', this).play()", "play", [FILM, []]),
        ("wx.createAudioContext('film').setSrc('/a.mp3')", "setSrc", [FILM, ["/a.mp3"]]),
        ("wx.pageScrollTo({scrollTop: 90, duration: 0})", "scrollTo", [0, [{"duration": 0, "offset": 0, "top": 90}]]),
        ("wx.pageScrollTo({selector: '.b', offsetTop: -9})", "scrollTo", [0, [{"duration": 300, "offset": -9, "node": ONE}]]),
        ("this.animate('.b', [{ opacity: 0 }, { opacity: 1 }], 50)", "animate", [ONE, [[{"opacity": 0}, {"opacity": 1}], 50]]),
        ("this.animate('.b', [{ left: 0 }], 5, { scrollSource: '#list', timeRange: 9 })", "animate",
         [ONE, [[{"left": 0}], 5, LIST, {"scrollSource": "#list", "timeRange": 9}]]),
        ("this.clearAnimation('.b', { opacity: true })", "clearAnimation", [ONE, [["opacity"]]]),
        ("this.clearAnimation('.b')", "clearAnimation", [ONE, [None]]),
        ("this.createSelectorQuery().select('#list').node().exec(([{ node }]) => node.scrollTo({ top: 9, animated: false }))", "scrollTo",
         [LIST, [{"top": 9, "animated": False}]]),
        ("this.createSelectorQuery().select('#list').node().exec(([{ node }]) => node.scrollIntoView('.b', {}))", "scrollIntoView",
         [LIST, [ONE, {}]]),
        ("this.createSelectorQuery().select('#list').node().exec(([{ node }]) => { node.scrollEnabled = false })", "setting",
         [LIST, ["scrollEnabled", False]]),
        ("this.createSelectorQuery().select('#film').context(({ context }) => context.pause()).exec()", "pause", [FILM, []]),
    ],
)  # fmt: skip
async def test_code_reaches_the_component(board: LayoutBoard, code: str, method: str, expected: list[Any]) -> None:
    session = await run(board, code)
    assert (await calls(board, session, method))[0] == expected


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("wx.pageScrollTo({scrollTop: 0, duration: 1, success: (r) => console.log(r.errMsg)})", "pageScrollTo:ok"),
        ("this.animate('.b', [{opacity: 0}], 1, () => console.log('played'))", "played"),
        ("this.clearAnimation('.b', () => console.log('cleared'))", "cleared"),
    ],
)
async def test_what_takes_time_says_when_it_is_over(board: LayoutBoard, code: str, line: str) -> None:
    await board.heard.line(await run(board, code), line)
