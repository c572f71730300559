"""A whole board that is no organisation's: what its programs say reaches the fleet by their plan and a yes, or not."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.micro.consents import read_privacy, write_privacy
from firmware_tools.build.portable.plans import board_item
from firmware_tools.fleet.telemetry import TelemetryQuery
from tests.build.python_programs import build, write_program
from tests.micro.test_whole_board import until
from tests.micro.whole import DEVICE, Whole, whole_board
from tests.privacy.room import item, plan

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
APP = "org.example.counter"
COUNT = item("count", fields={"n": {"type": "integer", "min": 0}})
OWN_WORD = "geheim"
_PAGE = """
from cygnet import CapabilityError, Page, call, log


class Index(Page):
    data = {"n": 0}

    def on_load(self, query):
        self.every(0.2, "count")

    def count(self):
        self.set_data({"n": self.data["n"] + 1})
        self.say("count", {"n": self.data["n"]})
        self.say("count", {"SECRET": 1})
        self.say("SECRET", {})

    def say(self, name, values):
        try:
            call("telemetry", name=name, values=values)
        except CapabilityError as error:
            log("not told:", error)
"""
_RAISES = """
from cygnet import Page


class Index(Page):
    data = {}

    def on_load(self, query):
        self.every(0.1, "count")

    def count(self):
        raise ValueError("SECRET")
"""


def program(folder: Path, code: int, page: str) -> bytes:
    own = {
        "app_id": APP,
        "name": "Counter",
        "version": {"code": code, "name": f"1.0.{code}"},
        "language": "python",
        "data_plan": [COUNT],
    }
    files = {
        "cygnet.json": json.dumps(own),
        "pages/index/index.py": page.replace("SECRET", OWN_WORD),
        "pages/index/index.wxml": "<text>x</text>",
    }
    return build(write_program(folder / f"counter-{code}", files)).data


async def told(whole: Whole, **query: Any) -> list[dict[str, Any]]:
    wanted = TelemetryQuery(device=DEVICE, **query)
    return list(await whole.fleet.service.read(lambda _, telemetry: telemetry.records(wanted)))


async def test_nothing_leaves_a_board_before_somebody_at_its_cable_agreed(micropython: str, tmp_path: Path) -> None:
    more = {"display": {}, "organisation": ""}
    async with whole_board(micropython, tmp_path, more=more) as whole:
        board = whole.board
        board.heap = "256k"
        await whole.fleet.operations.publish(program(tmp_path, 1, _PAGE), "counter.ma")
        await whole.fleet.operations.assign(DEVICE, APP, None, True)
        board.start()
        await whole.until_running(APP, 1)
        await board.says("nobody has agreed yet to the item count", times=2, within=60)

        async def refusals() -> bool:
            whys = {(record["values"]["why"], record["values"]["item"]) for record in await told(whole, name="refused")}
            return whys == {("unasked", "count"), ("unplanned", "count"), ("unplanned", "")}

        await until(refusals, board)
        assert await told(whole, source=APP) == []
        await board.cut()
        (agreed,) = plan(COUNT).items
        write_privacy(f"{board.root}/", APP, {"items": {"count": [1, 0, board_item(agreed)]}})
        board.start()

        async def has_counted() -> bool:
            return len(await told(whole, source=APP)) > 2

        await until(has_counted, board)
        assert {record["name"] for record in await told(whole, source=APP)} == {"count"}
        assert OWN_WORD not in json.dumps(await told(whole), default=str)
        assert f"holds '{OWN_WORD}'" in board.log, "its author can read it at the cable"

        await whole.fleet.operations.unassign(DEVICE, APP)
        await board.says("removed " + APP, within=60)
        assert read_privacy(f"{board.root}/", APP) == {}, "should it come back, nobody has agreed to anything"


async def test_the_words_of_an_error_stay_on_the_board(micropython: str, tmp_path: Path) -> None:
    async with whole_board(micropython, tmp_path, more={"display": {}}) as whole:
        board = whole.board
        board.heap = "256k"
        await whole.fleet.operations.publish(program(tmp_path, 1, _RAISES), "counter.ma")
        await whole.fleet.operations.assign(DEVICE, APP, None, True)
        board.start()
        await board.says("rolled_back", within=60)

        async def has_failed() -> bool:
            report = (await whole.device()).has.get(APP)
            return report is not None and report.error == "10 handlers in a row went wrong; the log says which"

        await until(has_failed, board)
        assert f"ValueError: {OWN_WORD}" in board.log
        assert OWN_WORD not in json.dumps(await told(whole), default=str)
