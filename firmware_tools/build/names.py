"""What the names in a template's expressions mean: a loop variable, a wxs module of the file, or a member of the data.

The parser knows no names: it gives ``["variable", name]`` and ``["call", callee, arguments, offset]``. Here those that
belong to a module become ``["wxs", number, keys, arguments]``, and a call of anything else, which WeChat renders as
nothing, becomes ``undefined``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from firmware_tools.build.expressions import UNDEFINED, Instruction

_CALL_REFUSED: Final = (
    "only functions of a wxs module can be called in a template, so this is undefined; "
    "compute the value in the script and set it as data"
)
_KEY_REFUSED: Final = "the function of a module must be named, as in {{m.f(x)}}; this is undefined"


@dataclass(frozen=True, slots=True)
class Names:
    """The names in sight. ``variables`` are loop variables and slot values; they hide ``modules`` (name -> number).

    ``warn`` is told the offset and what is wrong there.
    """

    warn: Callable[[int, str], None]
    modules: Mapping[str, int] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()

    def within(self, variables: Iterable[str]) -> "Names":
        """The names below an element that brings variables."""
        return replace(self, variables=self.variables | frozenset(variables))

    def resolve(self, instruction: Instruction) -> Instruction:
        """The instruction with modules and calls resolved; what it is given stays as it is."""
        match instruction:
            case ["constant", _] | ["undefined"]:
                return instruction
            case ["variable", str(name)]:
                if name in self.modules and name not in self.variables:
                    return ["wxs", self.modules[name], [], None]
                return instruction
            case ["member", base, key]:
                return self._member(self.resolve(base), self.resolve(key))
            case ["call", callee, list(arguments), int(offset)]:
                return self._call(self.resolve(callee), arguments, offset)
            case ["array" | "join" as word, list(items)]:
                return [word, [self.resolve(item) for item in items]]
            case ["spread", value]:
                return ["spread", self.resolve(value)]
            case ["object", list(members)]:
                return ["object", [[name, self.resolve(value)] for name, value in members]]
        word, *parts = instruction  # unary, binary, logical, conditional
        return [word, *(self.resolve(part) if isinstance(part, list) else part for part in parts)]

    def _member(self, base: Instruction, key: Instruction) -> Instruction:
        match base, key:
            case ["wxs", int(number), list(keys), None], ["constant", str() | int() as name]:
                return ["wxs", number, [*keys, str(name)], None]
        return ["member", base, key]

    def _call(self, callee: Instruction, arguments: list[Instruction], offset: int) -> Instruction:
        resolved = [self.resolve(argument) for argument in arguments]
        match callee:
            case ["wxs", int(number), list(keys), None]:
                return ["wxs", number, keys, resolved]
            case ["member", ["wxs", _, _, None], _]:
                self.warn(offset, _KEY_REFUSED)
            case _:
                self.warn(offset, _CALL_REFUSED)
        return UNDEFINED
