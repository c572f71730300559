# ruff: noqa: E501 a line of JavaScript reads better whole
"""What is said of wx and swan is true: against the typings of both dialects, and against a real worker."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner

from device_runtime.program.apis import ApiTableError, api_table, read_table
from device_runtime.program.sessions import Sessions
from firmware_tools.cli import cygnet
from tests.program import typings
from tests.program.running import Board, Recorder, program
from tests.program.services import Services

ROOT = Path(__file__).parents[2]
TABLE = api_table()
# What a program may ask for, so that no call fails for want of a permission.
ALL_PERMISSIONS = ("request", "record", "share")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Board]:
    services, recorder = Services(tmp_path_factory.mktemp("services")), Recorder()
    sessions = Sessions(services.surroundings(recorder))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()
    await services.close()


async def results(board: Board, code: str, **parts: object) -> list[object]:
    """What the program's ``report(value)`` was given, up to ``report('end')``."""
    app = "global.report = (value) => console.log('R' + JSON.stringify(value === undefined ? null : value)); App({})"
    page = f"Page({{ async onLoad() {{ {code}; report('end') }} }})"
    session = await board.run(program({"pages/a/a": page}, app=app, permissions=ALL_PERMISSIONS, **parts))  # type: ignore[arg-type]
    await board.heard.until(lambda: 'R"end"' in board.heard.lines(session) or board.heard.errors(session))
    assert board.heard.errors(session) == []
    await board.sessions.stop(session.app_id)
    return [json.loads(line[1:]) for line in board.heard.lines(session) if line.startswith("R")][:-1]


# -- the table and the typings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("dialect", "count"), [("wx", 495), ("swan", 199)])
def test_the_table_has_exactly_the_names_of_the_typings(dialect: str, count: int) -> None:
    declared = set(typings.wechat_methods() if dialect == "wx" else typings.swan_functions())
    assert len(declared) == count
    listed = {api.name for api in TABLE.apis.values() if dialect in api.dialects}
    assert declared - listed == set()
    assert listed - declared == set()


def test_the_members_of_wx_that_are_no_methods_are_in_the_table() -> None:
    assert typings.wechat_properties() == {"cloud", "env", "router", "worklet"}
    assert all(TABLE.apis[name].kind == "object" for name in typings.wechat_properties())


def test_what_the_typings_say_is_an_object_comes_from_a_factory() -> None:
    plain = re.compile(
        r"void|boolean|string|T|any\[\]|ArrayBuffer|IAnyObject|ClientRect|Promis.*|.*(Info|Setting|Result|App)"
    )
    for name, returned in typings.wechat_methods().items():
        # request and its kin make tasks, but are called with callbacks: they fail through those.
        if TABLE.apis[name].support == "none":
            assert (TABLE.apis[name].kind == "factory") == (not plain.fullmatch(returned)), (name, returned)


# -- the table and a worker -------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_every_supported_name_is_there_and_does_not_answer_not_supported(board: Board) -> None:
    names = [api.name for api in TABLE.apis.values() if api.support != "none" and api.kind != "object"]
    # Not called: what leaves the page under test. What is said of them is tested by the worker's own tests.
    leaving = [
        "navigateTo",
        "redirectTo",
        "reLaunch",
        "switchTab",
        "navigateBack",
        "exitMiniProgram",
        "restartMiniProgram",
    ]
    code = f"""
      const calls = {json.dumps([n for n in names if n not in leaving])};
      const own = (name) => name.startsWith('ai.') ? [swan.ai, name.slice(3)] : [wx, name];
      for (const name of {json.dumps(names)}) {{
        const [owner, key] = own(name);
        if (typeof owner[key] !== 'function' || !wx.canIUse(name)) report(name);
      }}
      for (const name of calls) {{
        try {{
          const [owner, key] = own(name);
          const kind = {json.dumps({n: TABLE.apis[n].kind for n in names})}[name];
          let heard;
          if (kind === 'call') {{
            await new Promise((done) => {{
              owner[key]({{ fail(e) {{ heard = e.errMsg }}, complete: done }});
              setTimeout(() => {{ heard = heard || 'hangs'; done() }}, 1500);
            }});
          }} else if (name.startsWith('off')) heard = wx[name]();
          else if (kind === 'listener' || /Idle|nextTick/.test(name)) heard = wx[name](() => {{}});
          else if (/^set.*Sync|^batch.*Sync|^remove.*Sync|^getStorageSync|Base64|base64/.test(name)) continue;
          else wx[name]({{}});
          if (/not supported on this host|hangs/.test(String(heard))) report(name + ': ' + heard);
        }} catch (error) {{ report(name + ': ' + error.message) }}
      }}"""
    assert await results(board, code) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_every_unsupported_name_fails_clearly_and_never_throws_or_hangs(board: Board) -> None:
    names = {api.name: api.kind for api in TABLE.apis.values() if api.support == "none"}
    assert {"call", "listener", "factory", "object"} == set(names.values())
    code = f"""
      const names = {json.dumps(names)};
      const said = (promise) => Promise.race([
        promise.then(() => 'succeeds', (e) => e.errMsg), new Promise((r) => setTimeout(r, 1000, 'hangs')),
      ]);
      const expect = (name, text, wanted) => {{ if (text !== wanted + ':fail not supported on this host') report([name, text]) }};
      for (const name of Object.keys(names)) {{
        try {{
          const owner = name.startsWith('ai.') ? swan.ai : wx;
          const key = name.replace('ai.', '');
          if (wx.canIUse(name)) report(name + ' can be used');
          if (names[name] === 'listener') {{ if (owner[key](() => {{}}) !== undefined) report(name); continue }}
          if (names[name] === 'call') {{
            expect(name, await said(owner[key]({{}})), name);
            expect(name, await new Promise((r) => owner[key]({{ fail: (e) => r(e.errMsg) }})), name);
            expect(name, await new Promise((r) => owner[key]({{ complete: (e) => r(e.errMsg) }})), name);
            continue;
          }}
          const made = names[name] === 'factory' ? owner[key]() : owner[key];
          made.src = 'x'; made.onError(() => {{}}); made.offError();
          if (made.src !== 'x') report(name + ' forgets');
          expect(name, await said(made.start()), name + '.start');
          expect(name, await new Promise((r) => made.stop({{ fail: (e) => r(e.errMsg) }})), name + '.stop');
        }} catch (error) {{ report(name + ' throws ' + error.message) }}
      }}"""
    assert await results(board, code) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_called_on_a_missing_object_never_becomes_a_type_error(board: Board) -> None:
    code = """
      const db = wx.cloud.database();
      report(await db.collection('a').where({ b: 1 }).get().catch((e) => e.errMsg));
      const camera = wx.createCameraContext();
      const heard = await new Promise((r) => { camera.onError(r); camera.takePhoto() });
      report([heard.errMsg, heard.errCode]);
      try { wx.cloud.nowSync() } catch (e) { report(e.message) }
      report([`${camera}`, JSON.stringify(camera), await camera === camera, swan.ai.getVoiceRecognizer().start instanceof Function])"""
    assert await results(board, code) == [
        "cloud.database.collection.where.get:fail not supported on this host",
        ["createCameraContext.takePhoto:fail not supported on this host", -1],
        "cloud.nowSync:fail not supported on this host",
        ["[object Object]", "{}", True, True],
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("request", True), ("request.object.url", True), ("request.object.enableHttp2", False),
        ("login", False), ("ai.ocrIdCard", False), ("nothing", False), ("", False), ("getBatteryInfo", True),
        ("getFileSystemManager.return.readFile", True), ("FileSystemManager.unzip", False), ("SocketTask.send", True),
        ("button", True), ("button.size.mini", True), ("button.open-type.share", True), ("button.open-type.getPhoneNumber", False), ("live-player", False),
        ("speak", True), ("getScreenBrightness", False), ("constructor", False), ("__proto__", False),
    ],
)  # fmt: skip
async def test_can_i_use_answers_from_the_table(board: Board, schema: str, expected: bool) -> None:
    assert await results(board, f"report(wx.canIUse({json.dumps(schema)}))") == [expected]


def test_the_components_are_those_that_the_screen_draws() -> None:
    index = (ROOT / "device_runtime/host/screen/web/components/index.js").read_text(encoding="utf-8")
    drawn = set(re.findall(r'^  "?([a-z-]+)"?: \w+,$', index, re.MULTILINE)) - {"page"}
    drawn -= {"web-view"}  # a placeholder with the address's host
    assert drawn <= set(TABLE.components)
    assert set(TABLE.components) - drawn == {"block"}


# -- what people read -------------------------------------------------------------------------------------------


def test_the_page_of_names_is_up_to_date() -> None:
    result = CliRunner().invoke(cygnet, ["program", "apis", "--markdown"])
    assert result.output == (ROOT / "docs/apis.md").read_text(encoding="utf-8"), (
        "run: cygnet program apis --markdown > docs/apis.md"
    )


def test_the_command_answers_for_one_name_for_all_and_for_what_is_missing() -> None:
    def said(*arguments: str) -> str:
        return CliRunner().invoke(cygnet, ["program", "apis", *arguments], catch_exceptions=False).output

    assert "needs the permission request" in said("wx.downloadFile")
    (login,) = json.loads(said("login", "--json"))
    assert (login["support"], login["dialects"]) == ("none", ["wx", "swan"])
    assert len(json.loads(said("--json"))) == len(TABLE.apis)
    assert "hideShareMenu" in said()
    assert "hideShareMenu" not in said("--missing")


def test_a_name_that_nobody_knows_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(cygnet, ["program", "apis", "downlodFile"])
    assert result.exit_code != 0
    assert "did you mean downloadFile?" in str(result.output) + str(result.exception)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"names": "a a", "topic": "t", "support": "full"}, "a stands in two rows"),
        ({"names": "a", "topic": "t", "support": "none"}, "does not say what is missing"),
        ({"names": "a", "topic": "t", "support": "full", "lacks": ["b"]}, "is not full"),
        ({"names": "a", "topic": "t", "support": "none", "note": "n", "kind": "plain"}, "no way to fail"),
        ({"names": "a", "topic": "t", "support": "some"}, "unknown support"),
        ({"names": "a", "topic": "t", "support": "full", "more": 1}, "unknown member more"),
        ({"names": "b", "topic": "t", "support": "full"}, "typings.both names a, which no row does"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(row: dict[str, object], message: str) -> None:
    document = {
        "typings": {"swan_only": "", "both": "a", "neither": ""},
        "api": [row],
        "components": {"names": "view", "lacks": {}},
    }
    with pytest.raises(ApiTableError, match=message):
        read_table(document)
