"""A test that outlives its timeout ends its process, with all stacks; pytest-xdist names it, and goes on in another.

pytest-timeout raises an exception in the test. That does not end every hang: hypothesis takes the exception for a
failing example and tries the example again, with no timeout; a clean-up may wait for what never comes; a native call
may not return at all.
"""

import faulthandler
import functools
import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    faulthandler.dump_traceback_later(2 * _seconds(item), file=_standard_error(), exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@functools.cache
def _standard_error() -> int:
    """A descriptor of its own, made before a test begins and its output is captured."""
    return os.dup(2)


def _seconds(item: pytest.Item) -> float:
    """What the test has by its mark ``timeout``, or by the option of that name."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0] if mark is not None else item.config.getini("timeout"))
