"""Hostile JavaScript: a program hurts itself, and neither its runtime nor another program."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from device_runtime.program.limits import Limits
from device_runtime.program.session import ProgramSession, SessionError
from device_runtime.program.sessions import Sessions
from tests.program import attacks
from tests.program.attacks import Attack
from tests.program.running import Board, Recorder, button, program, surroundings, text, variable, view

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "Page({data: {n: 0, list: []}, tap() { %s }, onVoiceIntent() { return 'alive' }})"
OTHER = "Page({onVoiceIntent() { return 'alive' }})"
LIST = ["for", variable("list"), "item", "index", None, "a:1", [["element", "view", {}, {}, [], {}, []]]]
VIEW = view(text("n"), button("tap"), LIST)
# Another program, which wants nothing but to answer.
COUNT = "Page({data: {n: 0}, tap() { this.setData({n: this.data.n + 1}) }})"
WITNESS = program({"pages/a/a": COUNT}, views={"pages/a/a": view(text("n"), button("tap"))})


async def _board(limits: Limits) -> AsyncIterator[Board]:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder, limits))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board() -> AsyncIterator[Board]:
    """Handlers have a short time."""
    async for made in _board(attacks.QUOTAS):
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient() -> AsyncIterator[Board]:
    """Handlers have time enough, on a slow machine too, to come to what is refused."""
    async for made in _board(replace(attacks.QUOTAS, event_seconds=10.0)):
        yield made


def tap(session: ProgramSession) -> None:
    session.node_event(1, 2, "tap", {}, [], 0.0)


async def answer(session: ProgramSession) -> str:
    """What a program says to a request after its attack: ``alive``, or why it ended."""
    try:
        return await session.intent("any", {}, "") or ""
    except SessionError as error:
        return str(error)


async def assert_others_are_well(board: Board, session: ProgramSession) -> None:
    """The runtime did not fail, and the other program answers a tap."""
    lines = "\n".join(line for _, line, _ in board.heard.logs.get(session.app_id, []))
    assert "Traceback" not in lines
    assert "the runtime failed" not in lines
    witness = await board.run(WITNESS)
    patches = len(board.heard.patches[witness.app_id])
    tap(witness)
    await board.heard.until(lambda: len(board.heard.patches[witness.app_id]) > patches)
    await board.sessions.stop(session.app_id)
    await board.heard.exit(session)
    assert witness.running


async def attacked(board: Board, attack: Attack) -> tuple[ProgramSession, str]:
    pages = {"pages/a/a": PAGE % attack.code, "pages/b/b": OTHER}
    session = await board.run(program(pages, views={"pages/a/a": VIEW}))
    tap(session)
    return session, await answer(session)


def listed(*tables: list[Attack]) -> list[object]:
    return [pytest.param(attack, id=attack.name) for table in tables for attack in table]


@pytest.mark.parametrize("attack", listed(attacks.LOOPS, attacks.CROSSINGS))
async def test_the_program_goes_on(board: Board, attack: Attack) -> None:
    session, answered = await attacked(board, attack)
    assert answered == "alive"
    if attack.said:
        await board.heard.until(lambda: told(board, session, attack.said))
    await assert_others_are_well(board, session)


@pytest.mark.parametrize("attack", listed(attacks.REFUSED))
async def test_the_program_is_told_what_it_may_not(patient: Board, attack: Attack) -> None:
    session, answered = await attacked(patient, attack)
    await patient.heard.until(lambda: told(patient, session, attack.said))
    assert answered == "alive" if not attack.ends else attack.ends in answered
    await assert_others_are_well(patient, session)


async def test_what_cannot_be_stopped_ends_the_program(board: Board) -> None:
    """All at once, since each takes its time until the kernel ends it, and others do not notice."""
    attacks_and_ends = await asyncio.gather(*(attacked(board, attack) for attack in attacks.NATIVE))
    for attack, (session, answered) in zip(attacks.NATIVE, attacks_and_ends, strict=True):
        # Where the machine is fast enough, or stops in between, the program is told that it was late.
        assert attack.ends in answered or told(board, session, attacks.TIME), (attack.name, answered)
        await assert_others_are_well(board, session)


@pytest.mark.parametrize("attack", listed(attacks.GREED))
async def test_greed_ends_in_time_or_memory(board: Board, attack: Attack) -> None:
    session, answered = await attacked(board, attack)
    assert answered == "alive" or re.search(attacks.EITHER, answered)
    await board.heard.until(lambda: told(board, session, attack.said) or re.search(attacks.STUCK, answered))
    await assert_others_are_well(board, session)


@pytest.mark.parametrize("name", attacks.POLLUTION)
async def test_a_program_that_spoils_the_language_spoils_it_for_itself(board: Board, name: str) -> None:
    app = f"{attacks.BEFORE}\n{attacks.POLLUTION[name]}\nApp({{}})"
    pages = {"pages/a/a": attacks.ROUTINE, "pages/b/b": OTHER}
    session = await board.run(program(pages, views={"pages/a/a": VIEW}, app=app))
    tap(session)
    assert await answer(session) == "alive"
    tap(session)
    assert await answer(session) == "alive"
    await assert_others_are_well(board, session)


def told(board: Board, session: ProgramSession, said: str) -> bool:
    return any(re.search(said, found) for found, _ in board.heard.errors(session))
