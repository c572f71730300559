"""Data sets of speech as they are built: determinism, interruption, and what is in them."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from device_runtime.inference.features import MicroFeatures
from firmware_tools.training.dataset import Dataset, DatasetError
from firmware_tools.training.datasets.speech import Builder
from firmware_tools.training.rooms import PLACES, impulse_response, reverberate
from firmware_tools.training.scaffold import create_model
from firmware_tools.training.synthesis import RATE
from tests.training.speech_options import options

pytest.importorskip("pyroomacoustics", reason="rooms need pyroomacoustics; run: make test-training")
pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[2]


class Steps:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.totals: list[int] = []
        self.done: list[int] = []

    def stage(self, title: str, total: int) -> None:
        self.titles.append(title)
        self.totals.append(total)
        self.done.append(0)

    def advance(self, steps: int = 1) -> None:
        self.done[-1] += steps


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech") / "data"
    steps = Steps()
    Builder(options(), 3).build(folder, steps)
    assert steps.totals == steps.done
    return folder


@pytest.fixture(scope="module")
def dataset(built: Path) -> Dataset:
    return Builder(options(), 3).load(built)


def test_the_data_are_features_of_the_devices_front_end(built: Path, dataset: Dataset) -> None:
    assert dataset.labels == ("silence", "unknown", "stop", "go")
    assert dataset.train.x.shape == (24, 98, 40, 1)
    assert dataset.test.x.dtype == np.float32
    for index in (0, len(dataset.test) - 1):
        with wave.open(str(built / dataset.test.sound[index])) as file:
            rows = list(MicroFeatures().feed(file.readframes(file.getnframes())))
        assert np.array_equal(np.array(rows, np.float32)[-98:], dataset.test.x[index, :, :, 0])


def test_no_source_is_on_both_sides_of_a_split(dataset: Dataset) -> None:
    sources = [set(split.source) for split in (dataset.train, dataset.validation, dataset.test)]
    assert not sources[0] & sources[1]
    assert not sources[0] & sources[2]
    assert not sources[1] & sources[2]
    assert {source.split("/")[0] for source in sources[2]} == {"flite", "noise"}


def test_silence_has_no_ratio_and_speech_has_one(dataset: Dataset) -> None:
    for split in (dataset.train, dataset.validation, dataset.test):
        assert np.array_equal(np.isnan(split.snr), split.y == 0)


def test_the_background_is_minutes_of_sound_in_which_there_is_something(dataset: Dataset) -> None:
    (path,) = dataset.background
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (RATE, 1, 60 * RATE)
        assert np.abs(np.frombuffer(file.readframes(file.getnframes()), "<i2")).max() > 100


def test_the_same_options_and_seed_give_the_same_bytes_and_another_seed_others(built: Path, tmp_path: Path) -> None:
    Builder(options(), 3).build(tmp_path / "again", Steps())
    assert hashes(tmp_path / "again") == hashes(built)
    small = options(examples=1, background_minutes=0, scenarios=["quiet"])
    Builder(small, 4).build(tmp_path / "other", Steps())
    assert hashes(tmp_path / "other")["train-0000.npz"] != hashes(built)["train-0000.npz"]


def test_with_shared_utterances_and_drawn_voices_it_is_the_same_bytes_again_and_nothing_is_left_over(
    tmp_path: Path,
) -> None:
    changed = options(utterances=2, augment={"revoice": 0.8, "equalise": 4.0})
    for name in ("one", "other"):
        Builder(changed, 3).build(tmp_path / name, Steps())
    assert hashes(tmp_path / "one") == hashes(tmp_path / "other")
    assert not (tmp_path / "one" / "spoken").exists()
    whole = Builder(changed, 3).load(tmp_path / "one")
    assert len({example.tobytes() for example in whole.train.x}) == len(whole.train)


def test_after_a_kill_it_goes_on_and_the_result_is_the_same(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    script = (
        "from pathlib import Path\n"
        "from firmware_tools.training.datasets.speech import Builder\n"
        "from tests.training.speech_options import options\n"
        "from tests.training.test_speech_data import Steps\n"
        f"if __name__ == '__main__': Builder(options(), 3).build(Path({str(folder)!r}), Steps())\n"
    )
    path = tmp_path / "build.py"
    path.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(path)], cwd=ROOT, env=environment, start_new_session=True)
    deadline = time.monotonic() + 400
    while not list(folder.glob("train-*.npz")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)  # the file system does not say when a file appears
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(DatasetError, match="holds no whole data set of speech"):
        Builder(options(), 3).load(folder)
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    Builder(options(), 3).build(folder, Steps())
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert {name: value for name, value in hashes(folder).items() if ".part" not in name} == hashes(built)


def test_a_shard_that_is_cut_off_is_said(built: Path, tmp_path: Path) -> None:
    for path in built.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "test-0000.npz").unlink()
    (tmp_path / "test-0000.npz").write_bytes((built / "test-0000.npz").read_bytes()[:1000])
    with pytest.raises(DatasetError, match=r"test-0000.npz cannot be read .*; delete it and make the data again"):
        Builder(options(), 3).load(tmp_path, only_test=True)


def test_the_test_split_loads_alone(built: Path) -> None:
    found = Builder(options(), 3).load(built, only_test=True)
    assert len(found.train) == len(found.validation) == 0 < len(found.test)


def test_the_fingerprint_follows_options_and_seed() -> None:
    found = {Builder(options(**changed), seed).fingerprint() for changed, seed in (({}, 1), ({}, 2), ({"rows": 60}, 1))}
    assert len(found) == 3
    assert Builder(options(), 1).fingerprint() == Builder(options(), 1).fingerprint()


@pytest.mark.parametrize("place", PLACES)
def test_a_place_echoes_and_the_same_seed_gives_the_same_echo(place: str) -> None:
    one, again = (impulse_response(place, np.random.default_rng(4)) for _ in range(2))
    assert one.tobytes() == again.tobytes()
    assert float(np.sum(one.astype(np.float64) ** 2)) == pytest.approx(1.0, rel=1e-4)
    click = np.zeros(RATE // 10, np.float32)
    click[100] = 1.0
    heard = reverberate(click, one)
    assert np.allclose(heard[100 : 100 + len(one)], one[: len(heard) - 100], atol=1e-5)


def test_a_far_room_echoes_more_than_a_cabin() -> None:
    def after_10_ms(place: str) -> float:
        found = [impulse_response(place, np.random.default_rng(seed)) for seed in range(6)]
        return float(np.mean([np.sum(response[176:] ** 2) for response in found]))

    assert after_10_ms("far") > 1.5 * after_10_ms("cabin")


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(DatasetError, match="no place 'church'; there are near, far, cabin"):
        impulse_response("church", np.random.default_rng(1))


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_all_at_once_and_with_one_sentence(tmp_path: Path) -> None:
    create_model(tmp_path / "words", "spoken-commands")
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware_tools.cli", "model", "data", str(tmp_path / "words"), "--cache", str(cache)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 400
    while not list(cache.glob("words/*/data/bank-*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)  # the file system does not say when a file appears
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.endswith("stopped; what is done is kept: run the same command again, and it goes on from there\n")
