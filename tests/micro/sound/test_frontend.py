"""The micro front end against ``pymicro-features``, row by row and bit by bit, on MicroPython's unix port."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.micro.sound import tables
from firmware_tools.build import sound_tables
from tests.micro.board import run
from tests.micro.sound.features import expected_rows, noises
from tests.voice.sounds import spoken

_SCRIPT = """
from micro.sound.frontend import Frontend, STEP_BYTES
import gc
def main():
    frontend = Frontend()
    with open("sound.pcm", "rb") as sound, open("rows.bin", "wb") as rows:
        for again in range({times}):
            sound.seek(0)
            while sound.readinto(frontend.step) == STEP_BYTES:
                gc.collect()
                before = gc.mem_alloc()
                new = frontend.advance()
                assert gc.mem_alloc() == before, "a step allocates"
                if new:
                    rows.write(frontend.row)
            frontend.reset()
main()
"""


@pytest.fixture(params=[64, 32])
def port(request: pytest.FixtureRequest) -> str:
    path: str = request.getfixturevalue("micropython" if request.param == 64 else "micropython_32")
    return path


def rows_of(micropython: str, pcm: bytes, folder: Path, times: int = 1) -> bytes:
    (folder / "sound.pcm").write_bytes(pcm)
    run(micropython, _SCRIPT.format(times=times), folder=folder)
    return (folder / "rows.bin").read_bytes()


def test_noises_and_squares_and_silence_give_the_same_rows(port: str, tmp_path: Path) -> None:
    pcm = noises(seed=5)
    rows = expected_rows(pcm)
    assert len(rows) > 1500
    assert rows_of(port, pcm, tmp_path) == packed(rows)


def test_speech_gives_the_same_rows(port: str, tmp_path: Path) -> None:
    pcm = spoken("turn the light on, and then turn it off again. what is the weather like tomorrow?")
    rows = expected_rows(pcm)
    assert len(rows) > 300
    assert rows_of(port, pcm, tmp_path) == packed(rows)


def test_after_a_reset_nothing_is_left_of_what_was_heard(micropython: str, tmp_path: Path) -> None:
    pcm = noises(seed=6)[: 320 * 60]
    rows = packed(expected_rows(pcm))
    assert rows_of(micropython, pcm, tmp_path, times=2) == rows * 2


@settings(max_examples=12)
@given(st.lists(st.integers(-32768, 32767), min_size=8, max_size=40), st.integers(1, 40))
def test_any_wave_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, micropython: str, samples: list[int], repeats: int
) -> None:
    wave = [sample for sample in samples for _ in range(repeats)]
    pcm = (struct.pack(f"<{len(wave)}h", *wave) * (6 * 320 // len(wave) + 1))[: 320 * 8]
    assert rows_of(micropython, pcm, tmp_path_factory.mktemp("wave")) == packed(expected_rows(pcm))


def test_the_tables_are_what_their_maker_makes() -> None:
    text = Path(tables.__file__).read_text(encoding="utf-8")
    assert text == sound_tables.module_text()
    assert len(tables.WEIGHTS) == 2 * sum(tables.WIDTHS)


def packed(rows: list[list[int]]) -> bytes:
    return b"".join(struct.pack("<40H", *row) for row in rows)
