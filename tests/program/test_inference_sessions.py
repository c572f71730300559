# ruff: noqa: E501 a line of JavaScript reads better whole
"""``wx.createInferenceSession`` in a real worker: WeChat's own example, and what is ours besides."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from tests.inference_parts import Service
from tests.program.running import Board, Program, Recorder, program, surroundings
from tests.program.services import Services

pytestmark = pytest.mark.asyncio(loop_scope="module")
FILES = {"models/own.tflite": "model", "models/mnist.onnx": "model", "models/broken.tflite": "broken"}
TENSORS = "{ x: { shape: [1, 4], data: new Float32Array([1, 2, 3, 4.5]).buffer, type: 'float32' }, q: { data: new Int8Array([1, 2]).buffer, type: 'int8' } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    made = Services(tmp_path_factory.mktemp("services"))
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(services: Services) -> AsyncIterator[Board]:
    recorder = Recorder()
    sessions = Sessions(services.surroundings(recorder))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()


@pytest.fixture(autouse=True)
def fresh(services: Services) -> None:
    """Models and ears as they were: nothing was opened, nothing fails."""
    fresh = Service()
    services.models.__dict__.update(fresh.__dict__)


def made(body: str, permissions: tuple[str, ...] = ("record",)) -> Program:
    app = "global.report = (...v) => console.log('R' + JSON.stringify(v)); global.done = () => report('end'); App({})"
    source = f"Page({{ onLoad() {{ {body} }} }})"
    return program({"pages/a/a": source}, FILES, app=app, permissions=permissions, models=["double", "alarms", "words"])


async def reports(board: Board, body: str, **members: Any) -> list[list[Any]]:
    """What the program reports, up to ``done()``."""
    session = await board.run(made(body, **members))
    await _until_line(board, session, 'R["end"]')
    assert board.heard.errors(session) == []
    await board.sessions.stop(session.app_id)
    return _reports(board, session)[:-1]


def _reports(board: Board, session: ProgramSession) -> list[list[Any]]:
    return [json.loads(line[1:]) for line in board.heard.lines(session) if line.startswith("R")]


async def _until_line(board: Board, session: ProgramSession, line: str) -> None:
    await board.heard.until(lambda: line in board.heard.lines(session) or board.heard.errors(session))


async def test_the_example_of_wechat_s_documentation_runs(board: Board) -> None:
    body = f"""
      const session = wx.createInferenceSession({{
        model: 'models/mnist.onnx', precisionLevel: 4, typicalShape: {{ x: [1, 4] }}, allowNPU: false, allowQuantize: false,
      }});
      session.onError((error) => {{ report('error', error); done() }});
      session.onLoad(() => {{
        session.run({TENSORS}).then((tensors) => {{
          const {{ shape, type, data }} = tensors.y;
          report(Object.keys(tensors), shape, type, data instanceof ArrayBuffer, Array.from(new Float32Array(data)));
          session.destroy(); session.destroy(); done();
        }});
      }});"""
    assert await reports(board, body) == [[["y"], [1, 4], "float32", True, [2, 4, 6, 9]]]


async def test_a_session_knows_its_model_when_it_is_loaded(board: Board) -> None:
    body = """
      const session = swan.createInferenceSession({ ability: 'sound-events' });
      session.onLoad(() => { report(session.name, session.task, session.labels, session.inputs[1], session.outputs[0].name); done() });"""
    scaled = {"name": "q", "shape": [2], "dtype": "int8", "scale": 0.5, "zero_point": 3}
    assert await reports(board, body) == [["alarms", "sound-events", ["loud"], scaled, "y"]]


async def test_a_run_that_comes_early_waits_for_the_model(board: Board) -> None:
    body = (
        f"wx.createInferenceSession({{ name: 'double' }}).run({TENSORS}).then((t) => {{ report(t.y.shape); done() }})"
    )
    assert await reports(board, body) == [[[1, 4]]]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("{ model: 'models/none.onnx' }", "no such file or directory, open models/none.onnx"),
        ("{ model: 'models/broken.tflite' }", "model models/broken.tflite cannot be loaded: it is broken"),
        ("{ ability: 'mind-reading' }", "this device has no model for 'mind-reading'"),
        ("{ name: 'secret' }", "the manifest does not list the model 'secret' under cygnet.models"),
        ("{}", "parameter error: one of model (a file), name (a shared model) and ability (a task) must be given"),
        ("undefined", "parameter error: one of model"),
        ("7", "parameter error: one of model"),
        ("{ model: 7 }", "parameter error: model must be a string"),
        ("{ model: 1n }", "parameter error: the value at model is a BigInt"),
        ("{ model: { toJSON() { throw 1 } } }", "parameter error: the value at model has a toJSON that throws"),
        ("{ get model() { throw new Error('no') } }", "parameter error: the value at model cannot be read"),
        ("new Proxy({}, { get() { throw new Error('no') } })", "parameter error: the value at model cannot be read"),
    ],
)
async def test_what_cannot_be_opened_is_heard_by_on_error_and_by_every_run(
    board: Board, options: str, sentence: str
) -> None:
    body = f"""
      const session = wx.createInferenceSession({options});
      session.onLoad(() => report('loaded'));
      session.onError(async (error) => {{
        report(error.errMsg);
        report(await session.run({{}}).catch((e) => e.errMsg));
        session.listen(); session.stop(); session.destroy(); done();
      }});"""
    opened, ran, *_ = await reports(board, body)
    assert opened[0].startswith("createInferenceSession:fail " + sentence)
    assert ran[0].startswith("InferenceSession.run:fail " + sentence)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ("{ x: { data: new ArrayBuffer(16) } }", "double needs the input 'q', which is missing"),
        ("undefined", "inputs must be an object of tensors"),
        ("{ x: { data: new ArrayBuffer(16), shape: [4, 1] }, q: {} }", "input 'x' of double: expected the shape [1, 4], got [4, 1]"),
        ("{ x: { data: new ArrayBuffer(16), type: 'uint8' }, q: {} }", "input 'x' of double: expected the type float32, got 'uint8'"),
        ("{ x: { data: new ArrayBuffer(15) }, q: {} }", "float32 [1, 4] takes 4 numbers in 16 bytes, got 15 bytes"),
        ("{ x: { data: 1n } }", "the value at tensors.x.data is a BigInt"),
        ("{ x: { get data() { throw new Error('no') } } }", "the value at tensors.x.data cannot be read: Error: no"),
    ],
)  # fmt: skip
async def test_a_run_that_does_not_fit_is_rejected_with_what_was_expected(
    board: Board, tensors: str, sentence: str
) -> None:
    body = (
        f"wx.createInferenceSession({{ name: 'double' }}).run({tensors}).catch((e) => {{ report(e.errMsg); done() }})"
    )
    ((told,),) = await reports(board, body)
    assert told.startswith("InferenceSession.run:fail parameter error: ")
    assert sentence in told


async def test_a_session_that_was_destroyed_runs_no_more(board: Board, services: Services) -> None:
    body = f"""
      const early = wx.createInferenceSession({{ name: 'double' }});
      const waiting = early.run({TENSORS}).catch((e) => e.errMsg);
      early.onLoad(() => report('loaded'));
      early.destroy();
      const session = wx.createInferenceSession({{ name: 'double' }});
      session.onLoad(async () => {{
        session.destroy();
        report(await waiting, await session.run({TENSORS}).catch((e) => e.errMsg));
        done();
      }});"""
    told = "InferenceSession.run:fail the session was destroyed"
    assert await reports(board, body) == [[told, told]]
    assert [session.closed for session in services.models.sessions] == [True, True]


async def test_an_error_that_nobody_listens_for_is_a_warning(board: Board) -> None:
    session = await board.run(made("wx.createInferenceSession({ ability: 'none' })"))
    told = await board.heard.line(session, "createInferenceSession:fail this device has no model for 'none'", "warn")
    assert "session.onError hears it" in told
    await board.sessions.stop(session.app_id)


async def _listening(board: Board, services: Services, body: str) -> ProgramSession:
    session = await board.run(made(body))
    await board.heard.until(lambda: services.ears.listeners)
    return session


async def test_what_is_heard_comes_by_its_label_until_it_stops(board: Board, services: Services) -> None:
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      session.listen(); session.listen();
      session.onResult(({ label, probability, seconds }) => {
        report(label, probability, seconds); session.stop(); session.stop(); done();
      });"""
    session = await _listening(board, services, body)
    services.ears.say(20_000)
    await _until_line(board, session, 'R["end"]')
    assert _reports(board, session)[0] == ["loud", 0.75, 0.032]
    await board.heard.until(lambda: not services.ears.listeners)
    assert services.models.sessions[0].resets == 1
    await board.sessions.stop(session.app_id)


async def test_a_session_is_told_what_the_microphone_gives(board: Board, services: Services) -> None:
    services.ears.told = ["waiting", "hearing"]
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      session.onMicrophone(({ state }) => { report(state); if (state === 'hearing') done(); });
      session.listen();"""
    session = await _listening(board, services, body)
    await _until_line(board, session, 'R["end"]')
    assert _reports(board, session)[:2] == [["waiting"], ["hearing"]]
    await board.sessions.stop(session.app_id)


async def test_two_sessions_hear_each_its_own(board: Board, services: Services) -> None:
    body = """
      for (const ability of ['sound-events', 'spoken-commands']) {
        const session = wx.createInferenceSession({ ability });
        session.onResult(() => report(ability));
        session.listen();
      }"""
    session = await board.run(made(body))
    await board.heard.until(lambda: len(services.ears.listeners) == 2)
    services.ears.say(20_000)
    await board.heard.until(lambda: len(_reports(board, session)) == 2)
    assert sorted(_reports(board, session)) == [["sound-events"], ["spoken-commands"]]
    await board.sessions.stop(session.app_id)
    await board.heard.until(lambda: not services.ears.listeners)


@pytest.mark.parametrize(
    ("permissions", "ability", "sentence"),
    [
        ((), "sound-events", "the manifest does not ask for the permission record"),
        (("record",), "", "model double does not listen"),
    ],
)
async def test_listening_that_is_refused_is_heard_by_on_error(
    board: Board, permissions: tuple[str, ...], ability: str, sentence: str
) -> None:
    options = f"{{ ability: '{ability}' }}" if ability else "{ name: 'double' }"
    body = f"""
      const session = wx.createInferenceSession({options});
      session.onError((error) => {{ report(error.errMsg); done() }});
      session.listen();"""
    ((told,),) = await reports(board, body, permissions=permissions)
    assert told == f"InferenceSession.listen:fail {sentence}"


async def test_a_microphone_that_is_lost_is_heard_and_may_be_listened_to_again(
    board: Board, services: Services
) -> None:
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      session.onError((error) => { report(error.errMsg); session.listen() });
      session.listen();"""
    session = await _listening(board, services, body)
    services.models.fails = "it ended while it ran"
    services.ears.say(0)
    await board.heard.until(lambda: _reports(board, session))
    services.models.fails = ""
    assert _reports(board, session)[0] == ["InferenceSession.listen:fail model alarms: it ended while it ran"]
    await board.heard.until(lambda: services.ears.listeners)
    await board.sessions.stop(session.app_id)


async def test_a_program_that_is_ended_in_the_middle_of_a_run_leaves_nothing(board: Board, services: Services) -> None:
    services.models.may_run.clear()
    body = f"const s = wx.createInferenceSession({{ name: 'double' }}); s.listen(); s.run({TENSORS})"
    session = await board.run(made(body))
    await asyncio.wait_for(services.models.running.wait(), 20)
    await board.sessions.stop(session.app_id)
    await board.heard.until(lambda: services.models.closed_owners)
    assert all(opened.closed for opened in services.models.sessions)
    services.models.may_run.set()


async def test_a_listener_that_throws_spoils_nothing(board: Board, services: Services) -> None:
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      session.onResult(() => { throw new Error('mine') });
      session.onResult(() => report('heard'));
      session.listen();"""
    session = await _listening(board, services, body)
    services.ears.say(20_000)
    await board.heard.until(lambda: _reports(board, session))
    assert "mine" in board.heard.errors(session)[0][0]
    await board.sessions.stop(session.app_id)


async def test_the_version_of_the_engine_is_told(board: Board) -> None:
    body = "wx.getInferenceEnvInfo({ success: (r) => { report(typeof r.ver, r.errMsg); done() } })"
    assert await reports(board, body) == [["string", "getInferenceEnvInfo:ok"]]


async def test_a_host_without_models_says_so_by_on_error(board: Board) -> None:
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      session.onError((error) => { report(error.errMsg, wx.canIUse('createInferenceSession')); done() });"""
    without = Recorder()
    sessions = Sessions(surroundings(without))
    try:
        found = await reports(Board(sessions, without), body)
    finally:
        await sessions.close()
    assert found == [["createInferenceSession:fail not supported on this host", False]]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ("{ tex: 'hello', ctp: 1, lan: 'zh' }", ("hello", "", 165, 50)),
        ("{ tex: 'hello', spd: '9', pit: 0, vol: '5' }", ("hello", "", 245, 0)),
    ],
)
async def test_swan_s_text_becomes_a_file_that_can_be_played(
    board: Board, services: Services, options: str, asked: tuple[str, str, int, int]
) -> None:
    services.synthesised.clear()
    body = f"""
      swan.ai.textToAudio({{ ...{options}, success(result) {{
        wx.getFileSystemManager().getFileInfo({{ filePath: result.filePath, success({{ size }}) {{ report(result.errMsg, size > 44); done() }} }});
      }} }});"""
    assert await reports(board, body) == [["ai.textToAudio:ok", True]]
    assert services.synthesised == [asked]


async def test_what_cannot_be_said_fails_in_swan_s_terms(board: Board) -> None:
    body = """
      swan.ai.textToAudio({ tex: '', fail: ({ errMsg }) => report(errMsg) });
      swan.ai.textToAudio({ tex: 'x', spd: 'fast' }).catch(({ errMsg }) => { report(errMsg); done() });"""
    assert await reports(board, body) == [
        ["ai.textToAudio:fail parameter error: text must hold something to say"],
        ["ai.textToAudio:fail parameter error: speed must be a number"],
    ]


async def test_who_listens_again_to_a_session_that_never_was_does_not_do_so_for_ever(board: Board) -> None:
    body = """
      let errors = 0;
      const session = wx.createInferenceSession({ ability: 'mind-reading' });
      session.onError(() => { errors++; session.listen(); setTimeout(() => { report(errors); done() }, 50) });"""
    assert await reports(board, body) == [[1]]
