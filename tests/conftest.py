"""What holds for all tests."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.hangs import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]

# How long one example takes says how busy the machine is.
settings.register_profile("cygnet", deadline=None)
settings.load_profile("cygnet")


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("xdist"):  # the environments of the lab and of tflite-runtime have none
        from tests import scheduling

        config.pluginmanager.register(scheduling)


@pytest.fixture(scope="session")
def micropython() -> str:
    """The path of MicroPython's unix port; another one is tried by naming it in ``MICROPYTHON``."""
    beside = Path(sys.executable).parent / "micropython"
    found = os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))
    assert found is not None, "MicroPython's unix port is missing: run `make setup`"
    return found


@pytest.fixture(scope="session")
def micropython_32() -> str:
    """The path of MicroPython's unix port with the words of boards, which have 32 bits; an older one (1.25)."""
    found = Path(__file__).parents[1] / ".micropython-32" / "micropython"
    if not found.exists():
        pytest.skip("there is no MicroPython with 32-bit words: `make system-tools` says why")
    return str(found)
