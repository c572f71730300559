# ruff: noqa: E501 a line of JavaScript reads better whole
"""toLocaleString without Intl: what it writes is what an engine with all of Unicode's data writes."""

import itertools
import json
import shutil
import subprocess

import pytest

from tests.program.running import Board, program

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = [
    "0",
    "-0",
    "1234567.891",
    "-1234.5",
    "0.005",
    "1e21",
    "1e-9",
    "NaN",
    "-Infinity",
    "999.9999",
    "12n",
    "-1234567890123456789012n",
]
NUMBER_OPTIONS = [
    "undefined",
    "{ minimumFractionDigits: 2 }",
    "{ maximumFractionDigits: 0 }",
    "{ minimumFractionDigits: 2, maximumFractionDigits: 2 }",
    "{ style: 'percent' }",
    "{ style: 'percent', minimumFractionDigits: 1 }",
    "{ style: 'currency', currency: 'CNY' }",
    "{ style: 'currency', currency: 'USD' }",
    "{ style: 'currency', currency: 'JPY' }",
    "{ style: 'currency', currency: 'USD', minimumFractionDigits: 0 }",
    "{ style: 'currency', currency: 'USD', maximumFractionDigits: 0 }",
    "{ style: 'currency', currency: 'CHF' }",
    "{ useGrouping: false }",
    "{ minimumIntegerDigits: 2 }",
]
DATES = [
    "Date.UTC(2020, 0, 2, 3, 4, 5)",
    "Date.UTC(1999, 11, 31, 23, 59, 0)",
    "Date.UTC(2024, 1, 29, 0, 0, 0)",
    "Date.UTC(2024, 5, 9, 12, 30, 7)",
]
DATE_OPTIONS = [
    "{}",
    "{ hour12: false }",
    "{ year: 'numeric', month: '2-digit', day: '2-digit' }",
    "{ year: '2-digit', month: 'numeric', day: 'numeric' }",
    "{ year: 'numeric', month: 'long', day: 'numeric' }",
    "{ year: 'numeric', month: 'short', day: 'numeric' }",
    "{ year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }",
    "{ month: 'long', day: 'numeric' }",
    "{ month: '2-digit', day: '2-digit' }",
    "{ year: 'numeric', month: 'long' }",
    "{ year: 'numeric' }",
    "{ weekday: 'long' }",
    "{ weekday: 'short' }",
    "{ weekday: 'short', year: 'numeric', month: 'numeric', day: 'numeric' }",
    "{ hour: '2-digit', minute: '2-digit' }",
    "{ hour: '2-digit', minute: '2-digit', hour12: false }",
    "{ hour: 'numeric', minute: '2-digit', second: '2-digit' }",
    "{ hour: 'numeric' }",
    "{ minute: '2-digit', second: '2-digit' }",
    "{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }",
]
METHODS = ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]
LANGUAGES = ["zh-CN", "en-US"]


def expressions() -> list[str]:
    numbers = [
        f"({number}).toLocaleString('{language}', {options})"
        for number, language, options in itertools.product(NUMBERS, LANGUAGES, NUMBER_OPTIONS)
        # Rounded differently by versions of the standard, or beyond what numbers tell apart.
        if not (number in ("-0", "1e-9", "1e21") and "style" in options)
    ]
    dates = [
        f"new Date({date}).{method}('{language}', Object.assign({options}, {{ timeZone: '{zone}' }}))"
        for date, method, language, options, zone in itertools.product(
            DATES, METHODS, LANGUAGES, DATE_OPTIONS, ("UTC", "Asia/Shanghai")
        )
        # Midnight in English and 24 hours is 24:00 for some versions of V8, and 00:00 for others.
        if not (date == DATES[2] and language == "en-US" and "hour12" in options and zone == "UTC")
    ]
    others = [
        "[1234.5, 2].toLocaleString('en-US')",
        "new Date(NaN).toLocaleString('zh-CN')",
        "new Uint16Array([12345]).toLocaleString('en-US')",
    ]
    return numbers + dates + others


def as_node_writes(listed: str) -> list[str]:
    told = subprocess.run(
        ["node", "-"],
        input=f"console.log(JSON.stringify([\n{listed}\n]))",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    # Unicode's data has two kinds of space and, since its version 42, another before AM and PM.
    return [text.replace("\u202f", " ") for text in json.loads(told.stdout)]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
async def test_numbers_and_dates_read_as_an_engine_with_intl_writes_them(board: Board) -> None:
    asked = expressions()
    listed = ",\n".join(asked)
    expected = as_node_writes(listed)
    page = f"const all = [\n{listed}\n]; for (let at = 0; at < all.length; at += 100) console.log(JSON.stringify(all.slice(at, at + 100))); console.log('end'); Page({{}})"
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "end")
    found = [text for line in board.heard.lines(session)[:-1] for text in json.loads(line)]
    differing = [
        (code, ours, theirs) for code, ours, theirs in zip(asked, found, expected, strict=True) if ours != theirs
    ]
    assert differing[:40] == []


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("new Date(Date.UTC(2020, 0, 2, 3, 4, 5)).toLocaleDateString(undefined, { timeZone: 'UTC' })", "1/2/2020"),
        ("(1234.5).toLocaleString()", "1,234.5"),
        ("(1234.5).toLocaleString(['de-DE'])", "1,234.5"),
        ("try { (1).toLocaleString('en', { style: 'currency' }) } catch (e) { e.name }", "TypeError"),
    ],
)
async def test_the_language_is_the_devices_where_none_is_asked_for(board: Board, code: str, written: str) -> None:
    value = code if not code.startswith("try") else f"(() => {{ {code.replace('e.name', 'return e.name')} }})()"
    session = await board.run(program({"pages/a/a": f"console.log({value}); Page({{}})"}))
    assert board.heard.lines(session) == [written]


async def test_what_is_not_known_is_told_once(board: Board) -> None:
    page = """for (let i = 0; i < 3; i++) {
      (1).toLocaleString('de-DE'); (1).toLocaleString('en', { notation: 'compact' });
      new Date().toLocaleString('zh', { timeZone: 'Europe/Berlin', dateStyle: 'full' }) } Page({})"""
    session = await board.run(program({"pages/a/a": page}))
    assert [text.partition(": ")[2] for text in board.heard.lines(session, "warn")] == [
        'the language "de-DE" is not known here; zh-CN and en-US are, and en-US is taken',
        "the option notation is not known here; it is passed over",
        "the option dateStyle is not known here; it is passed over",
        "the time zone Europe/Berlin is not known here; that of the device is taken",
    ]
