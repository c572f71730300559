"""Power that fails at the n-th step on the disk, leaving half of what was being written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from device_runtime.sealed import durable


class PowerCut(BaseException):
    """Nothing catches it, as nothing catches the end of the power."""


@contextmanager
def power_fails_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the ``step``-th change of a file, counted from 0, be the last, and half done."""
    left = [step]
    replace, symlink, remove = Path.replace, os.symlink, os.remove

    def now() -> bool:
        left[0] -= 1
        return left[0] < 0

    def write_synced(path: Path, data: bytes) -> None:
        if now():
            path.write_bytes(data[: len(data) // 2])
            raise PowerCut
        path.write_bytes(data)

    def replacing(self: Path, target: Any) -> Path:
        if now():
            raise PowerCut
        return replace(self, target)

    def linking(source: str, link: str) -> None:
        if now():
            raise PowerCut
        symlink(source, link)

    def removing(path: str) -> None:
        if now():
            raise PowerCut
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_synced", write_synced)
        patch.setattr(Path, "replace", replacing)
        patch.setattr(os, "symlink", linking)
        patch.setattr(os, "remove", removing)
        yield


def every_cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A context manager for each step at which the power may fail, until one is beyond the last."""
    step, done = 0, False

    @contextmanager
    def cut() -> Iterator[None]:
        nonlocal done
        try:
            with power_fails_at(step, monkeypatch):
                yield
        except PowerCut:
            return
        done = True

    while not done:
        yield cut
        step += 1
        assert step < 500, "it never ends"
