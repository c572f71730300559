"""Steps of an import, each in a process of its own: frameworks that do not bear each other's libraries in one process,
and files from strangers, which may crash what reads them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.importing.examples import Arrays
from firmware_tools.training.workplace import LabError

EXAMPLES = "examples.npz"
REFERENCE = "reference.npz"
ONNX = "model.onnx"
# What has a module that is missing.
_PADDLE = "paddlepaddle paddle2onnx"
_PACKAGES = {
    "torch": "torch onnxscript",
    "paddle": _PADDLE,
    "paddle2onnx": _PADDLE,
}
_EXTRA = "'cygnet[train-import]'"
_MISSING = 3
_ROOT = Path(__file__).parents[3]


def run_step(module: str, source: Path, folder: Path, title: str) -> None:
    """Run ``firmware_tools.training.importing.<module>``'s :func:`step` on ``source`` and ``folder``.

    Raises:
        LabError: the step failed, a library is missing, or it crashed.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", "")))),
        "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1",  # no pickled objects, whatever a file asks for
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", f"firmware_tools.training.importing.{module}", str(source), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode == 0:
        return
    said = done.stdout.decode("utf-8", "replace").strip().splitlines()
    sentence = said[-1] if said and done.returncode in (1, _MISSING) else _last_words(done.stderr)
    if done.returncode == _MISSING:
        remedy = f"pip install {_PACKAGES.get(sentence, _EXTRA)}"
        raise LabError(f"importing from {title} needs {sentence}, which is not installed; run: {remedy}")
    if done.returncode < 0:
        raise LabError(f"{title} crashed (signal {-done.returncode}) on {source}: {sentence}")
    raise LabError(f"{source} cannot be imported from {title}: {sentence}")


def step(work: Callable[[Path, Path, Arrays], None]) -> None:
    """What a step's module does when it is run: ``work(source, folder, examples)``, with its error as a sentence."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        with np.load(folder / EXAMPLES, allow_pickle=False) as file:
            examples = {name: file[name] for name in file.files}
        work(source, folder, examples)
    except ModuleNotFoundError as error:
        print(f"\n{error.name}")
        sys.exit(_MISSING)
    except Exception as error:  # noqa: BLE001 (a framework raises what it likes)
        print(f"\n{' '.join(str(error).split())[:400] or type(error).__name__}")
        sys.exit(1)


def save_examples(folder: Path, arrays: Arrays) -> None:
    """Give the examples to the steps."""
    named: dict[str, Any] = dict(arrays)
    np.savez(folder / EXAMPLES, **named)


def save_reference(folder: Path, outputs: Sequence[Sequence[NDArray[Any]]]) -> None:
    """Keep what the original answers: for each example the outputs, in order."""
    named: dict[str, Any] = {str(at): np.stack([each[at] for each in outputs]) for at in range(len(outputs[0]))}
    np.savez(folder / REFERENCE, **named)


def load_reference(folder: Path) -> list[NDArray[Any]]:
    """What the original answers, an array ``[n, *shape with its batch of 1]`` an output."""
    with np.load(folder / REFERENCE, allow_pickle=False) as file:
        return [file[str(at)] for at in range(len(file.files))]


def save_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Tell the parent about the model."""
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def load_facts(folder: Path) -> dict[str, Any]:
    """What :func:`save_facts` told."""
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    return facts


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return " ".join(lines[-1].split())[:400] if lines else "it said nothing"
