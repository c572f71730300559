"""What a file of another framework is, told from its content and without loading it.

Some formats run code when they are loaded: Python's pickle, in which ``torch.save`` writes whole modules, does so by
design. Such files are refused here, before any framework sees them.
"""

import zipfile
from pathlib import Path
from typing import Literal, TypeAlias

from firmware_tools.training.workplace import LabError

Format: TypeAlias = Literal["keras", "h5", "saved-model", "onnx", "torch-export", "torch-script", "paddle"]
TITLES: dict[Format, str] = {
    "keras": "Keras", "h5": "Keras (HDF5)", "saved-model": "TensorFlow SavedModel", "onnx": "ONNX",
    "torch-export": "PyTorch (torch.export)", "torch-script": "PyTorch (TorchScript)", "paddle": "PaddlePaddle",
}  # fmt: skip
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HOW_TORCH = (
    "torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt2') writes one that holds a network and "
    "no code"
)
_KNOWN = (
    ".keras, .h5, a SavedModel's folder, .onnx, .pt2 (torch.export), a TorchScript file, "
    "and a .json or .pdmodel of PaddlePaddle with its .pdiparams beside it"
)


def find_format(path: Path) -> Format:
    """What is at ``path``.

    Raises:
        LabError: nothing is there, it is of no known format, or it would run code when it is loaded.
    """
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return "saved-model"
        raise LabError(f"{path} is a folder without a saved_model.pb; expected {_KNOWN}")
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}") from error
    if start[4:8] == b"TFL3":  # with metadata it is a ZIP archive, too
        raise LabError(
            f"{path} is a TensorFlow Lite model already, which is what import makes: put it into a folder with a card "
            "(`cygnet model new` writes one) and test it, or import what it was made from"
        )
    if zipfile.is_zipfile(path):
        return _find_archive(path)
    if start.startswith(_HDF5):
        return "h5"
    suffix = path.suffix.lower()
    if suffix in (".pdmodel", ".json"):
        if not parameters_of(path).is_file():
            raise LabError(f"{path} is of PaddlePaddle, and its weights {parameters_of(path).name} are not beside it")
        return "paddle"
    if suffix == ".onnx":
        return "onnx"
    if suffix in (".pt", ".pth", ".pkl", ".pickle", ".bin") or start[:1] == b"\x80":
        raise LabError(f"{path} holds pickled Python objects, which run code when they are read; {_HOW_TORCH}")
    raise LabError(f"{path} is of no format that is known here; expected {_KNOWN}")


def parameters_of(path: Path) -> Path:
    """Where PaddlePaddle keeps the weights of the program at ``path``."""
    return path.with_suffix(".pdiparams")


def _find_archive(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise LabError(f"{path} is damaged: {error}") from error
    parts = [name.split("/", 1)[-1] for name in names]  # PyTorch puts everything into one folder of any name
    if "config.json" in names and "model.weights.h5" in names:
        return "keras"
    if any(part.startswith("models/") and part.endswith(".json") for part in parts):
        return "torch-export"
    if "constants.pkl" in parts and any(part.startswith("code/") for part in parts):
        return "torch-script"
    if "data.pkl" in parts:
        raise LabError(
            f"{path} holds pickled Python objects, which run code when they are read, or weights without a network; "
            f"{_HOW_TORCH}"
        )
    if any(part in ("serialized_exported_program.json", "serialized_exported_program.pt") for part in parts):
        raise LabError(
            f"{path} was written by an older PyTorch, with pickled objects in it; with a newer one {_HOW_TORCH}"
        )
    raise LabError(f"{path} is a ZIP archive of no format that is known here; expected {_KNOWN}")
