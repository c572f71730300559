"""What went wrong in a program, in one line: where, and what."""

import io
import os
import sys


def text_of(error: BaseException) -> str:
    """``ValueError: the text``."""
    text = str(error).replace("\n", " ")
    name = type(error).__name__
    return f"{name}: {text}"[:200] if text else name


def place_of(error: BaseException) -> str:
    """``pages/index/index.py:12``: the innermost place in a program's file that a traceback tells of."""
    stream = io.StringIO()
    sys.print_exception(error, stream)  # type: ignore[attr-defined]
    found = ""
    for line in stream.getvalue().split("\n"):
        if line[:8] == '  File "':
            path, _, rest = line[8:].partition('", line ')
            for part in ("pages/", "lib/", "app."):
                at = path.rfind("/" + part)
                if path[: len(part)] == part:
                    at = -1
                elif at < 0:
                    continue
                found = f"{path[at + 1 :]}:{rest.split(',')[0]}"
    return found


def exists(path: str) -> bool:
    """Whether there is a file."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True
