"""Models in programs in Python: calls, what is heard, and what goes wrong."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from device_runtime.program.package import Package
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from tests.build.python_programs import build, write_program
from tests.inference_parts import Service
from tests.program.running import Board, Recorder
from tests.program.services import Services

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROUTE = "pages/index/index"
HEAD = "from cygnet import CapabilityError, Page, call, log\n\n\nclass Index(Page):\n"
Made = Callable[[str], Package]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    made = Services(tmp_path_factory.mktemp("services"))
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(services: Services) -> AsyncIterator[Board]:
    recorder = Recorder()
    sessions = Sessions(services.surroundings(recorder))
    yield Board(sessions, recorder)
    await sessions.close()


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest, services: Services) -> Made:
    services.models.__dict__.update(Service().__dict__)

    def make(body: str) -> Package:
        config = (
            f'{{"app_id": "test.models.{abs(hash(request.node.nodeid))}", "language": "python", "models": ["double"],'
            ' "permissions": [{"name": "record", "reason": "to listen"}]}'
        )
        methods = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        template = '<button id="a" bindtap="tap">{{n}}</button>'
        files = {f"{ROUTE}.py": HEAD + methods, f"{ROUTE}.wxml": template, "cygnet.json": config}
        return build(write_program(tmp_path / "source", files)).package

    return make


async def test_numbers_go_in_and_come_out_as_lists(board: Board, made: Made) -> None:
    body = """
def on_load(self, query):
    opened = call("inference.open", name="double")
    log([each["name"] for each in opened["inputs"]], opened["inputs"][0]["shape"], opened["inputs"][1]["scale"])
    inputs = {"x": {"data": [1, 2, 3, 4.5]}, "q": {"type": "int8", "data": [1, -2]}}
    answer = call("inference.run", session=opened["session"], inputs=inputs)
    log(answer["outputs"]["y"])
    call("inference.close", session=opened["session"])
"""
    session = await board.sessions.launch(made(body))
    await board.heard.line(session, "['x', 'q'] [1, 4] 0.5", "info")
    (answer,) = [line for line in board.heard.lines(session, "info") if "data" in line]
    assert answer == "{'shape': [1, 4], 'type': 'float32', 'data': [2.0, 4.0, 6.0, 9.0]}"
    await board.sessions.stop(session.app_id)


LISTENER = """
def on_load(self, query):
    self.session = call("inference.open", ability="sound-events")["session"]
    call("inference.listen", session=self.session)
def on_inference(self, result):
    log("heard", result["label"], result["probability"], result["seconds"], result["session"] == self.session)
    call("inference.stop", session=self.session)
"""


async def _listening(board: Board, services: Services, package: Package) -> ProgramSession:
    session = await board.sessions.launch(package)
    await board.heard.until(lambda: services.ears.listeners)
    return session


async def test_what_is_heard_comes_to_the_page_on_top(board: Board, services: Services, made: Made) -> None:
    session = await _listening(board, services, made(LISTENER))
    services.ears.say(20_000)
    await board.heard.line(session, "heard loud 0.75 0.032 True", "info")
    await board.heard.until(lambda: not services.ears.listeners)
    await board.sessions.stop(session.app_id)


async def test_a_page_that_does_not_listen_is_no_fault(board: Board, services: Services, made: Made) -> None:
    body = LISTENER.partition("def on_inference")[0] + "def tap(self, event):\n    log('tapped')\n"
    session = await _listening(board, services, made(body))
    services.ears.say(20_000)
    session.node_event(1, 1, "tap", {}, [], 1.0)
    await board.heard.line(session, "tapped", "info")
    assert board.heard.errors(session) == []
    await board.sessions.stop(session.app_id)
    await board.heard.until(lambda: not services.ears.listeners)


async def test_a_model_that_is_lost_is_told_in_the_log(board: Board, services: Services, made: Made) -> None:
    session = await _listening(board, services, made(LISTENER))
    services.models.fails = "it ended while it ran"
    services.ears.say(0)
    told, source = await board.heard.error(session, "hears no more")
    assert told == "session 1 hears no more: model alarms: it ended while it ran"
    assert source == ROUTE
    await board.sessions.stop(session.app_id)


async def test_what_is_refused_is_a_capability_error_in_the_program_s_own_file(board: Board, made: Made) -> None:
    body = """
def on_load(self, query):
    try:
        call("inference.open", ability="mind-reading")
    except CapabilityError as error:
        log("refused", error)
    session = call("inference.open", name="double")["session"]
    call("inference.run", session=session, inputs={"x": {"data": [1, 2, 3]}, "q": {"data": [1, 2]}})
"""
    session = await board.sessions.launch(made(body))
    await board.heard.line(session, "refused this device has no model for 'mind-reading'", "info")
    told, source = await board.heard.error(session, "CapabilityError")
    assert "input 'x' of double: float32 [1, 4] takes 4 numbers in 16 bytes, got 12 bytes" in told
    assert source == f"{ROUTE}.py:11:9"
    await board.sessions.stop(session.app_id)
