"""Files of a data set: whole or not there, whatever happens meanwhile."""

import io
import os
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.synthesis import RATE


def write_whole(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write ``arrays``, by name, as one ``.npz`` file.

    Raises:
        DatasetError: the disk is full, or the folder not to be written to.
    """
    content = io.BytesIO()
    np.savez(content, **dict(arrays))
    write_bytes(path, content.getvalue())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, even after a power cut. Raises as :func:`write_whole`."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DatasetError(f"{path} cannot be written: {error.strerror or error}") from error


def wav(pcm: bytes) -> bytes:
    """A WAV file of 16 kHz mono int16 samples."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return content.getvalue()
