"""A whole board that hears: a program with a model of its own, from its fleet, on a simulated microphone."""

import json
from functools import partial
from pathlib import Path

import pytest

from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.store import ModelStore
from tests.build.python_programs import build, write_program
from tests.micro.sync.board import REPOSITORY
from tests.micro.test_whole_board import has_told, is_lit, until
from tests.micro.whole import DEVICE, whole_board
from tests.privacy.room import item
from tests.voice.sounds import spoken

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
EAR = "org.example.ear"
PICO = "196k"
"""What a Pico W has free before anything of ours runs."""
_STORE = ModelStore()
_PAGE = """
from cygnet import Page, call, log


class Index(Page):
    data = {"heard": ""}

    def on_load(self, query):
        opened = call("inference.open", model="models/okay_nabu.tflite")
        call("inference.listen", session=opened["session"])
        log("listens for", opened["labels"])

    def on_inference(self, result):
        self.set_data({"heard": result["label"]})
        call("led.set", name="lamp", on=True)
        call("telemetry", name="heard", values={"label": result["label"], "code": CODE})
"""


def ear(folder: Path, code: int) -> bytes:
    card = _STORE.card("okay_nabu")
    version = f'"version": {{"code": {code}, "name": "1.0.{code}"}}'
    permissions = '[{"name": "led", "reason": "to show it"}, {"name": "record", "reason": "to hear"}]'
    plan = json.dumps(
        [
            item("words", category="speech", destination="device", fields={}, retention_days=0),
            item("heard", derived_from=["speech"], fields={"label": "text", "code": "integer"}),
        ]
    )
    own = f'{{"app_id": "{EAR}", "name": "Ear", {version}, "language": "python", "permissions": {permissions}, '
    own += f'"data_plan": {plan}}}'
    files = {
        "cygnet.json": own,
        "pages/index/index.py": _PAGE.replace("CODE", str(code)),
        "pages/index/index.wxml": "<text>{{heard}}</text>",
    }
    source = write_program(folder / f"ear-{code}", files)
    (source / "models").mkdir()
    (source / "models" / "okay_nabu.tflite").write_bytes(_STORE.read(card))
    (source / "models" / "okay_nabu.toml").write_bytes((card.path.parent / CARD_FILE).read_bytes())
    return build(source).data


async def test_a_program_from_the_fleet_hears_and_so_does_its_next_version(micropython: str, tmp_path: Path) -> None:
    async with whole_board(micropython, tmp_path, more={"display": {}}) as whole:
        board = whole.board
        board.heap = "448k"
        lamp, sound = board.cygnet / "pins" / "1", board.cygnet / "pins" / "8"
        for code in (1, 2):
            await whole.fleet.operations.publish(ear(tmp_path, code), f"ear-{code}.ma")
            await whole.fleet.operations.assign(DEVICE, EAR, code, True)
            if code == 1:
                board.start()
            await whole.until_running(EAR, code)
            await board.says("listens for", times=code, within=60)
            lamp.unlink(missing_ok=True)
            with sound.open("ab") as microphone:
                microphone.write(spoken("okay nabu"))
            await until(lambda: is_lit(lamp), board)
            await until(partial(has_told, whole, EAR, code), board)
        assert board.starts == 1, board.log


async def test_in_a_pico_s_memory_the_example_hears_two_words_by_its_own_model(
    micropython_32: str, tmp_path: Path
) -> None:
    built = build(REPOSITORY / "examples" / "keyword_lamp")
    app_id = built.package.manifest.app_id
    async with whole_board(micropython_32, tmp_path, more={"display": {}}) as whole:
        board = whole.board
        board.heap = PICO
        await whole.fleet.operations.publish(built.data, "keyword_lamp.ma")
        await whole.fleet.operations.assign(DEVICE, app_id, None, True)
        board.start()
        await whole.until_running(app_id, built.package.manifest.version.code)
        lamp, sound = board.cygnet / "pins" / "1", board.cygnet / "pins" / "8"
        for word, lit in (("on", True), ("off", False), ("on", True)):
            with sound.open("ab") as microphone:
                microphone.write(spoken(word))
            await until(lambda lit=lit: is_lit(lamp) is lit, board)  # type: ignore[misc]
        assert "hears nothing" not in board.log
        assert board.starts == 1, board.log
