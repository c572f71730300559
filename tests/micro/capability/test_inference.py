"""Models of programs on a board: opened, run, and listening to a simulated microphone, on MicroPython's unix port."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.listening import SoundClassifier
from device_runtime.inference.sounds import sound_settings
from device_runtime.inference.store import ModelStore
from firmware_tools.build.portable.models import board_models
from tests.micro.board import run_json
from tests.voice.sounds import spoken

STORE = ModelStore()
BOARD = {"name": "tried", "simulated": True, "organisation": "Example AG", "microphone": {"sck": 6, "ws": 7, "sd": 8}}
_STEPS = """
import asyncio
import gc
from micro.capability.gate import Gate
from micro.capability.pins import hardware
from micro.program.errors import CapabilityError
root, board = given["root"], given["board"]
lent, said, made = [0], [], []
class Services:
    def telemetry(self, source, name, values): return True
    def log(self, level, source, text): said.append([level, source, text])
def lend(count): lent[0] += count
pins = hardware(root, board)
gate = Gate(root, board, Services(), pins, "com.example.tried", given["permissions"], root + "program", lend)
gate.load(["inference.open", "inference.listen"])
async def main():
    for step in given["steps"]:
        if step[0] == "say":
            with open(root + "cygnet/pins/8", "ab") as file, open(step[1], "rb") as sound: file.write(sound.read())
        elif step[0] == "sleep": await asyncio.sleep(step[1])
        elif step[0] == "hear":
            for _ in range(400):
                heard = gate.heard()
                if heard or said: break
                await asyncio.sleep_ms(20)
            made.append(heard)
        elif step[0] == "end": gate.end()
        elif step[0] == "lent": made.append(lent[0])
        elif step[0] == "listens": made.append(gate.listens)
        elif step[0] == "cut":
            async def fill(step): raise OSError(5)
            gate._parts["inference"]._listener._microphone.fill = fill
        elif step[0] == "whole": pass
        elif step[0] == "fill":
            gc.collect()
            kept = None
            while gc.mem_free() > step[1]: kept = (kept, bytearray(256))
            given["kept"] = kept
        else:
            try: made.append(gate.invoke(step[0], step[1]))
            except CapabilityError as error: made.append("refused: " + str(error))
            gate.flush()
asyncio.run(main())
answer({"made": made, "said": said})
"""


def program(folder: Path, *names: str, extra: dict[str, bytes] | None = None) -> None:
    """A program's folder on a board, with models of the store as its own."""
    entries: dict[str, bytes] = {}
    for name in names:
        card = STORE.card(name)
        entries[f"models/{name}.tflite"] = STORE.read(card)
        entries[f"models/{name}.toml"] = (card.path.parent / CARD_FILE).read_bytes()
    made = {**board_models(entries).entries, **(extra or {})}
    (folder / "program" / "models").mkdir(parents=True, exist_ok=True)
    (folder / "cygnet" / "pins").mkdir(parents=True, exist_ok=True)
    (folder / "cygnet" / "pins" / "8").write_bytes(b"")
    for path, data in made.items():
        (folder / "program" / path).write_bytes(data)


NABU = (
    {
        "task": "wake-word", "labels": ["okay nabu"], "stride": 3, "window": 5, "cutoff": 0.9,
        "refractory_seconds": 1, "rejects": [],
    },
    b"\x02\x00ab",
)  # fmt: skip
BROKEN: dict[str, Any] = {
    "no JSON": b"{",
    "a list": b"[]",
    "labels of numbers": json.dumps({"task": "wake-word", "labels": [1]}).encode(),
    "a task that is none": json.dumps({"task": 1}).encode(),
    "no stride": {"stride": None},
    "a window of text": {"window": "5"},
    "a window without end": {"window": 1 << 30},
    "a cut-off of text": {"cutoff": "high"},
    "no labels": {"labels": []},
    "rejects of numbers": {"rejects": [3]},
    "a table that is longer than it is": b"\xff\xffab",
    "no table": b"",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_card_is_refused_in_a_sentence(micropython: str, tmp_path: Path, what: str) -> None:
    card, table = NABU
    broken = BROKEN[what]
    if isinstance(broken, dict):
        content = json.dumps(card | broken).encode() + b"\n" + table
    elif broken[:1] in (b"{", b"["):
        content = broken + b"\n"
    else:
        content = json.dumps(card).encode() + b"\n" + broken
    program(tmp_path, "okay_nabu", extra={"models/okay_nabu.card": content})
    steps = [["inference.open", {"model": "models/okay_nabu.tflite"}], ["inference.listen", {"session": 1}]]
    opened, _ = calls(micropython, tmp_path, *steps)["made"]
    assert opened == f"refused: {tmp_path}/program/models/okay_nabu.card is broken; bring the program again"


def calls(
    micropython: str, folder: Path, *steps: Any, board: Any = None, permissions: Any = ("record",), heap: str = "1m"
) -> Any:
    given = {"root": f"{folder}/", "board": board or BOARD, "permissions": permissions, "steps": steps}
    return run_json(micropython, _STEPS, given, folder, heap)


def test_a_model_hears_what_it_hears_on_linux(micropython: str, tmp_path: Path) -> None:
    pcm = spoken("okay nabu")
    card = STORE.card("okay_nabu")
    expected = SoundClassifier(STORE.load(card), sound_settings(card)).feed(pcm)
    assert len(expected) == 1
    program(tmp_path, "okay_nabu")
    sound = tmp_path / "said.pcm"
    sound.write_bytes(pcm)
    answer = calls(
        micropython, tmp_path,
        ["inference.open", {"model": "models/okay_nabu.tflite"}],
        ["listens"],
        ["inference.listen", {"session": 1}],
        ["listens"],
        ["say", str(sound)],
        ["hear"],
        ["inference.stop", {"session": 1}],
        ["listens"],
        ["inference.close", {"session": 1}],
        ["lent"],
    )  # fmt: skip
    opened, before, _, during, heard, _, after, _, lent = answer["made"]
    assert answer["said"] == []
    assert (before, during, after) == (False, True, False)
    assert (opened["session"], opened["task"], opened["labels"]) == (1, "wake-word", ["okay nabu"])
    assert [(each["name"], each["shape"]) for each in opened["inputs"]] == [
        ("features", [1, 3, 40])
    ]  # as the card says
    assert [each["name"] for each in opened["outputs"]] == ["probability"]
    assert (heard["session"], heard["label"]) == (1, expected[0].label)
    assert heard["seconds"] == pytest.approx(
        expected[0].seconds, abs=0.13
    )  # the microphone hears from its own moment on
    assert heard["probability"] == pytest.approx(expected[0].probability, abs=0.05)
    assert lent == 0  # all that was taken for it is given back


def test_a_model_answers_numbers_as_on_linux_and_remembers_as_there(micropython: str, tmp_path: Path) -> None:
    card = STORE.card("hey_jarvis")
    model = STORE.load(card)
    random = np.random.default_rng(3)
    rows = [random.uniform(0, 26, 120).round(3).tolist() for _ in range(6)]
    expected = []
    for each in rows:
        (stored,) = model.invoke(model.inputs[0].quantize(np.array(each, np.float32).reshape(1, 3, 40)))
        expected.append(float(model.outputs[0].dequantize(stored)[0, 0]))
    program(tmp_path, "hey_jarvis")
    name = card.inputs[0].name
    runs = [["inference.run", {"session": 1, "inputs": {name: {"data": each}}}] for each in rows]
    made = calls(micropython, tmp_path, ["inference.open", {"name": "hey_jarvis"}], *runs)["made"]
    assert made[0]["inputs"][0]["name"] == name
    outputs = [answer["outputs"][card.outputs[0].name] for answer in made[1:]]
    assert all((each["shape"], each["type"]) == ([1, 1], "float32") for each in outputs)
    assert [each["data"][0] for each in outputs] == pytest.approx(expected, abs=8 / 256)


def test_what_a_board_cannot_do_is_refused_in_a_sentence(micropython: str, tmp_path: Path) -> None:
    program(tmp_path, "hey_jarvis", extra={"models/broken.cgm": b"CGM1" + bytes(200), "models/short.cgm": b"x"})
    name = STORE.card("hey_jarvis").inputs[0].name
    shared = {"session": 1, "inputs": {name: {"data": [0] * 120}}}
    steps: list[tuple[list[Any], str]] = [
        (["inference.open", {}], "one of model (a file), name (a shared model) and ability (a task) must be given"),
        (["inference.open", {"model": "other/x.tflite"}], "model must be a file such as models/name.tflite"),
        (["inference.open", {"model": "models/../x.tflite"}], "model must be a file such as models/name.tflite"),
        (["inference.open", {"model": "models/none.tflite"}], "the program has no model models/none.tflite"),
        (["inference.open", {"model": "models/broken.tflite"}], "the model broken cannot run here: the model has"),
        (["inference.open", {"model": "models/short.tflite"}], "the model short cannot run here"),
        (["inference.open", {"name": "commands_en"}], "this board has no model 'commands_en'"),
        (["inference.open", {"ability": "digits"}], "this board has no model 'digits'"),
        (["inference.run", {"session": 1}], "there is no open session 1"),
        (["inference.listen", {"session": "1"}], "session must be the number that inference.open gave"),
    ]
    opened: list[tuple[list[Any], str]] = [
        (["inference.run", {"session": 1}], "inputs must be tensors by the names of the inputs of hey_jarvis"),
        (["inference.run", {"session": 1, "inputs": {"y": {}}}], "hey_jarvis has no input 'y'"),
        (["inference.run", {"session": 1, "inputs": {}}], "which is missing"),
        (["inference.run", {"session": 1, "inputs": {name: {"data": [1]}}}], "takes 120 numbers in a list, got 1"),
        (["inference.run", {"session": 1, "inputs": {name: {"data": ["a"] * 120}}}], "data[0] must be a number"),
        (
            ["inference.run", {"session": 1, "inputs": {name: {"type": "int8", "data": [200] * 120}}}],
            "data[0] must be a whole number that int8 can hold",
        ),
        (["inference.run", {"session": 1, "inputs": {name: {"type": "int32", "data": []}}}], "expected the type int8"),
        (["inference.run", {"session": 1, "inputs": {name: {"shape": [3, 40], "data": []}}}], "expected the shape"),
    ]
    made = calls(
        micropython, tmp_path, *[step for step, _ in steps], ["inference.open", {"ability": "wake-word"}],
        *[step for step, _ in opened], ["inference.listen", {"session": 1}], ["inference.run", shared],
    )["made"]  # fmt: skip
    for answer, (step, sentence) in zip(made, steps, strict=False):
        assert answer.startswith("refused: "), step
        assert sentence in answer, step
    for answer, (step, sentence) in zip(made[len(steps) + 1 :], opened, strict=False):
        assert answer.startswith("refused: "), step
        assert sentence in answer, step
    assert made[-1] == "refused: the model hey_jarvis listens; stop it, or open it once more"


def test_listening_needs_permission_and_a_microphone_and_a_model_that_hears(micropython: str, tmp_path: Path) -> None:
    program(tmp_path, "hey_jarvis")
    (tmp_path / "program" / "models" / "deaf.cgm").write_bytes(
        (tmp_path / "program" / "models" / "hey_jarvis.cgm").read_bytes()
    )
    steps = (
        ["inference.open", {"name": "deaf"}],
        ["inference.listen", {"session": 1}],
        ["inference.open", {"name": "hey_jarvis"}],
        ["inference.listen", {"session": 2}],
    )
    deaf = calls(micropython, tmp_path, *steps)["made"]
    assert deaf[1] == "refused: the model deaf is none that hears, by its card models/deaf.toml"
    assert deaf[3] is None
    without = calls(micropython, tmp_path, *steps, board={"name": "tried", "simulated": True})["made"]
    assert without[3] == "refused: this board has no microphone"
    unasked = calls(micropython, tmp_path, *steps, permissions=("led",))["made"]
    assert unasked[3] == "refused: the manifest does not ask for the permission record"


def test_a_model_that_does_not_fit_is_refused_with_what_it_needs_and_what_is_free(
    micropython: str, tmp_path: Path
) -> None:
    program(tmp_path, "okay_nabu")
    made = calls(
        micropython, tmp_path, ["fill", 40_000], ["inference.open", {"model": "models/okay_nabu.tflite"}], ["lent"]
    )["made"]
    assert re.fullmatch(r"refused: the model okay_nabu needs 5\d KB of memory, and [23]\d KB are free", made[0])
    assert made[1] == 0


def test_no_more_models_are_open_than_a_board_has_room_for(micropython: str, tmp_path: Path) -> None:
    program(tmp_path, "hey_jarvis")
    opening = ["inference.open", {"name": "hey_jarvis"}]
    made = calls(micropython, tmp_path, *[opening] * 5, ["inference.close", {"session": 2}], opening)["made"]
    assert [each["session"] for each in made[:4]] == [1, 2, 3, 4]
    assert made[4] == "refused: more than 4 models are open; close one first"
    assert made[6]["session"] == 5


def test_two_models_share_the_microphone_and_the_end_of_a_program_silences_both(
    micropython: str, tmp_path: Path
) -> None:
    program(tmp_path, "okay_nabu", "hey_jarvis")
    sound = tmp_path / "said.pcm"
    sound.write_bytes(spoken("okay nabu"))
    answer = calls(
        micropython, tmp_path,
        ["inference.open", {"name": "hey_jarvis"}],
        ["inference.open", {"name": "okay_nabu"}],
        ["inference.listen", {"session": 1}],
        ["inference.listen", {"session": 2}],
        ["say", str(sound)],
        ["hear"],
        ["inference.close", {"session": 2}],
        ["listens"],
        ["end"],
        ["listens"],
        ["sleep", 0.1],
    )  # fmt: skip
    assert answer["said"] == []
    assert (answer["made"][4]["session"], answer["made"][4]["label"]) == (2, "okay nabu")
    assert answer["made"][-2:] == [True, False]


def test_a_microphone_that_fails_is_told_in_the_log_and_can_be_tried_again(micropython: str, tmp_path: Path) -> None:
    program(tmp_path, "hey_jarvis")
    (tmp_path / "cygnet" / "pins" / "8").unlink()
    answer = calls(
        micropython, tmp_path,
        ["inference.open", {"name": "hey_jarvis"}],
        ["inference.listen", {"session": 1}],
        ["cut"],
        ["hear"],
        ["listens"],
        ["whole"],
        ["inference.listen", {"session": 1}],
        ["listens"],
    )  # fmt: skip
    (told,) = answer["said"]
    assert told[:2] == ["error", "com.example.tried"]
    assert told[2].startswith("session 1 hears no more: the microphone gives no sound any more: ")
    assert answer["made"][2:] == [None, False, None, True]
