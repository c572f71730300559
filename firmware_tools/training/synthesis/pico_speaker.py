"""Speaks by Pico, in a process of its own: a request is one line of JSON ``{text, voice, tempo, pitch}``, an answer one
line of base64 (16 kHz mono samples of 16 bits), or "error: " and why.

Run as a file by ``pico.py``. In a process that has loaded TensorFlow, py-nanotts ends in a segmentation fault.
"""

import base64
import ctypes
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_INSTALL = "run: pip install 'cygnet[voices]'"

_M_PERTURB = -6
"""glibc's malloc.h: what malloc fills memory with, as the complement of a byte; 0 is nothing."""


@contextmanager
def _memory_of_zeros() -> Iterator[None]:
    """Pico reads memory that it has not set, so that a text sounds a little otherwise after another: let it be zeros,
    as at the beginning of a process."""
    perturb = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc only
    if perturb is not None:
        perturb(_M_PERTURB, 0xFF)
    try:
        yield
    finally:
        if perturb is not None:
            perturb(_M_PERTURB, 0)


def main() -> None:
    """Answer until the requests end."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints is no answer
    try:
        speak: Any = importlib.import_module("py_nanotts").NanoTTS().speak
        refusal = ""
    except ImportError as error:
        refusal = f"error: py-nanotts does not load: {' '.join(str(error).split())[:200]}; {_INSTALL}"
    for line in sys.stdin:
        answer = refusal
        if not refusal:
            asked = json.loads(line)
            try:
                with _memory_of_zeros():
                    pcm = speak(asked["text"], voice=asked["voice"], speed=asked["tempo"], pitch=asked["pitch"])
                answer = base64.b64encode(pcm).decode()
            except (RuntimeError, ValueError) as error:
                answer = f"error: {' '.join(str(error).split())[:300]}"
        answers.write(answer.encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
