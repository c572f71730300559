"""Source maps: any bytes are a map or a SourceMapError, and every question about one has an answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from device_runtime.engine.lines import Position
from device_runtime.engine.source_maps import SourceMaps
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, mutated, nested, written
from tests.fuzz.refusals import check_sentence

PLAIN: dict[str, Any] = {
    "version": 3,
    "sources": ["a.ts", "b.ts"],
    "sourceRoot": "src",
    "mappings": "AAAA;AACA,CAAC;;ACDA,A",
}
SECTIONS: dict[str, Any] = {
    "version": 3,
    "sections": [
        {"offset": {"line": 0, "column": 0}, "map": PLAIN},
        {"offset": {"line": 2, "column": 5}, "map": PLAIN},
    ],
}
SEEDS = [b"\0" + written(PLAIN), b"\0" + written(SECTIONS)]
_PLACES = [(0, 0), (1, 1), (2, 1), (3, 7), (-1, -1), (2**31, 2**31), (10**6, 0)]


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(3):
        case 0:
            check(choices.rest())
        case 1:
            check(written(mutated([PLAIN, SECTIONS], choices)))
        case _:
            check(written({**PLAIN, "mappings": choices.rest().decode("latin-1")}))


def check(data: bytes) -> None:
    said: list[str] = []
    comment = b"\n//# sourceMappingURL="
    files = {
        "a.js": b"x" + comment + b"a.js.map", "a.js.map": data,
        "b.js": comment + b"data:application/json," + data, "c.js": b"x" + comment + data, "d.js": data,
    }  # fmt: skip
    maps = SourceMaps(files, lambda text, file: said.append(f"{file}: {text}"))
    for file in ("a.js", "b.js", "c.js", "d.js"):
        for line, column in _PLACES:
            found = maps.original(Position(file, line, column, internal=False))
            if found is not None:
                check_sentence(f"{found.file}:{found.line}:{found.column}")
    assert len(said) <= 4
    for text in said:
        check_sentence(text)


def _map(**members: Any) -> Callable[[], bytes]:
    return lambda: written({**PLAIN, **members})


def _section(line: Any, column: Any) -> bytes:
    return json.dumps({"version": 3, "sections": [{"offset": {"line": line, "column": column}, "map": PLAIN}]}).encode()


CASES: Mapping[str, Callable[[], bytes]] = {
    "half a character in a source": _map(sources=[LONE_SURROGATE, "\n"]),
    "half a character in the mappings": _map(mappings=LONE_SURROGATE),
    "a line end in the mappings": _map(mappings="\n"),
    "a source of many steps": _map(sources=["../" * 100_000 + "a"]),
    "a section before the first line": lambda: _section(-5, -5),
    "a section at a place of 400 digits": lambda: _section(10**400, 0),
    "a section at a column of 400 digits": lambda: _section(0, -(10**400)),
    "sections 200 deep": lambda: written({"sections": nested(200)}),
    "half a million segments that are all different lines": _map(mappings=";" * 499_999),
    "an address of spaces": lambda: b"\n//# sourceMappingURL=" + b"a" + b" " * 200_000 + b"x",
    "an address of signs for the end of a comment": lambda: b"\n/*# sourceMappingURL=" + b"*/ " * 100_000,
}
