"""JavaScript in a program's source: is it what the device would accept, and what does it require?"""

import re
from collections.abc import Iterator

import jsbox

from device_runtime.engine.tokens import TokenError, tokenize
from firmware_tools.build.source import SourceText

_LOOKS_LIKE_MODULE = re.compile(r"^\s*(?:import\b(?!\s*\()|export\b)", re.MULTILINE)
# A file that is a script runs as the body of this function (engine/modules.py).
_OPENING, _CLOSING = "(function (exports, require, module) {", "\n})"
_PLACE = re.compile(r":(\d+):(\d+)")
# Over-approximates: what stands in a comment or a text counts too, and costs no more than a file.
_REQUEST = re.compile(
    r"""(?:\brequire(?:\s*\.\s*async)?\s*\(\s*|\bfrom\s*|\bimport\s*\(?\s*)(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\n]+)`)"""
)
_PATH = re.compile(r"[@.~/\w][^\s,;'\"()]*")


def check_script(source: SourceText) -> None:
    """Find syntax errors now, with file and line, rather than on the device.

    Raises:
        SourceError: the file is neither a script nor an ES module.
    """
    text = f"//{source.text[2:]}" if source.text.startswith("#!") else source.text
    looks_like_module = _LOOKS_LIKE_MODULE.search(text) is not None
    faults: list[tuple[bool, jsbox.JavaScriptError]] = []
    for is_module in (looks_like_module, not looks_like_module):
        fault = _syntax_fault(text if is_module else f"{_OPENING}{text}{_CLOSING}", is_module=is_module)
        if fault is None:
            return
        faults.append((is_module, fault))
    # Both refuse it; that which it looks like says why.
    is_module, fault = faults[0]
    raise _fault(source, fault, 0 if is_module else len(_OPENING)) from fault


def check_plain_script(source: SourceText) -> None:
    """Like :func:`check_script` for the code of a wxs module, which is never an ES module.

    Raises:
        SourceError: the syntax is wrong.
    """
    fault = _syntax_fault(f"{_OPENING}{source.text}{_CLOSING}", is_module=False)
    if fault is not None:
        raise _fault(source, fault, len(_OPENING)) from fault


def _syntax_fault(text: str, *, is_module: bool) -> jsbox.JavaScriptError | None:
    """What the engine says. It is let go here: an engine must not be dropped by another thread, and whoever holds the
    error would hold it by its traceback."""
    try:
        jsbox.Runtime().check_syntax(text, module=is_module)
    except jsbox.JavaScriptError as error:
        return error.with_traceback(None)
    return None


def requests(text: str) -> Iterator[tuple[str, int]]:
    """What a script or module requires and imports, as written, and where."""
    for match in _REQUEST.finditer(text):
        request = match[1] or match[2] or match[3]
        if _PATH.fullmatch(request):
            yield request, match.start()


def seems_commented(text: str, offset: int) -> bool:
    """Whether what stands at an offset of a script is likely to be in a comment."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return "//" in line or line.lstrip().startswith("*") or text.rfind("/*", 0, offset) > text.rfind("*/", 0, offset)


def _faulty_pattern(text: str) -> int:
    """Where the first regular expression is that the engine refuses: its error does not say. Else the start."""
    runtime = jsbox.Runtime()
    try:
        for token in tokenize(text):
            if token.kind == "regex":
                try:
                    runtime.check_syntax(token.text)
                except jsbox.JavaScriptError:
                    return token.start
    except TokenError:
        pass
    return 0


def _fault(source: SourceText, error: jsbox.JavaScriptError, shift: int) -> Exception:
    """The engine's error, placed in the source; ``shift`` characters were put in front of its first line."""
    message, _, stack = str(error).partition("\n")
    message = message.removeprefix("SyntaxError: ")
    place = _PLACE.search(stack)
    if place is None:
        return source.error(_faulty_pattern(source.text), message)
    line, column = int(place[1]), int(place[2])
    offset = source.offset(line, max(1, column - shift) if line == 1 else column)
    return source.error(min(offset, len(source.text)), message)
