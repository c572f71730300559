"""Training and quantising for real: the same bytes each time, after any interruption, and nothing twice."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from device_runtime.inference.store import ModelStore
from firmware_tools.cli import cygnet
from firmware_tools.training.card_writing import tensors_of
from firmware_tools.training.lab import Lab, Made
from firmware_tools.training.recipe import RecipeError, read_recipe
from firmware_tools.training.workplace import LabError
from tests.training.recipes import Silence, write_recipe

pytest.importorskip("tensorflow")
pytest.importorskip("sklearn")

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[2]


def make(recipe: Path, cache: Path) -> tuple[Made, list[str]]:
    """Quantise, with all before it; returns what was said on the way, too."""
    progress = Silence()
    return Lab(read_recipe(recipe), progress, cache).quantize(), progress.titles


def command(verb: str, recipe: Path, cache: Path, *more: str) -> Result:
    return CliRunner().invoke(cygnet, ["model", verb, str(recipe), "--cache", str(cache), *more])


def results(cache: Path) -> dict[str, bytes]:
    """All that the lab made, but the data, by part and name."""
    return {
        f"{path.parent.name}/{path.name}": path.read_bytes()
        for part in ("train", "quantize")
        for path in cache.glob(f"*/*/{part}/*")
        if path.name != "state.npz"  # may be left by who was killed just before it went
    }


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What comes out when nothing disturbs."""
    cache = tmp_path_factory.mktemp("whole")
    make(recipe, cache)
    made = results(cache)
    assert set(made) == {
        "train/float.keras", "train/done.json", "quantize/model.tflite", "quantize/model_float.tflite",
        "quantize/done.json",
    }  # fmt: skip
    return made


class PowerCutError(BaseException):
    """Nothing that comes after happens."""


@pytest.fixture
def power_cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``power_cut(count, when)``: before or after the ``count``-th file is put in its place, everything ends."""

    def prepare(count: int, when: str) -> None:
        put, left = Path.replace, [count]

        def replace(self: Path, target: Path) -> Path:
            left[0] -= 1
            if left[0] == 0 and when == "before":
                raise PowerCutError
            put(self, target)
            if left[0] == 0:
                raise PowerCutError
            return target

        monkeypatch.setattr(Path, "replace", replace)

    yield prepare
    monkeypatch.undo()


# Files are put in their places in this order: data, its note, the state after each of 3 epochs, the network, its note,
# the float model, the int8 model, their note.
MOMENTS = [(n, when) for n in range(1, 11) for when in ("before", "after")]


@pytest.mark.parametrize(("count", "when"), MOMENTS[:-1])
def test_after_a_power_cut_at_any_moment_it_goes_on_to_the_same_bytes(
    recipe: Path, whole: dict[str, bytes], tmp_path: Path, power_cut: Any, monkeypatch: pytest.MonkeyPatch,
    count: int, when: str,
) -> None:  # fmt: skip
    power_cut(count, when)
    with pytest.raises(PowerCutError):
        make(recipe, tmp_path)
    monkeypatch.undo()
    _, titles = make(recipe, tmp_path)
    assert results(tmp_path) == whole
    kept = max(0, min(3, count - 2 - (when == "before")))  # epochs that need not be seen again
    seen = [re.match("epoch . of 3", title) for title in titles if title.startswith("epoch")]
    assert [found[0] for found in seen if found] == [f"epoch {number} of 3" for number in range(kept + 1, 4)]


@pytest.mark.short
def test_killed_while_it_trains_it_goes_on_to_the_same_bytes(
    recipe: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    line = _until_second_epoch(recipe, tmp_path, signal.SIGKILL)
    assert line[0] == -signal.SIGKILL
    make(recipe, tmp_path)
    assert results(tmp_path) == whole


@pytest.mark.usefixtures("interruptible")
def test_interrupted_it_says_how_to_go_on(recipe: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    code, said = _until_second_epoch(recipe, tmp_path, signal.SIGINT)
    assert code == 130
    assert said.splitlines()[-1] == (
        "stopped; what is done is kept: run the same command again, and it goes on from there"
    )
    make(recipe, tmp_path)
    assert results(tmp_path) == whole


def _until_second_epoch(recipe: Path, cache: Path, number: int) -> tuple[int, str]:
    """The exit code and the last words of a training that gets a signal in its second epoch."""
    # The epoch waits for the signal, so that it comes neither too early nor too late.
    script = (
        "import sys, time\n"
        "from firmware_tools.cli.model_progress import LabProgress\n"
        "stage = LabProgress.stage\n"
        "def stop(self, title, total):\n"
        "    stage(self, title, total)\n"
        "    while title.startswith('epoch 2'): time.sleep(0.01)\n"
        "LabProgress.stage = stop\n"
        "from firmware_tools.cli import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", script, "model", "train", str(recipe), "--cache", str(cache)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch 2 of 3"):
                process.send_signal(number)
                break
        said = process.stderr.read()
    return process.returncode, said


@pytest.mark.short
def test_what_is_in_the_cache_is_not_made_again(recipe: Path, tmp_path: Path) -> None:
    first = json.loads(command("quantize", recipe, tmp_path, "--json").stdout)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for verb in ("data", "train", "quantize"):
        again = command(verb, recipe, tmp_path, "--json")
        told = json.loads(again.stdout)
        assert (told["part"], told["cached"], again.stderr) == (verb, True, "")
    assert told == {**first, "cached": True}
    assert not first["cached"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert "from the cache" in command("train", recipe, tmp_path).stdout


def test_fresh_work_gives_the_same_bytes(recipe: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    make(recipe, tmp_path)
    for verb in ("train", "quantize"):
        assert not json.loads(command(verb, recipe, tmp_path, "--fresh", "--json").stdout)["cached"]
    assert results(tmp_path) == whole


def test_the_epoch_that_is_kept_is_the_one_that_the_recipe_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_tools.training.train.best_epoch", lambda _: 0)  # let the first be the best
    made = {}
    for keep, epochs in (("best", 3), ("last", 3), ("last", 1)):
        recipe = write_recipe(tmp_path / f"{keep}{epochs}", epochs=epochs)
        recipe.write_text(recipe.read_text().replace("batch = 64", f'schedule = "constant"\nkeep = "{keep}"'))
        trained = Lab(read_recipe(recipe), Silence(), tmp_path / "cache").train()
        assert trained.facts["best_epoch"] == (1 if keep == "best" else epochs)
        made[keep, epochs] = (trained.folder / "float.keras").read_bytes()
    assert made["best", 3] == made["last", 1] != made["last", 3]


def test_another_seed_gives_another_model(whole: dict[str, bytes], tmp_path: Path) -> None:
    make(write_recipe(tmp_path, seed=4), tmp_path / "cache")
    assert results(tmp_path / "cache")["quantize/model.tflite"] != whole["quantize/model.tflite"]


STORED = [("uint8", "uint8", "int8"), ("float32", "int8", "int8"), ("int16", "int16", "int16")]


@pytest.mark.parametrize(("given", "answer", "activations"), STORED)
def test_a_model_stores_what_the_recipe_says(tmp_path: Path, given: str, answer: str, activations: str) -> None:
    recipe = write_recipe(tmp_path, epochs=1)
    with recipe.open("a") as file:
        file.write(f'\ninput = "{given}"\noutput = "{answer}"\nactivations = "{activations}"\n')
    make(recipe, tmp_path / "cache")
    (first,), (last,) = tensors_of(results(tmp_path / "cache")["quantize/model.tflite"])
    assert (first.dtype, last.dtype) == (given, answer)


NETWORKS = [
    'architecture = "ds_cnn"\nfilters = 4\nblocks = 1\nkernel = [3, 3]\nstride = [1, 1]\n',
    'architecture = "ds_cnn"\nfilters = 4\nblocks = 3\nkernel = [3, 3]\nstride = [1, 2]\ngather = 2\ntime_kernel = 5\n',
    'architecture = "mlp"\nunits = [8]\nclass_weights = "root"\n',
    'architecture = "mlp"\nunits = [8, 8]\nlabel_smoothing = 0.1\nclass_weights = "balanced"\nweight_decay = 0.01\n',
    'architecture = "autoencoder"\nunits = [8, 3]\nschedule = "constant"\n',
    'architecture = "small_cnn"\nseparable = false\ndense = 8\nfilters = [4]\n',
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda text: text.split('"')[1])
def test_each_architecture_becomes_a_model(tmp_path: Path, network: str) -> None:
    recipe = write_recipe(tmp_path, epochs=1)
    head, _, rest = recipe.read_text().partition('architecture = "small_cnn"\nfilters = [4, 8]\nscale = 16\n')
    recipe.write_text(head + network + rest)
    made, _ = make(recipe, tmp_path / "cache")
    assert made.facts["bytes"] < 40_000
    assert min(each["sqnr_db"] for each in made.facts["layers"]) > 5


@pytest.mark.short
def test_a_model_is_begun_made_and_put_beside_its_recipe(tmp_path: Path) -> None:
    begun = CliRunner().invoke(cygnet, ["model", "new", str(tmp_path / "mine")])
    assert begun.exit_code == 0, begun.output
    recipe = tmp_path / "mine" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("epochs = 30", "epochs = 2"))
    done = command("quantize", recipe.parent, tmp_path / "cache", "--write")
    assert done.exit_code == 0, done.output
    store = ModelStore([tmp_path])
    model = store.load(store.card("mine"))
    (answer,) = model.invoke(np.full(model.inputs[0].shape, -128, np.int8))
    assert answer.shape == (1, 10)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (
            'architecture = "small_cnn"\nfilters = [4, 8]', 'architecture = "ds_cnn"\nkernel = [3]',
            r"ds_cnn does not take examples of the shape \[8, 8, 1\] with these options: ds_cnn: kernel and stride are",
        ),
        (
            'architecture = "small_cnn"\nfilters = [4, 8]\nscale = 16', 'architecture = "autoencoder"\nunits = []',
            r"units must name at least one layer",
        ),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit_is_one_sentence(tmp_path: Path, written: str, instead: str, told: str) -> None:
    recipe = write_recipe(tmp_path)
    recipe.write_text(recipe.read_text().replace(written, instead))
    with pytest.raises(RecipeError, match=told) as caught:
        make(recipe, tmp_path / "cache")
    assert str(caught.value).startswith(f"{recipe}: [train]: ")


def test_training_that_gives_no_numbers_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from firmware_tools.training.train import _Trainer

    monkeypatch.setattr(_Trainer, "_functions", lambda *_: (lambda *_: float("nan"), None))
    with pytest.raises(LabError, match=r"training little gave no numbers any more in epoch 1; a smaller .* may help"):
        make(write_recipe(tmp_path), tmp_path / "cache")
