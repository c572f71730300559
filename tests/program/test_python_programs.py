"""Programs in Python on Linux: lives, calls, requests that are said, limits, and how they end."""

import asyncio
import os
import signal
import sysconfig
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from device_runtime.engine.isolation.confine import BARRIERS
from device_runtime.engine.workers import WorkerFactory
from device_runtime.program.limits import Limits
from device_runtime.program.package import Package
from device_runtime.program.session import ProgramSession, SessionError
from device_runtime.program.sessions import PYTHON_ENTRY, Sessions
from device_runtime.program.usage import read_usage
from tests.build.python_programs import build, write_program
from tests.program.running import Board, Recorder, surroundings

ROUTE = "pages/index/index"
VIEW = '<button id="a" bindtap="tap">{{n}}</button>'
PAGE = "from cygnet import CapabilityError, Page, call, log\n\n\nclass Index(Page):\n    data = {'n': 0}\n\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Board]:
    """One zygote for most tests of this module."""
    heard = Recorder()
    sessions = Sessions(surroundings(heard, Limits(event_seconds=0.3, memory_mb=16)))
    yield Board(sessions, heard)
    await sessions.close()


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Package]:
    """Builds a program of one page; ``body`` are its methods. Each has an id of its own."""

    def make(body: str, template: str = VIEW, own: str = "", **files: str) -> Package:
        identity = f"test.python.{abs(hash(request.node.nodeid))}"
        config = f'{{"app_id": "{identity}", "language": "python"{own}}}'
        methods = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        texts = {f"{ROUTE}.py": PAGE + methods, f"{ROUTE}.wxml": template, "cygnet.json": config}
        return build(write_program(tmp_path / "source", {**texts, **files})).package

    return make


def tap(session: ProgramSession, node: int = 1) -> None:
    session.node_event(1, node, "tap", {}, [], 1.0)


pytestmark = pytest.mark.asyncio(loop_scope="module")
Made = Callable[..., Package]
COUNT = "def tap(self, event):\n    self.set_data({'n': self.data['n'] + 1})\n"


def _shows(board: Board, session: ProgramSession, text: str) -> bool:
    return text in board.heard.texts(session)


async def test_a_tap_changes_the_page(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(made(COUNT))
    for expected in ("1", "2"):
        tap(session)
        await shared.heard.until(partial(_shows, shared, session, expected))


async def test_an_error_is_told_with_the_places_in_all_files(shared: Board, made: Made) -> None:
    files = {"lib/deep.py": "# é\n\ndef fail(x):\n    return x['é']\n"}
    page = "from lib.deep import fail\n" + PAGE + "    def tap(self, event):\n        fail({})\n"
    package = made("", **files, **{f"{ROUTE}.py": page})
    session = await shared.sessions.launch(package)
    tap(session)
    told, source = await shared.heard.error(session, "KeyError")
    assert source == "lib/deep.py:4:12"
    assert "at fail (lib/deep.py:4:12)\n    at tap (pages/index/index.py:9:9)" in told


async def test_a_line_of_the_log_has_its_place(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(
        made("def tap(self, event):\n    log('ä', 1, [2.5, None], {'a': (True,)})\n")
    )
    tap(session)
    await shared.heard.line(session, "ä", "info")
    assert ("info", "ä 1 [2.5, None] {'a': (True,)}", f"{ROUTE}.py:8:9") in shared.heard.logs[session.app_id]


async def test_storage_is_kept_and_what_is_refused_is_an_error_of_the_program(shared: Board, made: Made) -> None:
    body = (
        "def on_load(self, query):\n    log('found', call('storage.get', key='k'))\n"
        "def tap(self, event):\n    call('storage.set', key='k', value={'n': 1})\n"
        "    log('now', call('storage.get', key='k')['n'])\n"
        "    try:\n        call('storage.set', key='full', value=1)\n"
        "    except CapabilityError as error:\n        log('refused', error)\n    call('secret')\n"
    )
    package = made(body)
    session = await shared.sessions.launch(package)
    await shared.heard.line(session, "found None", "info")
    tap(session)
    await shared.heard.line(session, "now 1", "info")
    await shared.heard.line(session, "refused storage is full", "info")
    told, source = await shared.heard.error(session, "CapabilityError")
    assert "the manifest does not ask for the permission secret" in told
    assert source == f"{ROUTE}.py:16:9"
    await shared.sessions.stop(session.app_id)
    again = await shared.sessions.launch(package)
    await shared.heard.line(again, "found {'n': 1}", "info")


async def test_a_permission_in_the_manifest_opens_the_way(shared: Board, made: Made) -> None:
    own = ', "permissions": [{"name": "secret", "reason": "test"}]'
    session = await shared.sessions.launch(made("def tap(self, event):\n    log(call('secret'))\n", own=own))
    tap(session)
    shared.heard.release.set()
    await shared.heard.line(session, "{'late': True}", "info")


async def test_what_is_said_is_answered_by_the_page_or_the_app(shared: Board, made: Made) -> None:
    body = "def on_intent(self, intent):\n    return intent['intent'] + intent['slots']['a'] + intent['text']\n"
    session = await shared.sessions.launch(made(body))
    assert await session.intent("i", {"a": "s"}, "t") == "ist"


async def test_what_nobody_hears_is_an_error_and_silence_is_none(shared: Board, made: Made) -> None:
    app = (
        "from cygnet import App\n\n\nclass A(App):\n    def on_intent(self, intent):\n"
        "        if intent['text']:\n            raise ValueError('no')\n"
    )
    session = await shared.sessions.launch(made(COUNT, **{"app.py": app}))
    assert await session.intent("i", {}, "") is None
    with pytest.raises(SessionError, match="ValueError: no"):
        await session.intent("i", {}, "t")
    assert (await shared.heard.error(session, "ValueError"))[1] == "app.py:7:19"


async def test_a_field_that_is_bound_both_ways(shared: Board, made: Made) -> None:
    body = "def tap(self, event):\n    log(self.data['n'])\n"
    session = await shared.sessions.launch(made(body, '<input model:value="{{n}}"/><button bindtap="tap"/>'))
    session.node_event(1, 1, "input", {"value": "typed"}, [], 1.0)
    tap(session, 2)
    await shared.heard.line(session, "typed", "info")


async def test_the_page_hears_what_the_host_does(shared: Board, made: Made) -> None:
    body = "".join(f"def {name}(self):\n    log('{name}')\n" for name in ("on_show", "on_hide", "on_pull_down_refresh"))
    session = await shared.sessions.launch(made(body))
    session.hide()
    session.show()
    session.node_event(1, 0, "pulldownrefresh", None, [], 1.0)
    await shared.heard.line(session, "on_pull_down_refresh", "info")
    assert shared.heard.lines(session, "info") == ["on_show", "on_hide", "on_show", "on_pull_down_refresh"]


async def test_a_handler_that_hangs_is_stopped_and_the_third_in_a_row_ends_the_program(
    shared: Board, made: Made
) -> None:
    body = COUNT + "def hang(self, event):\n    while True:\n        pass\n"
    session = await shared.sessions.launch(made(body, VIEW + '<button bindtap="hang"/>'))
    for _ in range(2):
        tap(session, 3)
    tap(session)
    await shared.heard.until(lambda: "1" in shared.heard.texts(session))
    for _ in range(3):
        tap(session, 3)
    assert "3 calls in a row took longer than 0.3 s" in await shared.heard.exit(session)
    assert len(shared.heard.errors(session)) == 5


async def test_time_is_not_won_by_asking_the_host(shared: Board, made: Made) -> None:
    body = "def tap(self, event):\n    while True:\n        self.set_data({'n': 1})\n"
    session = await shared.sessions.launch(made(body))
    tap(session)
    await shared.heard.error(session, "took longer than 0.3 s")


async def test_waiting_for_the_host_costs_no_time(shared: Board, made: Made) -> None:
    shared.heard.release.clear()
    session = await shared.sessions.launch(made("def tap(self, event):\n    call('slow')\n    log('done')\n"))
    tap(session)
    await shared.heard.until(lambda: (session.app_id, "slow", {}) in shared.heard.calls)
    await asyncio.sleep(0.5)  # longer than an event may take
    shared.heard.release.set()
    await shared.heard.line(session, "done", "info")
    assert shared.heard.errors(session) == []


async def test_a_program_that_needs_too_much_memory_is_ended(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(
        made("def tap(self, event):\n    self.a = ['x' * 1000 for i in range(100000)]\n")
    )
    tap(session)
    assert "it needs more than the 16 MB it may have" in await shared.heard.exit(session)


async def test_errors_without_end_leave_memory_behind_until_the_program_is_ended_and_starts_anew(
    shared: Board, made: Made
) -> None:
    package = made(COUNT + "def fail(self, event):\n    raise ValueError('no')\n", VIEW + '<button bindtap="fail"/>')
    session = await shared.sessions.launch(package)
    began = _engine_bytes(session)
    # Each uncaught error leaves 0.3 KB in Monty: with no more than a megabyte to spare, some thousands are enough.
    worker = read_usage(session.worker_pid or 0)
    assert worker is not None
    room = (began + worker.memory_bytes) // 2**20 + 1
    session._account._limits = replace(session._account._limits, worker_memory_mb=room)
    for turn in range(60):
        for _ in range(200):
            tap(session, 3)
        tap(session)
        await shared.heard.until(partial(_shows_or_ended, shared, session, str(turn + 1)))
        if not session.running:
            break  # the host looks now and then
    reason = f"it needs more than the {room} MB of memory that it may have in all"
    assert await shared.heard.exit(session) == reason
    again = await shared.sessions.launch(package)
    tap(again)
    await shared.heard.until(lambda: "1" in shared.heard.texts(again))
    assert _engine_bytes(again) < began + 2**20


def _shows_or_ended(board: Board, session: ProgramSession, text: str) -> bool:
    return not session.running or _shows(board, session, text)


def _engine_bytes(session: ProgramSession) -> int:
    """What the program's Monty has in memory now."""
    companion = session._worker.companion if session._worker is not None else None
    usage = None if companion is None else read_usage(companion)
    assert usage is not None
    return usage.memory_bytes


async def test_endless_recursion_is_an_error(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(made(COUNT + "def on_hide(self):\n    self.on_hide()\n"))
    session.hide()
    assert "and " in (await shared.heard.error(session, "RecursionError"))[0]
    tap(session)
    await shared.heard.until(lambda: "1" in shared.heard.texts(session))


FAULTS = {
    "set_data": ("self.set_data({'a b..': 1})", "is not a data path"),
    "set_data with a list": ("self.set_data([])", "takes a dictionary, not a list"),
    "set_data with a set": ("self.set_data({'n': {1}})", "holds a set"),
    "set_data with a number as a name": ("self.set_data({'n': {1: 2}})", "has a member 1; names are texts"),
    "set_data with a number that is too large": ("self.set_data({'n': [2 ** 63]})", "number beyond 64 bits"),
    "a method that is not there": ("self.after(1, 'no')", "the page has no method 'no'"),
    "a timer of a year": ("self.after(9999999, 'tap')", "a timer runs for 0 to 86400 seconds"),
    "an address that is none": ("self.navigate_to(1)", "navigate_to does not take a int"),
    "too many navigations": ("[self.navigate_to('/a') for i in range(99)]", "more than 10 navigations at once"),
    "bytes for the host": ("call('echo', a=b'x')", "TypeError"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_page_may_not_do_is_an_error_at_its_line(fault: str, shared: Board, made: Made) -> None:
    statement, expected = FAULTS[fault]
    session = await shared.sessions.launch(made(f"def tap(self, event):\n    {statement}\n"))
    tap(session)
    _, source = await shared.heard.error(session, expected)
    assert source.startswith(f"{ROUTE}.py:8:")


async def test_a_file_that_fails_when_it_is_loaded_is_told_with_its_line(shared: Board, made: Made) -> None:
    files = {"lib/a.py": "x = 1\ny = x / 0\n", f"{ROUTE}.py": "from lib.a import y\n" + PAGE}
    session = await shared.sessions.launch(made("", **files))
    assert (await shared.heard.error(session, "ZeroDivisionError"))[1] == "lib/a.py:2:5"


async def test_names_of_one_file_are_not_those_of_another(shared: Board, made: Made) -> None:
    files = {
        "lib/a.py": "secret = 1\n\ndef get():\n    return secret\n",
        "lib/b.py": "secret = 2\n\ndef get():\n    return secret\n",
    }
    head = "from lib.a import get\nfrom lib.b import get as other\n"
    page = head + PAGE + "    def tap(self, event):\n        log(get(), other())\n"
    session = await shared.sessions.launch(made("", **files, **{f"{ROUTE}.py": page}))
    tap(session)
    await shared.heard.line(session, "1 2", "info")


async def test_what_the_toolchain_would_refuse_reaches_nothing(shared: Board, made: Made) -> None:
    """A package need not come from this toolchain: Monty and the barriers hold without the checker."""
    hostile = PAGE + (
        "    def tap(self, event):\n"
        "        for act in ('import os\\nos.system(\"id\")', 'open(\"/etc/passwd\").read()', 'import socket',"
        " '_host(\"setData\", \"[]\")', '_host(1)', 'import subprocess', '__import__(\"os\")'):\n"
        "            try:\n                exec(act)\n                log('could', act)\n"
        "            except Exception as error:\n                log('could not')\n"
    )
    package = made(COUNT)
    entries = {**package.entries, f"{ROUTE}.py": hostile.encode()}
    session = await shared.sessions.launch(Package(package.manifest, entries, "", "", 0))
    tap(session)
    await shared.heard.until(lambda: shared.heard.lines(session, "info").count("could not") == 7)
    assert [
        line for line in shared.heard.lines(session, "info") if line.startswith("could ") and "not" not in line
    ] == []


async def test_the_engine_ends_with_its_program_and_the_program_with_its_engine(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(made(COUNT))
    worker = session._worker
    assert worker is not None
    assert worker.companion is not None
    os.kill(worker.companion, signal.SIGKILL)
    tap(session)
    assert "the engine for programs in Python ended" in await shared.heard.exit(session)
    again = await shared.sessions.launch(made(COUNT))
    companion = again._worker.companion if again._worker is not None else None
    assert companion is not None
    await shared.sessions.stop(again.app_id)
    await shared.heard.until(lambda: not Path(f"/proc/{companion}").exists())


async def test_worker_and_engine_are_confined(shared: Board, made: Made) -> None:
    session = await shared.sessions.launch(made(COUNT))
    workers = shared.sessions._python
    assert workers is not None
    if "seccomp" in workers.missing:
        pytest.skip("this kernel has no filters")
    companion = session._worker.companion if session._worker is not None else None
    for process in (session.worker_pid, companion):
        assert _confined(Path(f"/proc/{process}"))


@pytest.mark.parametrize("without", ["namespaces empty-root", "landlock", "seccomp", " ".join(BARRIERS)])
async def test_programs_run_where_the_kernel_lacks_barriers(without: str, made: Made) -> None:
    heard = Recorder()
    barriers = [name for name in BARRIERS if name not in without.split()]
    workers = WorkerFactory(PYTHON_ENTRY, str(Limits().memory_bytes), barriers=barriers)
    session = ProgramSession(made(COUNT), workers, surroundings(heard))
    try:
        await session.start()
        tap(session)
        await heard.until(lambda: "1" in heard.texts(session))
    finally:
        await session.stop()
        await workers.close()


def _confined(process: Path) -> bool:
    status = (process / "status").read_text()
    links = [str(one.readlink()) for one in (process / "fd").iterdir()]
    return (
        "NoNewPrivs:\t1" in status
        and "Seccomp:\t2" in status
        and "CapEff:\t0000000000000000" in status
        and all(link.startswith("socket:") or link == "/dev/null" for link in links)
    )


async def test_without_the_extra_one_sentence_says_so(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    sessions = Sessions(surroundings(Recorder()))
    try:
        with pytest.raises(SessionError, match=r"cannot be started: it is a program in Python.* cygnet\[python\]$"):
            await sessions.launch(made(COUNT))
    finally:
        await sessions.close()
