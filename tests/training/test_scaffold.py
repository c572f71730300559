"""``cygnet model new``: what a model begins with."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.inference.card import read_card
from device_runtime.inference.store import ModelStore
from firmware_tools.cli import cygnet
from firmware_tools.training.evaluation.evaluator import tasks as judged
from firmware_tools.training.recipe import find_recipe
from firmware_tools.training.scaffold import create_model, tasks
from firmware_tools.training.workplace import LabError


@pytest.mark.parametrize("task", tasks())
def test_each_beginning_is_a_whole_recipe_and_a_card_of_one_task_that_can_be_judged(tmp_path: Path, task: str) -> None:
    folder = tmp_path / "my_model"
    made = CliRunner().invoke(cygnet, ["model", "new", str(folder), "--task", task])
    assert made.exit_code == 0, made.output
    recipe, card = find_recipe(str(folder)), read_card(folder / "card.toml")
    assert recipe.task == card.task == task
    assert task in judged()
    assert card.name == "my_model"


def test_spoken_words_begin_with_the_labels_of_their_data(tmp_path: Path) -> None:
    create_model(tmp_path / "words", "spoken-commands")
    commands = find_recipe(str(tmp_path / "words")).data["commands"]
    assert read_card(tmp_path / "words" / "card.toml").labels == ("silence", "unknown", *commands)


def test_a_folder_with_hyphens_holds_a_model_with_underscores(tmp_path: Path) -> None:
    """As a package of Python and its module have it."""
    folder = tmp_path / "my-first-words"
    made = CliRunner().invoke(cygnet, ["model", "new", str(folder)])
    assert made.exit_code == 0, made.output
    assert find_recipe(str(folder)).name == read_card(folder / "card.toml").name == "my_first_words"
    assert ModelStore([tmp_path]).card("my_first_words").path == folder / "card.toml"


@pytest.mark.parametrize("name", ["My Words", "-words", "w" * 65, "wörter"])
def test_a_folder_of_no_models_name_is_refused_with_what_one_may_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabError, match=f"'{name}' is no name for a model; expected 1 to 64 of a-z, 0-9, _ and -"):
        create_model(tmp_path / name, "digit-classification")


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    create_model(tmp_path / "mine", "digit-classification")
    with pytest.raises(LabError, match="is there already; choose another directory"):
        create_model(tmp_path / "mine", "spoken-commands")
