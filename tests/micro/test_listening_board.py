"""A whole board that hears: a program with a model of its own, from its fleet, on a simulated microphone."""

from pathlib import Path

import pytest

from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.store import ModelStore
from tests.build.python_programs import build, write_program
from tests.micro.sync.board import REPOSITORY
from tests.micro.test_whole_board import has_told, is_lit, until
from tests.micro.whole import DEVICE, whole_board
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
        call("telemetry", name="heard", values={"label": result["label"], "code": 7})
"""


def ear(folder: Path) -> bytes:
    card = _STORE.card("okay_nabu")
    permissions = '[{"name": "led", "reason": "to show it"}, {"name": "record", "reason": "to hear"}]'
    own = f'{{"app_id": "{EAR}", "name": "Ear", "version": {{"code": 1, "name": "1.0.0"}}, "language": "python", '
    files = {
        "cygnet.json": own + f'"permissions": {permissions}}}',
        "pages/index/index.py": _PAGE,
        "pages/index/index.wxml": "<text>{{heard}}</text>",
    }
    source = write_program(folder / "ear", files)
    (source / "models").mkdir()
    (source / "models" / "okay_nabu.tflite").write_bytes(_STORE.read(card))
    (source / "models" / "okay_nabu.toml").write_bytes((card.path.parent / CARD_FILE).read_bytes())
    return build(source).data


@pytest.mark.parametrize("bits", [64, 32])
async def test_a_program_from_the_fleet_hears_and_lights_its_lamp(
    request: pytest.FixtureRequest, bits: int, tmp_path: Path
) -> None:
    port: str = request.getfixturevalue("micropython" if bits == 64 else "micropython_32")
    async with whole_board(port, tmp_path, more={"display": {}}) as whole:
        board = whole.board
        board.heap = {64: "352k", 32: "256k"}[bits]
        await whole.fleet.operations.publish(ear(tmp_path), "ear.ma")
        await whole.fleet.operations.assign(DEVICE, EAR, None, True)
        board.start()
        await board.says("listens for", within=60)
        lamp, sound = board.cygnet / "pins" / "1", board.cygnet / "pins" / "8"
        await whole.until_running(EAR, 1)
        assert not is_lit(lamp)
        with sound.open("ab") as microphone:
            microphone.write(spoken("okay nabu"))
        await until(lambda: is_lit(lamp), board)
        await until(lambda: has_told(whole, EAR, 7), board)
        assert board.starts == 1, board.log


@pytest.mark.parametrize("bits", [32])
async def test_the_example_hears_two_words_by_its_own_model_and_switches_the_lamp(
    request: pytest.FixtureRequest, bits: int, tmp_path: Path
) -> None:
    port: str = request.getfixturevalue("micropython" if bits == 64 else "micropython_32")
    built = build(REPOSITORY / "examples" / "keyword_lamp")
    app_id = built.package.manifest.app_id
    async with whole_board(port, tmp_path, more={"display": {}}) as whole:
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
