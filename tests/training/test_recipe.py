"""Recipes: what is taken, and what each fault is told by."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board_file import key
from device_runtime.resources import resource_directory
from firmware_tools.training.architectures import ARCHITECTURES
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.recipe import (
    Augmentation,
    Quantization,
    RecipeError,
    Training,
    find_recipe,
    read_options,
    read_recipe,
)
from tests.training.recipes import SMALL, write_recipe

# What is replaced, by what, and what the fault says: the line, the key, what was expected.
FAULTS: list[tuple[str, str, str]] = [
    ('task = "digit-classification"\n', "", r"'task' is missing: what the model is for"),
    ('task = "digit-classification"', "task = 3", r":2: 'task' must be a string, not 3"),
    ('task = "digit-classification"', 'task = "Digits!"', r":2: 'task' must be one of anomaly-.*, not 'Digits!'"),
    ('task = "digit-classification"', 'task = "digit-clasification"', r"digit-classification, .*, not 'digit-clasif"),
    ("seed = 3", "seed = -1", r":3: 'seed' must be a whole number from 0 to 2147483647, not -1"),
    ("seed = 3", "seed = true", r":3: 'seed' must be a whole number"),
    ("seed = 3", "", r"'seed' must be a whole number from 0 to 2147483647, not None"),
    ("seed = 3", "sede = 3", r":3: unknown key 'sede'; did you mean 'seed'\?"),
    ('builder = "digits"', "", r"'data.builder' is missing: a module of firmware_tools.training.datasets"),
    ("[data]", "[date]", r":5: unknown key 'date'; did you mean 'data'\?"),
    ('architecture = "small_cnn"', "", r"'train.architecture' is missing: one of ds_cnn, small_cnn"),
    ('"small_cnn"', '"smal_cnn"', r":9: 'train.architecture' must be one of ds_cnn, .*not 'smal_cnn'"),
    ("filters = [4, 8]", "filtres = [4, 8]", r":10: unknown key 'train.filtres'; did you mean 'filters'\?"),
    ("filters = [4, 8]", "filters = 4", r":10: 'train.filters' must be a list"),
    ("filters = [4, 8]", 'filters = ["4"]', r":10: 'train.filters' must be a whole number, not '4'"),
    ("filters = [4, 8]", "filters = [0]", r":10: 'train.filters' must be between 1 and 1024, not 0"),
    ("epochs = 3", "", r"'train.epochs' is missing: how often each example is seen"),
    ("epochs = 3", "epochs = 0", r":12: 'train.epochs' must be between 1 and 10000, not 0"),
    ("epochs = 3", "epochs = 1.5", r":12: 'train.epochs' must be a whole number, not 1.5"),
    ("batch = 64", "learning_rate = nan", r":13: 'train.learning_rate' must be between .*, not nan"),
    ("batch = 64", 'schedule = "cosin"', r":13: 'train.schedule' must be one of 'cosine', 'constant'"),
    ("batch = 64", 'class_weights = "balance"', r":13: 'train.class_weights' must be one of 'none', 'root', 'bal"),
    ("translate = 0.1", "translate = 2", r":16: 'train.augment.translate' must be between 0.0 and 0.5, not 2"),
    ("translate = 0.1", "translat = 0.1", r":16: unknown key 'train.augment.translat'; did you mean 'translate'\?"),
    ("[train.augment]\ntranslate = 0.1", "augment = 3", r"'train.augment' must be a table"),
    ("representative = 20", "representative = 0", r":19: 'quantize.representative' must be between 1 and"),
    ("representative = 20", 'input = "int4"', r":19: 'quantize.input' must be one of 'int8', 'uint8'"),
    (
        "representative = 20", 'activations = "int16"',
        r"'quantize.input' must be one of int16, float32 with activations in int16, not 'int8'",
    ),
    ("representative = 20", 'output = "int16"', r":19: 'quantize.output' must be one of int8, uint8, float32 with"),
    ("[quantize]", "[[quantize]]", r"'quantize' must be a table"),
    ("[train]", "[train", r"not TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "instead", "told"), FAULTS)
def test_a_fault_is_told_with_its_file_line_key_and_what_was_expected(
    tmp_path: Path, written: str, instead: str, told: str
) -> None:
    assert SMALL.count(written) == 1
    path = write_recipe(tmp_path, SMALL.replace(written, instead))
    with pytest.raises(RecipeError, match=told) as caught:
        read_recipe(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_the_quantize_table_may_be_left_out(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, SMALL.partition("[quantize]")[0]))
    assert recipe.quantize == Quantization(300, "int8", "int8", "int8")


def test_a_recipe_has_what_it_says(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path))
    assert (recipe.name, recipe.task, recipe.seed, recipe.builder) == ("little", "digit-classification", 3, "digits")
    assert (recipe.options.filters, recipe.options.scale, recipe.train.epochs) == ((4, 8), 16.0, 3)
    assert recipe.train.augment.translate == 0.1
    assert recipe.architecture is ARCHITECTURES["small_cnn"]


@pytest.mark.parametrize(
    ("builder", "told"),
    [
        ('"digts"', r"\[data\]: there is no builder of data sets called 'digts'; there are .*digits"),
        ('"../digits"', r"is no name of a data set's builder"),
        ('"digits"\nvalidaton = 3', r"unknown key 'data.validaton'; did you mean 'validation'\?"),
        ('"digits"\nvalidation = 0', r"'data.validation' must be between 1 and 1000, not 0"),
    ],
)
def test_faults_of_the_data_are_told_with_the_file(tmp_path: Path, builder: str, told: str) -> None:
    path = write_recipe(tmp_path, SMALL.replace('"digits"', builder))
    with pytest.raises(RecipeError, match=told) as caught:
        read_recipe(path).find_builder()
    assert str(path) in str(caught.value)


def test_a_folder_that_is_no_name_for_a_model_is_told(tmp_path: Path) -> None:
    path = write_recipe(tmp_path).parent.rename(tmp_path / "My Model") / "recipe.toml"
    with pytest.raises(RecipeError, match=r"the folder's name 'My Model' is the model's: a-z, 0-9, _ and -"):
        read_recipe(path)


def test_a_recipe_is_found_by_path_folder_or_name(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    assert find_recipe(str(path)).path == path
    assert find_recipe(str(path.parent)).path == path
    assert find_recipe("digits").path == resource_directory("models") / "digits" / "recipe.toml"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("digitz", "is no recipe, .* did you mean digits?"),
        ("/nowhere/at/all", r"models with a recipe are .*digits"),
        (".", r"holds no recipe.toml; `cygnet model new DIRECTORY` makes one"),
    ],
)
def test_a_recipe_that_is_not_there_is_told_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=told):
        find_recipe(place)


HERE = sorted(resource_directory("models").glob("*/recipe.toml"))


@pytest.mark.parametrize("path", HERE, ids=lambda path: path.parent.name)
def test_each_recipe_here_is_whole(path: Path) -> None:
    assert read_recipe(path).name == path.parent.name


@dataclasses.dataclass(frozen=True)
class Options:
    voices: int = key("how many voices", 3, 1, 10)
    files: tuple[str, ...] = key("which", ())


def test_options_of_a_builder_are_read_by_its_schema() -> None:
    assert read_options(Options, {"voices": 2, "files": ["a"]}) == Options(2, ("a",))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"voice": 2}, r"^unknown key 'data.voice'; did you mean 'voices'\?$"),
        ({"voices": 20}, r"^'data.voices' must be between 1 and 10, not 20$"),
        ({"voices": "2"}, r"^'data.voices' must be a whole number, not '2'$"),
        ({"files": [1]}, r"^'data.files' must be a string, not 1$"),
    ],
)
def test_faults_of_options_name_the_key(options: dict[str, Any], told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        read_options(Options, options)


SCHEMAS = [Training, Augmentation, Quantization, *(each.options for each in ARCHITECTURES.values())]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
def test_each_key_is_documented(schema: type[Any]) -> None:
    assert [item.name for item in dataclasses.fields(schema) if not item.metadata.get("doc")] in ([], ["augment"])


def test_no_option_of_an_architecture_is_called_as_a_key_of_training() -> None:
    general = {item.name for item in dataclasses.fields(Training)}
    for name, architecture in ARCHITECTURES.items():
        assert not general & {item.name for item in dataclasses.fields(architecture.options)}, name
