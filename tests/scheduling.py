"""How tests are shared out among processes that may end in the middle of one; see tests/hangs.py."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController


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
