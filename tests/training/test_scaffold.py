"""``cygnet model new``: what a model begins with."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.inference.card import read_card
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


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    create_model(tmp_path / "mine", "digit-classification")
    with pytest.raises(LabError, match="is there already; choose another directory"):
        create_model(tmp_path / "mine", "spoken-commands")
