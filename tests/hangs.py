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
