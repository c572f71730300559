"""The programs that boards run here: an example with a page for a display, a counter, and one that draws nothing."""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.boards.names import BEEPS, COUNTS
from benchmarks.boards.scripts import COUNTER
from benchmarks.systems import ROOT
from device_runtime.program.package import DIGESTS, SIGNATURE
from firmware_tools.build.program import BuiltProgram
from tests.build.python_programs import build, write_program

_BEEPER = {
    "pages/index/index.py": """
from cygnet import Page, call


class Index(Page):
    data = {"count": 0}

    def on_load(self, query):
        self.every(2, "beep")

    def beep(self):
        self.set_data({"count": self.data["count"] + 1})
        call("telemetry", name="beep", values={"count": self.data["count"]})
""",
    "pages/index/index.wxml": "<view>{{count}}</view>",
}


def lamp_timer() -> BuiltProgram:
    """The example ``lamp_timer``."""
    return build(ROOT / "examples" / "lamp_timer")


def counter(folder: Path) -> BuiltProgram:
    """A text with a number, and a button that makes it greater."""
    return _build(folder, COUNTS, "Counter", COUNTER)


def beeper(folder: Path) -> BuiltProgram:
    """A timer that counts and tells the fleet."""
    return _build(folder, BEEPS, "Beeper", _BEEPER)


def entries(built: BuiltProgram) -> Mapping[str, bytes]:
    """The files of a program as they lie on a board."""
    return {name: data for name, data in built.package.entries.items() if name not in (DIGESTS, SIGNATURE)}


def _build(folder: Path, app_id: str, name: str, files: Mapping[str, str]) -> BuiltProgram:
    own = {"app_id": app_id, "name": name, "version": {"code": 1, "name": "1.0.0"}, "language": "python"}
    return build(write_program(folder / app_id, {"cygnet.json": json.dumps(own), **files}))
