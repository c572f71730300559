"""The tensor arena that a model needs in TensorFlow Lite Micro, by TensorFlow Lite Micro itself (``tflite-micro``).

Its recording allocator says what an invocation took: tensors planned to overlap, and what the interpreter keeps of
each. The figure is that of this machine: pointers of 64 bits make the bookkeeping somewhat larger than it is on a
microcontroller. It runs in a process of its own, since an operator that it lacks can end it.
"""

import importlib.util
import re
import subprocess
import sys

from device_runtime.errors import CygnetError

_TOTAL = re.compile(r"Arena allocation total (\d+) bytes")
_SECONDS = 60
_PROGRAM = """
import sys
from tflite_micro import runtime
interpreter = runtime.Interpreter.from_bytes(sys.stdin.buffer.read(), arena_size=int(sys.argv[1]))
interpreter.invoke()
interpreter.print_allocations()
"""
_SIZES = (1 << 20, 1 << 24, 1 << 27)


class ArenaError(CygnetError):
    """The arena cannot be measured; the message says why."""


class NoArenaToolError(ArenaError):
    """``tflite-micro`` is not installed here."""


def measure_arena(content: bytes, name: str) -> int:
    """Bytes of arena that one invocation of the model took; ``name`` is for errors.

    Raises:
        NoArenaToolError: ``tflite-micro`` is not installed.
        ArenaError: TensorFlow Lite Micro cannot run the model: an operator is missing, or the file is damaged.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        raise NoArenaToolError(
            "the arena is measured by tflite-micro, which is not installed: pip install tflite-micro"
        )
    said = ""
    for size in _SIZES:
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, str(size)],
                input=content,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ArenaError(f"model {name}: TensorFlow Lite Micro did not end within {_SECONDS} s") from error
        said = (done.stderr + done.stdout).decode(errors="replace")
        if found := _TOTAL.search(said):
            return int(found[1])
        if "arena" not in said.lower() and "allocate" not in said.lower():
            break
    raise ArenaError(f"model {name}: TensorFlow Lite Micro does not run it: {_reason(said)}")


def _reason(said: str) -> str:
    """The line of its output that says most: what the interpreter printed, else the error that ended it."""
    lines = [
        line for line in said.splitlines() if line.strip() and not line.startswith((" ", "Traceback", "[", "INFO"))
    ]
    return lines[0].strip()[:200] if lines else "it ended without a word"
