# ruff: noqa: E501 a row of a table reads better whole
"""Source maps: decoding, compared with npm's own library on real maps, and maps that mean ill."""

import base64
import json
import random
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.engine.lines import Position
from device_runtime.engine.source_maps import (
    MAX_MAP_BYTES,
    MAX_SEGMENTS,
    Original,
    SourceMapError,
    SourceMaps,
    decode_segment,
    read_source_map,
)
from tests.npm import npm_package

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def encode(*numbers: int) -> str:
    """The numbers of a segment, as https://tc39.es/ecma426/ has them."""
    text = ""
    for number in numbers:
        value = (-number << 1) | 1 if number < 0 else number << 1
        while True:
            value, digit = value >> 5, value & 31
            text += _DIGITS[digit | 32 if value else digit]
            if not value:
                break
    return text


def source_map(mappings: str, **members: Any) -> bytes:
    document: dict[str, Any] = {"version": 3, "sources": ["a.ts", "b.ts"], "names": ["n"], "mappings": mappings}
    return json.dumps(document | members).encode()


@settings(deadline=None)
@given(st.lists(st.integers(-(2**30), 2**30), max_size=5))
def test_numbers_of_a_segment_are_read_as_written(numbers: list[int]) -> None:
    assert decode_segment(encode(*numbers)) == tuple(numbers)


def test_a_place_belongs_to_the_segment_before_it() -> None:
    mappings = f"{encode(2, 0, 0, 4)},{encode(4, 1, 2, -1, 0)},{encode(3)};;{encode(0, -1, 0, 0)}"
    found = read_source_map(source_map(mappings))
    assert found.find(1, 1) is None
    assert found.find(1, 2) == Original("a.ts", 1, 4)
    assert found.find(1, 6) == Original("b.ts", 3, 3)
    assert found.find(1, 8) == Original("b.ts", 3, 3)
    assert found.find(1, 9) is None  # a segment without a source ends what was before it
    assert found.find(2, 0) is None
    assert found.find(3, 5) == Original("a.ts", 3, 3)
    assert found.find(4, 0) is None
    assert found.find(0, 0) is None


def test_a_map_of_sections_is_read_from_each_section_on() -> None:
    mappings = f"{encode(0, 0, 0, 0)},{encode(4, 0, 1, 0)};{encode(0, 0, 1, 0)},{encode(6, 0, 1, 0)}"
    inner = {"version": 3, "sources": ["x.ts"], "names": [], "mappings": mappings}
    sections = [
        {"offset": {"line": 0, "column": 5}, "map": inner},
        {"offset": {"line": 2, "column": 0}, "map": inner | {"sourceRoot": "lib"}},
    ]
    found = read_source_map(json.dumps({"version": 3, "sections": sections}).encode())
    assert found.find(1, 4) is None
    assert found.find(1, 7) == Original("x.ts", 1, 0)
    assert found.find(1, 9) == Original("x.ts", 2, 0)
    assert found.find(2, 5) == Original("x.ts", 3, 0)
    assert found.find(2, 6) == Original("x.ts", 4, 0)
    assert found.find(3, 0) == Original("lib/x.ts", 1, 0)


REFUSED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "it is not JSON"),
    "no object": (b"[]", "it holds no JSON object"),
    "deep JSON": (b"[" * 200_000, "it is not JSON"),
    "an older version": (source_map("", version=2), "its version is not 3"),
    "no mappings": (b'{"version": 3, "sources": []}', "it lacks mappings or sources"),
    "mappings of another type": (
        source_map("").replace(b'"mappings": ""', b'"mappings": 5'),
        "it lacks mappings or sources",
    ),
    "a root of another type": (source_map("", sourceRoot=5), "its sourceRoot is not a string"),
    "too many segments": (source_map("A," * (MAX_SEGMENTS + 1)), "segments"),
    "too many lines": (source_map(";" * (MAX_SEGMENTS + 1)), "segments"),
    "too large": (b" " * (MAX_MAP_BYTES + 1), "larger than 8 MiB"),
    "sections of another type": (b'{"version": 3, "sections": 5}', "sections"),
    "a section without a map": (b'{"version": 3, "sections": [{"offset": {"line": 0, "column": 0}}]}', "no map"),
    "sections in sections": (
        b'{"version": 3, "sections": [{"offset": {"line": 0, "column": 0}, "map": {"version": 3, "sections": []}}]}',
        "lacks mappings",
    ),
}

MALFORMED = {
    "no digit": ("A?", "hold '?'"),
    "an open number": ("g", "end inside a number"),
    "a large number": ("gggggggggB", "too large"),
    "two numbers": ("AA", "has 2 numbers"),
    "an unknown source": (encode(0, 5, 0, 0), "a source that it does not list"),
    "a line before the first": (encode(0, 0, -1, 0), "before the start"),
    "columns in disorder": (f"{encode(5, 0, 0, 0)},{encode(-3, 0, 0, 0)}", "order of their columns"),
    "an empty segment": ("A,,A", "has 0 numbers"),
    "what is no ASCII": ("\u6c49", "hold"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_map_is_refused(what: str) -> None:
    data, reason = REFUSED[what]
    with pytest.raises(SourceMapError, match=reason):
        read_source_map(data)


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_mappings_are_refused(what: str) -> None:
    mappings, reason = MALFORMED[what]
    with pytest.raises(SourceMapError, match=reason.replace("?", r"\?")):
        read_source_map(source_map(mappings)).find(1, 100)


@settings(deadline=None)
@given(st.text("AC,;gKD/5", max_size=60))
def test_any_mappings_give_places_or_an_error(mappings: str) -> None:
    found = read_source_map(source_map(mappings))
    try:
        place = found.find(2, 3)
    except SourceMapError:
        return
    assert place is None or (place.line > 0 and place.column >= 0)


# -- the maps of a program's files ---------------------------------------------------------------------------------

SIMPLE = source_map(encode(0, 0, 0, 0), sources=["src/a.ts"])
DATA_URL = "data:application/json;charset=utf-8;base64," + base64.b64encode(SIMPLE).decode()


def place_of(files: dict[str, bytes], file: str = "pages/a.js") -> tuple[str | None, list[str]]:
    """What a place in a file was made from, asked twice, and what was warned of."""
    warned: list[str] = []
    maps = SourceMaps(files, lambda text, _: warned.append(text))
    found = [maps.original(Position(file, 1, 3, internal=False)) for _ in range(2)]
    assert found[0] == found[1]
    return str(found[0]) if found[0] else None, warned


@pytest.mark.parametrize(
    ("code", "maps"),
    [
        ("x\n//# sourceMappingURL=a.js.map", {"pages/a.js.map": SIMPLE}),
        ("x\n//@ sourceMappingURL=../maps/a.map\n\n", {"maps/a.map": SIMPLE}),
        ("x\n/*# sourceMappingURL=a%20b.map */", {"pages/a b.map": SIMPLE}),
        ("x", {"pages/a.js.map": SIMPLE}),
        ("x\n//# sourceMappingURL=https://maps.example/a.js.map", {"pages/a.js.map": SIMPLE}),
        ("x\n//# sourceMappingURL=gone.map", {"pages/a.js.map": SIMPLE}),
        (f"x\n//# sourceMappingURL={DATA_URL}", {}),
        ("x\n//# sourceMappingURL=data:application/json," + SIMPLE.decode().replace('"', "%22").replace(" ", ""), {}),
        ("x", {"pages/a.js.map": b")]}'\n" + SIMPLE}),
    ],
)
def test_a_map_is_found_beside_its_file_or_in_it(code: str, maps: dict[str, bytes]) -> None:
    found, warned = place_of({"pages/a.js": code.encode(), **maps})
    assert warned == []
    assert found is not None
    assert found.endswith("src/a.ts:1:1")


@pytest.mark.parametrize(
    "code",
    [
        "x",
        "s = '//# sourceMappingURL=a.map'; x",
        "//# sourceMappingURL=a.map\nx",
        "x\n//# sourceMappingURL=../../../etc/passwd",
    ],
)
def test_a_file_without_a_map_has_none(code: str) -> None:
    assert place_of({"pages/a.js": code.encode(), "pages/a.map": SIMPLE}) == (None, [])


@pytest.mark.parametrize(
    ("map_file", "source", "shown"),
    [
        ("pages/a.js.map", "../src/a.ts", "src/a.ts"),
        ("pages/a.js.map", "../../../src/a.ts", "src/a.ts"),
        ("pages/a.js.map", "webpack:///./src/a.ts", "src/a.ts"),
        ("pages/a.js.map", "webpack://shop/./src/a.ts?7d1e", "src/a.ts?7d1e"),
        ("pages/a.js.map", "a\n\x1b[31m.ts", "pages/a[31m.ts"),
        ("pages/a.js.map", "/home/me/a.ts", "/home/me/a.ts"),
        ("pages/a.js.map", f"/{'a' * 500}/b.ts", f"{'a' * 195}/b.ts"),
    ],
)
def test_a_source_is_shown_by_its_path(map_file: str, source: str, shown: str) -> None:
    data = source_map(encode(0, 0, 0, 0), sources=[source])
    assert place_of({"pages/a.js": b"x", map_file: data}) == (f"{shown}:1:1", [])


@pytest.mark.parametrize(
    ("code", "data", "reason"),
    [
        ("x", b"{", "the source map pages/a.js.map is ignored: it is not JSON"),
        ("x", source_map("A?"), "the source map pages/a.js.map is ignored: its mappings hold '?'"),
        ("x\n//# sourceMappingURL=data:application/json;base64,%%%", b"", "the source map pages/a.js is ignored: its data"),
        ("x", b" " * (MAX_MAP_BYTES + 1), "the source map pages/a.js.map is ignored: it is larger"),
    ],
)  # fmt: skip
def test_a_map_that_means_ill_is_ignored_with_one_warning(code: str, data: bytes, reason: str) -> None:
    found, warned = place_of({"pages/a.js": code.encode(), "pages/a.js.map": data})
    assert found is None
    assert len(warned) == 1
    assert warned[0].startswith(reason)


# -- compared with npm's source-map --------------------------------------------------------------------------------

_ORACLE = """
const { SourceMapConsumer } = require(process.argv[1]);
const { map, places } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const consumer = new SourceMapConsumer(JSON.parse(require('fs').readFileSync(map, 'utf8')));
console.log(JSON.stringify(places.map(([line, column]) => {
  const found = consumer.originalPositionFor({ line, column });
  return [found.source, found.line, found.column];
})));
"""

REAL_MAPS = [
    ("rxjs", "7.8.2", "dist/bundles/rxjs.umd.min.js"),
    ("rxjs", "7.8.2", "dist/bundles/rxjs.umd.js"),
    ("moment", "2.30.1", "min/moment-with-locales.min.js"),
    ("mobx", "6.13.7", "dist/mobx.cjs.production.min.js"),
    ("immer", "10.1.1", "dist/cjs/immer.cjs.production.js"),
    ("underscore", "1.13.7", "underscore-umd-min.js"),
    ("core-js-bundle", "3.42.0", "minified.js"),
]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize(("package", "version", "file"), REAL_MAPS)
def test_real_maps_are_read_as_npm_s_own_library_reads_them(package: str, version: str, file: str) -> None:
    code_file = npm_package(package, version) / file
    map_file = code_file.with_name(code_file.name + ".map")
    lines = code_file.read_text(encoding="utf-8").split("\n")
    chance = random.Random(7)  # noqa: S311 a sample, the same every time
    rows = chance.choices(range(1, len(lines) + 1), k=300)
    places = [(row, chance.randrange(len(lines[row - 1]) + 1)) for row in rows]
    asked = json.dumps({"map": str(map_file), "places": places})
    library = npm_package("source-map", "0.6.1")
    told = subprocess.run(
        ["node", "-e", _ORACLE, str(library)], input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    found = read_source_map(map_file.read_bytes())
    for (row, column), (source, *expected) in zip(places, json.loads(told.stdout), strict=True):
        ours = found.find(row, column)
        if source is None:
            assert ours is None
        else:
            assert ours is not None
            assert [ours.line, ours.column] == expected
            assert normal(ours.source) == normal(source)


def normal(path: str) -> str:
    return path.removeprefix("./").replace("/./", "/")
