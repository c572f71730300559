"""Where a program asks ``canIUse`` before it uses something."""

from dataclasses import dataclass

from firmware_tools.port.javascript import Script

_REACH = 40  # how many brackets out of a condition are looked at


@dataclass(frozen=True, slots=True)
class Guard:
    """Between the tokens ``start`` and ``end``, ``schema`` has been asked for, such as ``request`` or
    ``showToast.object.image``."""

    schema: str
    start: int
    end: int

    def covers(self, index: int, name: str, option: str = "") -> bool:
        """Whether it is about a name at a token, or about one of its options."""
        if not self.start <= index <= self.end:
            return False
        if not option:
            return self.schema == name
        return self.schema.startswith(f"{name}.") and self.schema.endswith(f".{option}")


def find_guards(script: Script, asked: list[tuple[str, int]]) -> list[Guard]:
    """The guards made by calls of ``canIUse``: ``asked`` are what is asked for and the first token of the call."""
    guards: list[Guard] = []
    for schema, index in asked:
        guards += _guard(script, schema, index)
        if (name := _returned_by(script, index)) is not None:
            for call in script.positions.get(name, ()):
                if script.text(call + 1) == "(" and call != index and not script.is_method(call):
                    guards += _guard(script, schema, call)
    return guards


def _guard(script: Script, schema: str, index: int) -> list[Guard]:
    negated = script.text(index - 1) == "!"
    condition = _condition(script, index)
    if condition >= 0:
        return _branches(script, schema, condition, negated)
    last = script.statement_end(index) - 1
    block = script.block(index)
    for at in range(index, last + 1):
        if script.text(at) in ("&&", "||", "?"):
            return [Guard(schema, index, last)]
    return [Guard(schema, index, block[1])]


def _condition(script: Script, index: int) -> int:
    """The ``(`` of the ``if`` whose condition a token is in, or -1."""
    at = script.parent[index]
    for _ in range(_REACH):
        if at < 0 or script.texts[at] != "(":
            return -1
        if script.text(at - 1) == "if":
            return at
        at = script.parent[at]
    return -1


def _branches(script: Script, schema: str, condition: int, negated: bool) -> list[Guard]:
    start = script.closing(condition) + 1
    end = _branch_end(script, start)
    has_else = script.text(end + 1) == "else"
    if not negated:
        return [Guard(schema, condition, end)]
    guards = []
    if has_else:
        guards.append(Guard(schema, end + 1, _branch_end(script, end + 2)))
    if any(script.texts[at] in ("return", "throw") for at in range(start, min(end + 1, len(script.texts)))):
        guards.append(Guard(schema, end, script.block(condition)[1]))
    return guards


def _branch_end(script: Script, start: int) -> int:
    if script.text(start) == "{":
        return script.closing(start)
    after = script.statement_end(start)
    return after if script.text(after) == ";" else after - 1


def _returned_by(script: Script, index: int) -> str | None:
    """The name of the function that gives what a call at a token answers: ``function can() { return canIUse(…) }``."""
    start = script.block(index)[0]
    if start < 0 or not any(script.texts[at] == "return" for at in range(start, index)):
        return None
    parameters = script.partner[start - 1] if script.text(start - 1) == ")" else -1
    return script.text(parameters - 1) if parameters > 0 and script.is_name(parameters - 1) else None
