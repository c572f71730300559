"""Where a program in Python sends something, or uses the microphone or a sensor: the same facts as those of scripts."""

import ast
from collections.abc import Iterator, Mapping

from firmware_tools.port.facts import Sending, SendingKind
from firmware_tools.port.texts import Guess

_HEARD: Mapping[str, SendingKind] = {"inference.listen": "listen", "record.start": "record"}


def python_sendings(text: str) -> list[Sending]:
    """The sendings of one module; none of one that is no Python, which the build says."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    names = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "cygnet"
        for name in node.names
        if name.name == "call"
    }
    lines = [0]
    for line in text.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    return [
        sending
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for sending in _sendings(node, lines[node.lineno - 1] + node.col_offset)
    ]


def _sendings(node: ast.Call, offset: int) -> Iterator[Sending]:
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    name = given.get("name")
    match node.args:
        case [ast.Constant(value=str(capability))] if capability in _HEARD:
            yield Sending(_HEARD[capability], offset)
        case [ast.Constant(value="sensor.read")]:
            yield Sending("sensor", offset, _text(name))
        case [ast.Constant(value="telemetry")]:
            values = given.get("values")
            names: tuple[str | None, ...] = _choices(name) or (None,)
            fields, whole = _fields(values) if values is not None else ((), True)
            yield from (Sending("event", offset, one, fields=fields, whole=whole) for one in names)


def _fields(values: ast.expr) -> tuple[tuple[tuple[str, Guess], ...], bool]:
    if not isinstance(values, ast.Dict):
        return (), False
    fields = [(_text(key), _guess(value)) for key, value in zip(values.keys, values.values, strict=True)]
    return tuple((key, guess) for key, guess in fields if key is not None), all(key is not None for key, _ in fields)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _choices(node: ast.expr | None) -> tuple[str, ...]:
    match node:
        case ast.IfExp(body=body, orelse=other):
            both = (_text(body), _text(other))
            return tuple(text for text in both if text is not None) if None not in both else ()
        case _:
            text = _text(node)
            return (text,) if text is not None else ()


def _guess(node: ast.expr) -> Guess:
    match node:
        case ast.Constant(value=bool()) | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return Guess("boolean")
        case ast.Constant(value=int()) | ast.Call(func=ast.Name(id="len" | "int")):
            return Guess("integer")
        case ast.Constant(value=float()):
            return Guess("number")
        case _:
            words = _choices(node)
            return Guess("choice", words) if words else Guess("text")
