"""The compiled runtime and a program fit into the heap of a board. `w`: as many words as a board of 32 bits has."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firmware_tools.build.micropython import compile_module
from tests.micro.program.player import write_program
from tests.micro.screen.frames import SSD1306, ST7789

RUNTIME = Path(__file__).parents[3] / "device_runtime" / "micro"
FILES = {
    "pages/index/index.wxml": """
<view class="head">Living room</view>
<view class="card" wx:for="{{lamps}}" wx:key="name" data-i="{{index}}" bindtap="toggle">
  <text>{{item.name}}</text><text class="{{item.on ? 'on' : 'off'}}">{{item.on ? 'on' : 'off'}}</text></view>
<slider value="{{level}}" bindchange="level"/><progress percent="{{level}}"/><button bindtap="all">All</button>
""",
    "pages/index/index.css": """
.card { display: flex; justify-content: space-between; padding: 8px }
.on { color: #0a0 }
""",
    "pages/index/index.py": """
from cygnet import Page, call
class Index(Page):
    data = {"lamps": [{"name": "Ceiling", "on": True}, {"name": "Desk", "on": False}, {"name": "Door", "on": True}],
            "level": 60}
    def toggle(self, event):
        i = event["current_target"]["dataset"]["i"]
        self.set_data({"lamps[%d].on" % i: not self.data["lamps"][i]["on"]})
        call("storage.set", key="lamps", value=self.data["lamps"])
    def level(self, event):
        self.set_data({"level": event["detail"]["value"]})
    def all(self, event):
        self.set_data({"lamps": [{"name": lamp["name"], "on": True} for lamp in self.data["lamps"]]})
""",
}
_RUN = """
import asyncio, gc, json, sys
sys.path[:0] = [sys.argv[1]]
from micro.program.host import ProgramHost
class Services:
    def telemetry(self, *values): pass
    def log(self, *line): print(line)
host = ProgramHost(sys.argv[2], json.loads(sys.argv[3]), Services())
async def main():
    gc.collect()
    before = gc.mem_alloc()
    await host.start("lamp", sys.argv[2] + "program")
    for _ in range(5):
        if host.screen:
            host.screen.next()
            host._happened(host.program, host.screen.select())
        else:
            host.program.event(1, 3, "tap")
        host._draw()
    gc.collect()
    print(json.dumps([before, gc.mem_alloc(), host.program.used]))
    await host.stop()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime as bytecode."""
    folder = tmp_path_factory.mktemp("compiled")
    for path in RUNTIME.rglob("*.py"):
        if "@micropython.viper" in path.read_text():
            continue
        target = (folder / "micro" / path.relative_to(RUNTIME)).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compile_module(path.read_text(), path.name))
    return folder


@pytest.mark.parametrize(
    ("heap", "display"),
    [("144k", None), ("96wk", SSD1306), ("104wk", ST7789)],
    ids=["no display, 144 KB", "OLED, 96 KB of a board", "colours, 104 KB of a board"],
)
def test_a_program_fits(micropython: str, compiled: Path, tmp_path: Path, heap: str, display: Any) -> None:
    write_program(tmp_path / "program", FILES)
    for source in (tmp_path / "program").rglob("*.py"):
        source.with_suffix(".mpy").write_bytes(compile_module(source.read_text(), source.name))
        source.unlink()
    (tmp_path / "cygnet").mkdir()
    board = {"name": "tried", "simulated": True, "display": display, "program": {"heap_kb": 48}}
    done = subprocess.run(
        [micropython, "-X", f"heapsize={heap}", "-c", _RUN, str(compiled), f"{tmp_path}/", json.dumps(board)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 1, done.stdout
