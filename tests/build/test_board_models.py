"""A program's own models for boards: what is packaged, what a board cannot do, what is published."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from device_runtime.host.board import load_any_board
from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.store import ModelStore
from device_runtime.program.package import seal_package
from device_runtime.sealed.archive import read_archive
from firmware_tools.build.micro_model import compile_model, describe
from firmware_tools.build.portable.boards import check_for_board, read_board_tables
from firmware_tools.build.portable.models import feature_table
from firmware_tools.build.program import BuiltProgram
from firmware_tools.build.project_json import SourceError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.publish import sign_release
from tests.build.python_programs import KEY, PAGE, build, write_program

ROOT = Path(__file__).parents[2]
ROUTE = "pages/index/index"
STORE = ModelStore()
_LISTENS = (
    PAGE.replace("import Page", "import Page, call")
    + "\n    def on_load(self, query):\n        call('inference.listen', session=1)\n"
)


def program(folder: Path, *names: str, card: str = "", python: str = _LISTENS, model: bytes = b"") -> Path:
    """A program with models of the store; ``card`` is put in the place of theirs, ``model`` in that of the models."""
    own = {
        "app_id": "org.example.ear", "name": "Ear", "version": {"code": 1, "name": "1.0.0"}, "language": "python",
        "permissions": [{"name": "record", "reason": "to hear"}],
    }  # fmt: skip
    write_program(folder, {f"{ROUTE}.py": python, "cygnet.json": json.dumps(own)})
    (folder / "models").mkdir()
    for name in names:
        about = STORE.card(name)
        (folder / "models" / f"{name}.tflite").write_bytes(model or STORE.read(about))
        (folder / "models" / f"{name}.toml").write_text(card or (about.path.parent / CARD_FILE).read_text())
    return folder


def check(built: BuiltProgram, board: str) -> str:
    """What is said against a board, or nothing."""
    try:
        check_for_board(built, read_board_tables(board))
    except SourceError as error:
        return str(error)
    return ""


def test_a_model_goes_into_the_package_as_boards_have_it_and_the_same_each_time(tmp_path: Path) -> None:
    built = build(program(tmp_path / "a", "hey_jarvis"))
    entries = read_archive(built.data)
    assert {"models/hey_jarvis.tflite", "models/hey_jarvis.toml"} <= entries.keys()
    assert entries["models/hey_jarvis.cgm"][:4] == b"CGM1"
    line, _, table = entries["models/hey_jarvis.card"].partition(b"\n")
    said = json.loads(line)
    assert (said["task"], said["labels"], said["stride"], said["rejects"]) == ("wake-word", ["hey jarvis"], 0, [])
    assert struct.unpack_from("<H", table)[0] == len(table) - 2
    (model,) = built.models
    assert (model.path, model.hears, model.fault) == ("models/hey_jarvis.tflite", True, "")
    assert build(program(tmp_path / "b", "hey_jarvis")).data == built.data
    assert check(built, "esp32-s3-speaker") == check(built, "virtual-speaker") == ""


def test_the_table_of_features_rounds_as_linux_does() -> None:
    for name in ("hey_jarvis", "okay_nabu"):
        card = STORE.card(name)
        tensor = STORE.load(card).inputs[0]
        table = feature_table(describe(compile_model(STORE.read(card), name)).inputs[0])
        count = struct.unpack_from("<H", table)[0]
        features = (np.arange(count, dtype=np.float32) * np.float32(10 / 256)).astype(np.float32)
        assert np.array_equal(np.frombuffer(table[2:], np.int8), tensor.quantize(features))
        assert table[-1] == 127


def test_what_a_board_cannot_do_with_a_model_is_told(tmp_path: Path) -> None:
    built = build(program(tmp_path / "a", "okay_nabu"))
    told = check(built, "pico-w")
    assert f"{ROUTE}.py:8: pico-w cannot do inference.listen: it has no microphone" in told
    parts = "[memory]\nheap_kb = 175\n[microphone]\nsck = 1\nws = 2\nsd = 3\nrate = 8000\n"
    (tmp_path / "slow.toml").write_text(f'kind = "micropython"\nname = "slow"\n{parts}')
    told = check(built, str(tmp_path / "slow.toml"))
    assert f"{ROUTE}.py:8: the microphone of slow gives 8000 samples a second, and models hear 16000" in told
    assert "models/okay_nabu.tflite needs 55 KiB of memory" in told
    assert (
        "and slow has 15 KiB for models: of its 175 KiB of heap the runtime and what runs models take 160 KiB" in told
    )


def test_the_example_runs_on_a_pico_w_with_a_microphone_in_the_place_of_its_display(tmp_path: Path) -> None:
    built = build(ROOT / "examples" / "keyword_lamp")
    pico = (ROOT / "board_configs" / "pico-w.toml").read_text()
    ears = "\n[microphone]\nsck = 16\nws = 17\nsd = 18\nbits = 32\n"
    before, _, after = pico.partition("[display]")
    blind = f"{before}[leds.status]{after.partition('[leds.status]')[2]}{ears}"
    (tmp_path / "ear.toml").write_text(blind)
    load_any_board(tmp_path / "ear.toml")
    assert check(built, str(tmp_path / "ear.toml")) == ""
    (tmp_path / "both.toml").write_text(pico + ears)
    assert "models/on_off.tflite needs 9 KiB of memory" in check(built, str(tmp_path / "both.toml"))
    assert "virtual-board has none left for models: of its 128 KiB of heap the runtime, its display" in check(
        built, "virtual-board"
    )


def test_a_model_that_boards_cannot_run_is_no_fault_where_linux_runs_it(tmp_path: Path) -> None:
    broken = build(program(tmp_path / "a", "hey_jarvis", model=b"no model at all"))
    assert "models/hey_jarvis.cgm" not in read_archive(broken.data)
    told = check(broken, "esp32-s3-speaker")
    assert told.startswith("esp32-s3-speaker cannot run models/hey_jarvis.tflite: ")
    assert check(broken, "virtual-speaker") == ""


def test_listening_with_models_of_which_none_hears_is_told(tmp_path: Path) -> None:
    card = (STORE.card("hey_jarvis").path.parent / CARD_FILE).read_text().replace('"wake-word"', '"anomaly-detection"')
    built = build(program(tmp_path / "a", "hey_jarvis", card=card))
    assert "none of the program's models hears" in check(built, "esp32-s3-speaker")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("cutoff", "cut_off"), "cutoff"),
        (("window = 5", "window = 0"), "window must be 1 to 1000"),
        (('name = "hey_jarvis"', 'name = "other"'), "name"),
    ],
)
def test_a_faulty_card_is_told_with_its_place(change: tuple[str, str], expected: str, tmp_path: Path) -> None:
    card = (STORE.card("hey_jarvis").path.parent / CARD_FILE).read_text().replace(*change)
    folder = program(tmp_path / "a", "hey_jarvis", card=card)
    try:
        told = check(build(folder), "esp32-s3-speaker")
    except SourceError as error:
        told = str(error)
    assert "models/hey_jarvis.toml" in told
    assert expected in told


@pytest.mark.parametrize("name", ["models/hey_jarvis.cgm", "models/hey_jarvis.card"])
@pytest.mark.parametrize("how", ["changed", "taken away"])
def test_what_boards_get_of_a_model_is_made_again_when_it_is_published(name: str, how: str, tmp_path: Path) -> None:
    entries = dict(read_archive(build(program(tmp_path / "a", "hey_jarvis")).data))
    sign_release(seal_package(dict(entries), KEY), "a.ma", KEY)
    if how == "changed":
        entries[name] = entries[name][:-1] + b"\x00"
    else:
        del entries[name]
    with pytest.raises(FleetError, match=f"{name} is not what this toolchain makes of the program's models"):
        sign_release(seal_package(entries, KEY), "a.ma", KEY)
