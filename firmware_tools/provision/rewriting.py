"""Records of a board, changed on this computer by the board's own code."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def rewritten(files: Mapping[str, bytes], change: Callable[[str], None]) -> dict[str, bytes]:
    """Files of a board after ``change``, which is given the root of a board that has these alone.

    Args:
        files: content by absolute path, below ``/cygnet``.
        change: writes as the board does.
    """
    with tempfile.TemporaryDirectory(prefix="cygnet-records-") as folder:
        root = Path(folder)
        (root / "cygnet").mkdir()
        for name, data in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        change(f"{folder}/")
        return {
            f"/{path.relative_to(root).as_posix()}": path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
