"""JavaScript that a build looks at."""

import gc
import sys
import threading
from collections.abc import Callable

import pytest

from device_runtime.errors import CygnetError
from firmware_tools.build.scripts import check_plain_script, check_script
from firmware_tools.build.source import SourceText


@pytest.mark.parametrize("check", [check_script, check_plain_script])
def test_who_holds_the_error_of_a_faulty_script_holds_no_engine(
    check: Callable[[SourceText], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that is dropped by another thread than its own is not let go, and says so on standard error."""
    said: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: said.append(str(fault.exc_value)))
    faults: list[CygnetError] = []

    def build() -> None:
        try:
            check(SourceText("app.js", "let = = 1"))
        except CygnetError as error:
            faults.append(error)

    building = threading.Thread(target=build)
    building.start()
    building.join()
    assert "app.js" in str(faults[0])
    faults.clear()
    gc.collect()
    assert said == []
