# ruff: noqa: E501 a line of JavaScript reads better whole
"""What the host answers a program arrives whole, whatever it is and whatever the program did to the language."""

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
import pytest_asyncio

from device_runtime.capability.registry import Caller, Capability, CapabilityGate
from device_runtime.program.sessions import Sessions
from device_runtime.values import Value
from tests.program.attacks import BEFORE, POLLUTION
from tests.program.running import Board, Recorder, program, surroundings

pytestmark = pytest.mark.asyncio(loop_scope="module")


def nested(levels: int) -> Value:
    value: Value = "in the middle"
    for _ in range(levels):
        value = [value]
    return value


ANSWERS: dict[str, Value] = {
    "numbers": {"list": [2**64 - 1, -(2**63), 2**53 + 2, math.nan, math.inf, -math.inf, -0.0, 1.5, True, None]},
    "members": {"constructor": 2, "toString": 3, "type": "t", "a": {"value": 4}, "\r": 5},
    "bytes": {"data": b"\x01\x02", "list": [b"", b"\xff"], "text": "\r\r"},
    "deep": {"value": nested(300)},
    "deeper": {"value": nested(3000)},
    "text": {"value": "a\u2028b\u4e2d\U0001f600\x00\r"},
}

ASK = """
const seen = (v) => typeof v === 'number' ? (Object.is(v, -0) ? '-0' : String(v)) : v instanceof Uint8Array
  ? 'bytes ' + v.length : v === null || typeof v !== 'object' ? JSON.stringify(v) : Array.isArray(v)
  ? '[' + v.map(seen).join(' ') + ']' : '{' + Object.keys(v).filter(k => k !== 'errMsg').map(k => JSON.stringify(k) + ':' + seen(v[k])).join(' ') + '}';
Page({onReady() { wx.given({name: '%s', success(r) { console.log('got', seen(r)) } }) }, onVoiceIntent() { return 'alive' }})
"""

EXPECTED = {
    "numbers": '{"list":[18446744073709552000 -9223372036854776000 9007199254740994 NaN Infinity -Infinity -0 1.5 true null]}',
    "members": '{"constructor":2 "toString":3 "type":"t" "a":{"value":4} "\\r":5}',
    "bytes": '{"data":bytes 2 "list":[bytes 0 bytes 1] "text":"\\r\\r"}',
    "deep": '{"value":' + "[" * 300 + '"in the middle"' + "]" * 300 + "}",
    "text": '{"value":"a\u2028b\u4e2d\U0001f600\\u0000\\r"}',
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board() -> AsyncIterator[Board]:
    async def give(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        return ANSWERS[str(arguments["name"])]

    recorder = Recorder()
    sessions = Sessions(replace(surroundings(recorder), gate=CapabilityGate([Capability("given", give)])))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()


@pytest.mark.parametrize(
    "spoilt",
    ["", "a setter at Array.prototype[0]", "setters on Object.prototype that throw", "frozen prototypes"],
)
@pytest.mark.parametrize("name", EXPECTED)
async def test_what_the_host_answers_arrives_whole(board: Board, name: str, spoilt: str) -> None:
    app = f"{BEFORE}\n{POLLUTION.get(spoilt, '')}\nApp({{}})"
    session = await board.run(program({"pages/a/a": ASK % name}, app=app))
    assert await board.heard.line(session, "got") == f"got {EXPECTED[name]}"
    await board.sessions.stop(session.app_id)


async def test_what_no_stack_can_hold_is_said_and_the_program_goes_on(board: Board) -> None:
    session = await board.run(program({"pages/a/a": ASK % "deeper"}))
    assert await session.intent("any", {}, "") == "alive"
    await board.sessions.stop(session.app_id)
