"""A test that outlives its timeout ends its process, with all stacks, and the run goes on without it.

pytest-timeout raises an exception in the test. That does not end every hang: hypothesis takes the exception for a
failing example and tries the example again, with no timeout; a task of the event loop may swallow it; a clean-up may
wait for what never comes; a native call may not return at all.
"""

import faulthandler
import functools
import os
from collections.abc import Generator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if seconds := seconds_of(item):
        faulthandler.dump_traceback_later(2 * seconds, file=_standard_error(), exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@functools.cache
def _standard_error() -> int:
    """A descriptor of its own, made before a test begins and its output is captured."""
    return os.dup(2)


def seconds_of(item: pytest.Item) -> float:
    """What the test has by its mark ``timeout``, or by the option or the setting of that name; 0: as long as it likes,
    as in a debugger."""
    mark = item.get_closest_marker("timeout")
    if mark is not None:
        return float(mark.args[0])
    option = item.config.getoption("timeout", None)
    return float(option if option is not None else item.config.getini("timeout"))


class Scheduling(LoadGroupScheduling):  # type: ignore[misc] # xdist has no types
    """Survives processes that end in the middle of a test.

    pytest-xdist 3.8 has that test run again and again, and hands a new process a single test, which waits for a second
    one, or for the word that there is none.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        """Hand to others what this one did not begin; the test in which it ended, if any."""
        work = self.assigned_work.pop(node)
        began = next((test for unit in work.values() for test, done in unit.items() if not done), None)
        for scope, unit in work.items():
            left = {test: False for test, done in unit.items() if not done and test != began}
            if left:
                self.workqueue[scope] = left
        for other in self.assigned_work:
            self._reschedule(other)
        return began

    def _reschedule(self, node: WorkerController) -> None:
        if node not in self.registered_collections:
            return  # a new one, which says so when it is ready
        super()._reschedule(node)
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
        if not self.workqueue:
            node.shutdown()  # when it has done what it has


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return Scheduling(config, log) if config.getoption("dist") == "loadgroup" else None
