"""Recipes for tests."""

from pathlib import Path
from typing import Any

from firmware_tools.training.recipe import Recipe, read_recipe

SMALL = """
task = "digit-classification"
seed = 3

[data]
builder = "digits"

[train]
architecture = "small_cnn"
filters = [4, 8]
scale = 16
epochs = 3
batch = 64

[train.augment]
translate = 0.1

[quantize]
representative = 20
"""


def write_recipe(folder: Path, text: str = SMALL, **changed: Any) -> Path:
    """``text`` as the recipe of a model ``little`` in ``folder``; ``epochs=5`` puts another number in."""
    for key, value in changed.items():
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[at] = f"{key} = {value}"
        text = "\n".join(lines)
    path = folder / "little" / "recipe.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def recipe(folder: Path, **changed: Any) -> Recipe:
    return read_recipe(write_recipe(folder, **changed))


class Silence:
    """A :class:`firmware_tools.training.dataset.Progress` that keeps what it is told."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.steps = 0

    def stage(self, title: str, total: int) -> None:
        self.titles.append(f"{title} ({total})")

    def advance(self, steps: int = 1) -> None:
        self.steps += steps
