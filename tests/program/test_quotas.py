"""Quotas that the host keeps itself: workers that are no worker of ours ignore what they should keep."""

import dataclasses
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board import BoardError, load_board
from device_runtime.program.account import Account
from device_runtime.program.allowance import Allowance
from device_runtime.program.limits import Limits
from device_runtime.program.log_lines import LogLines
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.program.usage import Usage, read_usage
from tests.program.running import Recorder, program, surroundings

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCS = Path(__file__).parents[2] / "docs"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running(body: str, limits: Limits) -> AsyncIterator[tuple[ProgramSession, Recorder]]:
    """A worker with a body of ``tests/program/hostile.py``, measured a hundred times a second."""
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder, limits), f"tests.program.hostile:{body}", watch_seconds=0.01)
    await sessions.start()
    try:
        yield await sessions.launch(program({"pages/a/a": ""})), recorder
    finally:
        await sessions.close()


async def test_a_worker_that_computes_without_end_is_warned_and_ended() -> None:
    async with running("busy", Limits(cpu_seconds_a_minute=0.2)) as (session, recorder):
        reason = "it needs more than the 0.2 s of processor time that it may use in a minute"
        assert await recorder.exit(session) == reason
        assert recorder.errors(session) == [(f"the program is ended: {reason}", "")]
        assert any(line.startswith("the program has nearly used up") for line in recorder.lines(session, "warn"))


async def test_a_worker_that_takes_memory_is_ended() -> None:
    async with running("greedy", Limits(worker_memory_mb=128)) as (session, recorder):
        reason = "it needs more than the 128 MB of memory that it may have in all"
        assert await recorder.exit(session) == reason
        assert recorder.errors(session) == [(f"the program is ended: {reason}", "")]


async def test_a_worker_that_sends_too_large_a_patch_is_ended() -> None:
    async with running("too_large_a_patch", Limits(patch_mb=1)) as (session, recorder):
        assert "at most 1048576 are allowed" in await recorder.exit(session)
        assert session.app_id not in recorder.patches


async def test_a_worker_that_calls_too_often_is_refused() -> None:
    async with running("too_many_calls", Limits(calls_a_second=40)) as (session, recorder):
        await recorder.line(session, "more than 40 calls in a second")
        assert session.running


async def test_a_worker_that_floods_its_log_loses_lines_and_not_the_host_its_time() -> None:
    limits = Limits(log_lines_a_second=20, messages_a_second=4000)
    async with running("too_many_lines", limits) as (session, recorder):
        assert await recorder.exit(session) == "all were sent"
        assert len(recorder.lines(session)) < 200


async def test_a_worker_waits_while_it_sends_too_much() -> None:
    """Its 2,000 lines go through at 10,000 a second, in pieces; what it sends last comes last, and nothing is lost."""
    limits = Limits(log_lines_a_second=10_000, messages_a_second=10_000)
    async with running("too_many_lines", limits) as (session, recorder):
        assert await recorder.exit(session) == "all were sent"
        assert recorder.lines(session) == [str(number) for number in range(2000)]


async def test_the_sum_of_small_events_is_ended_too() -> None:
    """Each call of a program keeps to its time, and all together use the processor up."""
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder, Limits(cpu_seconds_a_minute=0.3)), watch_seconds=0.02)
    await sessions.start()
    busy = "Page({onReady(){ setInterval(() => { for (let i = 0; i < 1e5; i++); }, 0) }})"
    try:
        session = await sessions.launch(program({"pages/a/a": busy}))
        assert "processor time" in await recorder.exit(session)
    finally:
        await sessions.close()


async def test_what_a_process_uses_is_read_from_the_kernel() -> None:
    usage = read_usage(os.getpid())
    assert usage is not None
    assert usage.cpu_seconds > 0
    assert usage.memory_bytes > 1024 * 1024
    assert read_usage(2**22 + 1) is None


async def test_an_allowance_comes_in_again() -> None:
    clock = Clock()
    allowance = Allowance(10.0, 5.0, clock)
    assert [allowance.spend() for _ in range(6)] == [True] * 5 + [False]
    clock.now += 0.125
    assert allowance.spend()
    assert not allowance.spend()
    assert allowance.owe(2.25) == pytest.approx(0.2)
    clock.now += 0.5
    assert allowance.left == pytest.approx(3.0)
    clock.now += 100.0
    assert allowance.left == 5.0


async def test_a_minute_of_a_core_is_shared_out() -> None:
    """Processor time is judged by what came since the last look, against what comes in meanwhile."""
    clock = Clock()
    account = Account(Limits(cpu_seconds_a_minute=30.0), clock)
    texts = []
    used = 0.0
    for seconds, spent in [(2, 2), (2, 2), (60, 0), (2, 25), (2, 2), (60, 20), (2, 4), (2, 25)]:
        clock.now += seconds
        used += spent
        verdict = account.judge(Usage(used, 0))
        texts.append("ended" if verdict.ends else "warned" if verdict.text else "")
    assert texts == ["", "", "", "warned", "", "", "", "ended"]


async def test_lines_that_are_lost_are_told_once() -> None:
    clock = Clock()
    lines = LogLines(2, clock)
    assert [lines.take("log") for _ in range(4)] == [(True, 0), (True, 0), (False, 0), (False, 0)]
    assert lines.take("error") == (False, 0)
    clock.now += 1.0
    assert lines.take("error") == (True, 3)
    assert [lines.take("error")[0] for _ in range(4)] == [True, True, True, False]


async def test_a_launch_carries_the_quotas_and_leaves_out_none() -> None:
    limits = Limits(event_seconds=0.5, nodes=123)
    assert Limits.read(limits.document()) == limits
    assert Limits.read({}) == Limits()
    assert set(limits.document()) == {item.name for item in dataclasses.fields(Limits)}


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


async def test_each_quota_is_described_with_its_default_and_range() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \| (\S+) \| (\S+ to \S+) \|", (DOCS / "quotas.md").read_text(), re.MULTILINE
    )
    assert rows == [
        (
            item.name,
            item.metadata["doc"],
            _shown(item.default),
            f"{_shown(item.metadata['minimum'])} to {_shown(item.metadata['maximum'])}",
        )
        for item in dataclasses.fields(Limits)
    ]


async def test_defaults_are_within_their_ranges() -> None:
    for item in dataclasses.fields(Limits):
        assert item.metadata["minimum"] <= item.default <= item.metadata["maximum"], item.name


async def test_a_board_sets_quotas_within_their_ranges(tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    head = 'name = "b"\ndescription = "a board"\n[screen]\nwidth = 480\nheight = 320\n[limits]\n'
    file.write_text(f"{head}nodes = 5000\ncpu_seconds_a_minute = 20\n", encoding="utf-8")
    assert load_board(file).limits == Limits(nodes=5000, cpu_seconds_a_minute=20.0)
    file.write_text(f"{head}nodes = 5\n", encoding="utf-8")
    with pytest.raises(BoardError, match=r"board.toml:7: 'limits.nodes' must be between 100 and 1000000, not 5"):
        load_board(file)
    file.write_text(f"{head}memory = 64\n", encoding="utf-8")
    with pytest.raises(BoardError, match=r"unknown key 'limits.memory'; did you mean 'memory_mb'"):
        load_board(file)


async def test_every_attack_of_the_page_is_a_test() -> None:
    page = (DOCS / "quotas.md").read_text(encoding="utf-8")
    tests = {
        name for file in Path(__file__).parents[1].rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }  # fmt: skip
    named = set(re.findall(r"`(test_\w+)`", page.partition("## What was tried")[2]))
    assert named
    assert named <= tests
