# ruff: noqa: E501 a line of JavaScript reads better whole
"""The host's side: starts, ends, refusals, and programs that misbehave."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from device_runtime.capability.registry import Caller, Capability, CapabilityGate
from device_runtime.engine.workers import WorkerFactory
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import PLATFORM_VERSION, read_manifest
from device_runtime.program.session import ProgramSession, SessionError
from device_runtime.program.sessions import Sessions
from device_runtime.values import Value
from tests.program.running import DEADLINE, Board, Program, Recorder, button, program, surroundings, text, view

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOP = "Page({tap(){ for (;;) {} }, onVoiceIntent(){ return 'hello' }})"
COUNT = "Page({data:{n:0}, tap(){ this.setData({n: this.data.n + 1}) }})"
TAPPED = {"pages/a/a": view(text("n"), button("tap"))}


def tap(session: ProgramSession) -> None:
    session.node_event(1, 2, "tap", {}, [], 0.0)


async def test_an_endless_loop_is_stopped_while_another_program_answers(board: Board) -> None:
    stuck = await board.run(program({"pages/a/a": LOOP}, views=TAPPED))
    other = await board.run(program({"pages/a/a": COUNT}, views=TAPPED))
    tap(stuck)
    tap(other)
    await board.heard.until(lambda: "1" in board.heard.texts(other))
    assert board.heard.errors(stuck) == []
    found, _ = await board.heard.error(stuck, "the handler tap took longer than 0.25 s")
    assert "stopped" in found
    assert await stuck.intent("any", {}, "") == "hello"


async def test_the_third_time_limit_in_a_row_ends_the_program(board: Board) -> None:
    session = await board.run(program({"pages/a/a": LOOP}, views=TAPPED))
    for _ in range(3):
        tap(session)
    assert "3 calls in a row took longer than 0.25 s" in await board.heard.exit(session)


async def test_promises_that_never_end_run_into_the_time_limit(board: Board) -> None:
    page = "Page({async tap(){ for (;;) await null }})"
    session = await board.run(program({"pages/a/a": page}, views=TAPPED))
    tap(session)
    await board.heard.error(session, "its promises ran longer than they may")


async def test_an_operation_that_cannot_be_interrupted_ends_the_worker(board: Board) -> None:
    page = "Page({tap(){ const a = new Array(1000000).fill(0); for (;;) { a.splice(0, 1); a.push(1) } }})"
    session = await board.run(program({"pages/a/a": page}, views=TAPPED))
    tap(session)
    assert "it did not come back from one operation in time" in await board.heard.exit(session)


async def test_a_program_that_eats_memory_is_ended_with_a_clear_log(board: Board) -> None:
    page = "Page({tap(){ const all = []; for (;;) all.push('x'.repeat(100000) + all.length) }})"
    session = await board.run(program({"pages/a/a": page}, views=TAPPED))
    tap(session)
    assert await board.heard.exit(session) == "it needs more than the 64 MB it may have"
    await board.heard.error(session, "the program is ended: it needs more than the 64 MB it may have")


async def test_deep_recursion_is_an_error_and_the_program_goes_on(board: Board) -> None:
    page = "Page({tap(){ const f = () => f() + 1; f() }, onVoiceIntent(){ return 'alive' }})"
    session = await board.run(program({"pages/a/a": page}, views=TAPPED))
    tap(session)
    await board.heard.error(session, "RangeError: Maximum call stack size exceeded")
    assert await session.intent("any", {}, "") == "alive"


async def test_a_killed_worker_is_reported_once_and_its_intents_fail(board: Board) -> None:
    page = "Page({onVoiceIntent(){ return new Promise(() => {}) }})"
    session = await board.run(program({"pages/a/a": page}))
    other = await board.run(program({"pages/a/a": COUNT}, views=TAPPED))
    waiting = asyncio.create_task(session.intent("any", {}, ""))
    await asyncio.sleep(0)
    assert session.worker_pid is not None
    os.kill(session.worker_pid, signal.SIGKILL)
    with pytest.raises(SessionError, match="SIGKILL"):
        await waiting
    assert await board.heard.exit(session) == "its worker ended: it was ended by the signal SIGKILL"
    await session.stop()
    session.show()
    assert not session.running
    tap(other)
    await board.heard.until(lambda: "1" in board.heard.texts(other))
    assert board.heard.exits[session.app_id] == ["its worker ended: it was ended by the signal SIGKILL"]


async def test_a_fault_of_the_runtime_is_logged_and_ends_the_worker(board: Board) -> None:
    session = await board.run(program({"pages/a/a": COUNT}))
    session._send_event("node", {"page": 1})  # an event without its members: no host does this
    assert "the runtime failed: TypeError" in await board.heard.exit(session)
    await board.heard.error(session, "Traceback")


async def test_events_without_end_do_not_starve_timers_and_navigation(board: Board) -> None:
    page = "Page({onLoad(){ setTimeout(() => wx.redirectTo({url: '/pages/b/b'}), 1) }, tap(){ for (let i = 0; i < 1e4; i++); }})"
    session = await board.run(
        program({"pages/a/a": page, "pages/b/b": "Page({onLoad(){ console.log('b') }})"}, views=TAPPED)
    )
    while not board.heard.lines(session):
        for _ in range(50):
            tap(session)
        await asyncio.sleep(0)
    assert board.heard.lines(session) == ["b"]


async def test_stopping_ends_the_worker_without_a_complaint(board: Board) -> None:
    session = await board.run(program({"pages/a/a": COUNT}))
    pid = session.worker_pid
    assert pid is not None
    await session.stop()
    await session.stop()
    assert board.heard.exits[session.app_id] == [""]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_launch_of_a_running_program_opens_the_path_in_it(board: Board) -> None:
    source = program(
        {"pages/a/a": "Page({onLoad(){ console.log('a') }})", "pages/b/b": "Page({onLoad(){ console.log('b') }})"}
    )
    first, second = await asyncio.gather(board.run(source), board.run(source, "/pages/b/b"))
    assert first is second
    await board.heard.line(first, "b")


async def test_a_late_screen_gets_the_stack_and_every_page(board: Board) -> None:
    pages = {
        "pages/a/a": "Page({data:{n:'one'}, onReady(){ wx.navigateTo({url: '/pages/b/b'}) }})",
        "pages/b/b": "Page({data:{n:'two'}})",
    }
    session = await board.run(program(pages, views={"pages/a/a": view(text("n")), "pages/b/b": view(text("n"))}))
    await board.heard.until(lambda: len(board.heard.stacks[session.app_id]) == 2)
    session.attach("screen-2")
    found = await board.heard.until(
        lambda: (
            [patch for patch in board.heard.patches[session.app_id] if patch[2] == "screen-2"][1:]
            and [patch for patch in board.heard.patches[session.app_id] if patch[2] == "screen-2"]
        )
    )
    assert [(page, operations[0][3][1]) for page, operations, _ in found] == [(1, "one"), (2, "two")]  # type: ignore[index]
    assert board.heard.stacks[session.app_id][-1][1:] == ("none", "screen-2")


async def test_a_waiting_call_does_not_hold_up_the_program(board: Board) -> None:
    page = """Page({onLoad(){ wx.slow({success: r => console.log('late', r.late)}); wx.echo({success: () => console.log('first')}) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "first")
    board.heard.release.set()
    await board.heard.line(session, "late true")
    board.heard.release.clear()


async def test_more_calls_than_may_wait_are_refused(board: Board) -> None:
    page = """Page({onLoad(){ let refused = 0; for (let i = 0; i < 300; i++) wx.slow({fail: e => { if (++refused === 44) console.log(e.errMsg) }}) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "slow:fail more than 256 calls are waiting")
    await board.sessions.stop(session.app_id)


@pytest.mark.parametrize(
    ("page", "message"),
    [("Page({})", "has no onVoiceIntent"), ("Page({onVoiceIntent(){ throw new Error('oops') }})", "Error: oops")],
)
async def test_an_intent_that_cannot_be_answered_is_an_error(board: Board, page: str, message: str) -> None:
    session = await board.run(program({"pages/a/a": page}))
    with pytest.raises(SessionError, match=message):
        await session.intent("any", {}, "")


async def test_an_intent_has_a_deadline(board: Board) -> None:
    source = program({"pages/a/a": "Page({onVoiceIntent(){ return new Promise(() => {}) }})"})
    session = ProgramSession(source, board.sessions.workers, surroundings(board.heard, intent_seconds=0.05))
    await session.start()
    with pytest.raises(SessionError, match=r"did not answer 'ask' within 0\.05 s"):
        await session.intent("ask", {}, "")
    assert session.running
    await session.stop()


async def test_a_page_without_a_template_says_so_and_runs(board: Board) -> None:
    source = program({"pages/a/a": "Page({onReady(){ console.log('ready') }})"}, views={"pages/a/a": b'{"format": 99}'})
    session = await board.run(source)
    await board.heard.error(session, "pages/a/a.view: the template is in format 99")
    await board.heard.line(session, "ready")


async def test_a_flood_of_log_lines_is_cut(board: Board) -> None:
    page = "Page({onLoad(){ for (let i = 0; i < 2000; i++) console.log('n' + i); setTimeout(() => console.warn('end'), 1100) }})"
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "end", "warn")
    assert len(board.heard.lines(session)) < 700
    await board.heard.line(session, "1", "warn")


async def test_a_launch_that_is_too_large_is_refused(board: Board) -> None:
    source = program({"pages/a/a": "Page({})"})
    board.heard.stored[source.manifest.app_id] = {"big": "x" * (17 * 1024 * 1024)}
    with pytest.raises(SessionError, match="source files and storage are too large"):
        await board.run(source)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("oversize", "announces 1073741824 bytes"),
        ("garbage", "is not msgpack"),
        ("unknown_kind", "known kind"),
        ("a_response", "a worker may not send"),
        ("an_unknown_event", "a worker may not send"),
        ("bad_stack", "a stack event holds what is no page"),
        ("bad_patch", "a patch holds what is no operation"),
        ("silent", "did not show its first page within 0.3 s"),
    ],
)
async def test_a_worker_that_breaks_the_protocol_is_ended(body: str, reason: str) -> None:
    recorder = Recorder()
    workers = WorkerFactory(f"tests.program.hostile:{body}")
    session = ProgramSession(
        program({"pages/a/a": ""}), workers, surroundings(recorder, start_seconds=0.3 if body == "silent" else 10.0)
    )
    try:
        with pytest.raises(SessionError, match=reason):
            await session.start()
        assert [reason in exit_reason for exit_reason in recorder.exits[session.app_id]] == [True]
        assert not session.running
    finally:
        await workers.close()


async def test_the_host_says_how_workers_are_prepared() -> None:
    recorder = Recorder()
    workers = WorkerFactory("tests.program.hostile:told", "16777216", "and more")
    session = ProgramSession(program({"pages/a/a": ""}), workers, surroundings(recorder))
    try:
        await session.start()
        assert recorder.lines(session) == ["16777216 and more"]
    finally:
        await session.stop()
        await workers.close()


async def test_a_worker_that_was_got_ready_is_that_of_the_next_program() -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        await sessions.start()
        first = await sessions.launch(program({"pages/a/a": ""}))
        forked = await sessions.workers.prepare_worker()
        second = await sessions.launch(program({"pages/a/a": ""}))
        assert second.worker_pid == forked.pid
        assert first.worker_pid != second.worker_pid
    finally:
        await sessions.close()


async def test_a_worker_that_ended_while_it_waited_is_nobodys() -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        await sessions.start()
        waiting = await sessions.workers.prepare_worker()
        waiting.kill()
        await waiting.ended
        session = await sessions.launch(program({"pages/a/a": ""}))
        assert session.worker_pid not in (None, waiting.pid)
    finally:
        await sessions.close()


async def test_a_worker_that_waits_is_seen_to_its_end() -> None:
    sessions = Sessions(surroundings(Recorder()))
    await sessions.start()
    waiting = await sessions.workers.prepare_worker()
    await sessions.close()
    assert waiting.ended.result() == 0


async def test_a_killed_zygote_ends_its_programs_and_the_next_launch_starts_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        source: Program = program({"pages/a/a": COUNT}, views=TAPPED)
        session = await sessions.launch(source)
        killed = sessions.workers.zygote_pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert "zygote" in await recorder.exit(session)
        again = await sessions.launch(source)
        assert sessions.workers.zygote_pid not in (None, killed)
        tap(again)
        await recorder.until(lambda: "1" in recorder.texts(again))
        assert recorder.exits[session.app_id] == [recorder.exits[session.app_id][0]]
        assert f"the zygote (process {killed}) ended" in caplog.text
    finally:
        await sessions.close()


async def test_closing_ends_every_process() -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder, Limits(memory_mb=16)))
    session = await sessions.launch(program({"pages/a/a": COUNT}))
    pids = [session.worker_pid, sessions.workers.zygote_pid]
    await sessions.close()
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert recorder.exits[session.app_id] == [""]


async def test_workers_die_with_the_host() -> None:
    """The host is killed: its zygote sees the end of its socket, and the workers go with it."""
    code = (
        "import asyncio\n"
        "from device_runtime.program.sessions import Sessions\n"
        "from tests.program.running import Recorder, program, surroundings\n"
        "async def main():\n"
        "    sessions = Sessions(surroundings(Recorder()))\n"
        "    session = await sessions.launch(program({'pages/a/a': 'Page({})'}))\n"
        "    print(session.worker_pid, sessions.workers.zygote_pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    host = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert host.stdout is not None
    pids = [int(number) for number in (await host.stdout.readline()).split()]
    host.kill()
    await host.wait()

    def gone(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    await Recorder().until(lambda: all(gone(pid) for pid in pids))


async def test_a_call_that_waits_for_its_answer_is_not_held_up_by_others(board: Board) -> None:
    code = """for (let i = 0; i < 40; i++) wx.slow({ complete() {} });
      wx.setStorageSync('a', 1); console.log('set')"""
    session = await board.run(program({"pages/a/a": f"Page({{ onLoad() {{ {code} }} }})"}))
    assert await board.heard.line(session, "set")
    await board.sessions.stop(session.app_id)


async def test_calls_and_kept_work_are_cancelled_before_the_end_is_told() -> None:
    recorder = Recorder()
    events: list[str] = []
    started = asyncio.Event()

    async def wait(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # ending may take a turn of the loop
            events.append(name)

    async def both(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        caller.keep(wait("kept work"))
        started.set()
        await wait("call")
        return None

    def ended(app_id: str, reason: str) -> None:
        events.append("end")

    recorder.on_exit = ended  # type: ignore[method-assign] # the one thing that this test listens to
    around = surroundings(recorder)
    sessions = Sessions(replace(around, gate=CapabilityGate([Capability("both", both)])))
    await sessions.start()
    session = await sessions.launch(program({"pages/a/a": "Page({ onLoad() { wx.both({ complete() {} }) } })"}))
    await started.wait()
    await sessions.stop(session.app_id)
    await sessions.close()
    assert sorted(events[:2]) == ["call", "kept work"]
    assert events[2:] == ["end"]


async def test_a_program_that_needs_a_newer_device_is_not_started(board: Board) -> None:
    source = program({"pages/a/a": "Page({})"})
    document = dict(source.manifest.document) | {"platform_version": {"min_code": PLATFORM_VERSION + 1}}
    with pytest.raises(SessionError, match=f"needs platform version {PLATFORM_VERSION + 1}, and this device has"):
        await board.run(Program(read_manifest(document), source.entries))


async def test_a_launch_that_is_given_up_before_its_worker_is_heard_ends_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    source = program({"pages/a/a": COUNT}, views=TAPPED)
    connecting = asyncio.Event()

    async def connect_never(*_: object) -> None:
        connecting.set()
        await asyncio.Event().wait()

    try:
        with monkeypatch.context() as patched:
            patched.setattr("device_runtime.program.session.open_worker", connect_never)
            launching = asyncio.create_task(sessions.launch(source))
            await connecting.wait()
            launching.cancel()
            async with asyncio.timeout(DEADLINE):
                await asyncio.wait([launching])
        session = await sessions.launch(source)
        tap(session)
        await recorder.until(lambda: "1" in recorder.texts(session))
    finally:
        await sessions.close()
