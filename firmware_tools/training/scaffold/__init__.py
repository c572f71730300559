"""A model to begin with: a recipe that runs in a minute, and a card to fill in. A folder here for each task."""

import errno
from pathlib import Path

from device_runtime.inference.card import model_name
from firmware_tools.training.recipe import MODEL_NAME
from firmware_tools.training.workplace import LabError

_HERE = Path(__file__).parent
_FILES = ("recipe.toml", "card.toml")


def tasks() -> list[str]:
    """What a model can be begun for."""
    return sorted(found.name for found in _HERE.iterdir() if (found / _FILES[0]).is_file())


def create_model(directory: Path, task: str) -> list[Path]:
    """Write recipe and card into ``directory``, which is made; its name becomes the model's, with ``_`` for each ``-``.
    Returns what was written.

    Raises:
        LabError: the name is none for a model, something is there already, or it cannot be written.
    """
    name = model_name(directory.resolve().name)
    if not MODEL_NAME.fullmatch(name):
        raise LabError(
            f"{directory.resolve().name!r} is no name for a model; expected 1 to 64 of a-z, 0-9, _ and -, such as "
            "my-model"
        )
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file in _FILES:
            text = (_HERE / task / file).read_text(encoding="utf-8").replace("NAME", name)
            with (directory / file).open("x", encoding="utf-8") as new:
                new.write(text)
            written.append(directory / file)
    except FileExistsError as error:
        raise LabError(f"{error.filename} is there already; choose another directory") from error
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise LabError(f"{error.filename or directory} cannot be written: {reason}") from error
    return written
