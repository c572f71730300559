"""What a board does about what is desired, with a stand-in for what runs programs and for what fetches them."""

from pathlib import Path
from typing import Any

import pytest

from tests.micro.board import run_json

_ONE_TURN = """
import asyncio, os
root = given["root"] + "/"
os.mkdir(root + "cygnet")
os.mkdir(root + "cygnet/programs")
from micro.sync import doing
from micro.sync.programs import Programs
from micro.sync.switching import mark_good, switch
from micro.sync.work import Work

class Part:
    def __init__(self, **members):
        for name in members:
            setattr(self, name, members[name])

class Host:
    running = ""
    started = []
    async def start(self, app_id, folder):
        self.started.append(folder.split("/")[-1])
        self.running = app_id
    async def stop(self):
        self.running = ""

async def fetched(work, desired, app_id, target):
    pass

def target(code):
    return {"sha256": str(code) * 64, "size": 1, "version_code": code, "version_name": str(code), "launch": False}

doing._fetch = fetched
programs = Programs(root)
for code in (1, 2):
    os.mkdir(root + "cygnet/programs/" + str(code) * 16)
    switch(programs, "lamp", target(code))
    if code == 1:
        mark_good(programs, "lamp")
programs.front = "lamp"
desired = {"runtime": None, "programs": {"lamp": target(3)} if given["newer"] else {}}
memory, telemetry = Part(desired=desired), Part(record=lambda *_: True)
work = Work(memory, telemetry, programs, Part(), Host(), {"retry": 5}, 10, lambda *_: None, False)
work.ended = ("lamp", "it raised")
asyncio.run(work.turn())
answer([Host.started, work.ended, work.good_at, programs.current("lamp") and programs.current("lamp")["code"]])
"""


@pytest.mark.parametrize(("newer", "code"), [(True, 3), (False, None)])
def test_what_was_to_be_started_is_not_when_something_else_is_desired(
    micropython: str, tmp_path: Path, newer: bool, code: int | None
) -> None:
    root = tmp_path / "board"
    root.mkdir()
    left: list[Any] = run_json(micropython, _ONE_TURN, {"root": str(root), "newer": newer}, tmp_path)
    assert left == [[], None, None, code]
