"""The engine for programs in Python, without programs: its messages, its sources, what others pay for it."""

import contextlib
import struct
import subprocess
import sys

import pytest

from device_runtime.engine.python import wire
from device_runtime.engine.python.loader import Sources


def test_a_file_keeps_its_lines_and_columns() -> None:
    source = (
        "import math\nfrom cygnet import Page, call as ask  # it\nfrom lib.a import x, y as z\n"
        "\n\nclass Index(Page):\n    pass\n"
    )
    file = Sources({"p.py": source.encode()}).read("p.py")
    assert file.page_class == "Index"
    assert file.wanted == [("call", "cygnet", "ask"), ("x", "lib/a.py", "x"), ("y", "lib/a.py", "z")]
    assert [len(line) for line in file.text.splitlines()] == [len(line) for line in source.splitlines()]
    assert "class Index:      \n" in file.text


def test_places_are_those_of_the_file_that_they_are_in() -> None:
    sources = Sources({"a.py": "é = 1\nb\n".encode(), "lib/b.py": b"c\n\n  d\n"})
    first, second = (sources.placed(sources.read(name)) for name in ("a.py", "lib/b.py"))
    assert sources.line(first[: first.index("b")].count("\n") + 1, 1) == "a.py:2:1"
    assert sources.line(second[: second.index("d")].count("\n") + 1, 3) == "lib/b.py:3:3"
    assert sources.offset(second.encode().index(b"d")) == "lib/b.py:3:3"
    assert sources.offset(first.encode().index(b"b")) == "a.py:2:1"


# What Monty 1.4 was seen to send.
CALL = bytes.fromhex(
    "12310a055f686f73741201003a0b0801120742057265616479" + "42180a103c707974686f6e2d696e7075742d303e10d70118df01"
)


def test_a_call_is_read_with_its_place() -> None:
    event = wire.read_event(CALL)
    assert (event.kind, event.name, event.arguments) == (wire.FUNCTION_CALL, "_host", ("ready",))
    assert (event.source, event.offset) == ("<python-input-0>", 215)


@pytest.mark.parametrize("end", range(1, len(CALL)))
def test_a_message_that_is_cut_is_refused_or_says_less(end: int) -> None:
    with contextlib.suppress(wire.WireError):
        assert wire.read_event(CALL[:end]).kind == wire.FUNCTION_CALL


@pytest.mark.parametrize(
    "data", [b"", b"\xff" * 20, b"\x12\xff", struct.pack("<Q", 7), b"\x12\x02\x12\x01", b"\x7a\x00"]
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read_event(data)


def test_programs_in_javascript_load_nothing_of_it() -> None:
    code = (
        "import sys, device_runtime.program.worker as worker\nworker.prepare()\n"
        "print([name for name in sys.modules if 'monty' in name or 'engine.python' in name or 'companion' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
