"""What programs store survives, stays apart, and stays within its quota."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.storage import (
    MAX_VALUE_BYTES,
    ProgramStorage,
    storage_capabilities,
)
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "storage.sqlite"


async def test_a_value_is_there_after_a_restart(path: Path) -> None:
    storage = ProgramStorage(path)
    await storage.set("lights", "rooms", {"kitchen": [True, 80]})
    storage.close()
    again = ProgramStorage(path)
    assert again.load("lights") == {"rooms": {"kitchen": [True, 80]}}
    again.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), value=JSON)
async def test_any_json_value_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Value
) -> None:
    storage = ProgramStorage(tmp_path_factory.mktemp("s") / "storage.sqlite")
    await storage.set("demo", key, value)
    assert storage.load("demo") == {key: value}
    storage.close()


async def test_programs_do_not_see_each_other(path: Path) -> None:
    storage = ProgramStorage(path)
    await storage.set("a", "k", 1)
    await storage.set("b", "k", 2)
    await storage.clear("a")
    assert (storage.load("a"), storage.load("b")) == ({}, {"k": 2})
    storage.close()


async def test_changes_are_kept_in_the_order_in_which_they_were_asked_for(path: Path) -> None:
    storage = ProgramStorage(path)
    await asyncio.gather(*(storage.set("demo", "last", number) for number in range(100)))
    assert storage.load("demo") == {"last": 99}
    storage.close()


async def test_a_program_is_stopped_at_its_quota_and_can_make_room(path: Path) -> None:
    storage = ProgramStorage(path)
    megabyte = "x" * (MAX_VALUE_BYTES - 1000)
    for index in range(10):
        await storage.set("demo", f"k{index}", megabyte)
    with pytest.raises(CapabilityError, match="storage is full"):
        await storage.set("demo", "k10", megabyte)
    await storage.set("demo", "k0", megabyte)  # replacing needs no more room
    await storage.set("other", "k0", megabyte)
    await storage.remove("demo", "k0")
    await storage.set("demo", "k10", megabyte)
    assert set(storage.load("demo")) == {f"k{index}" for index in range(1, 11)}
    storage.close()


async def test_a_board_gives_programs_less_room(path: Path) -> None:
    storage = ProgramStorage(path, 100_000)
    await storage.set("demo", "a", "x" * 90_000)
    with pytest.raises(CapabilityError, match=r"storage is full: \d+ bytes would be used, 100000 are allowed"):
        await storage.set("demo", "b", "x" * 20_000)
    storage.close()


async def test_the_quota_is_known_again_after_a_restart(path: Path) -> None:
    storage = ProgramStorage(path)
    for index in range(10):
        await storage.set("demo", f"k{index}", "x" * (MAX_VALUE_BYTES - 1000))
    storage.close()
    again = ProgramStorage(path)
    with pytest.raises(CapabilityError, match="storage is full"):
        await again.set("demo", "more", "x" * 500_000)
    again.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "value is missing"),
        ({"value": 1}, "key must be a string"),
        ({"key": 7, "value": 1}, "key must be a string"),
        ({"key": "", "value": 1}, "key must not be empty"),
        ({"key": "k" * 1025, "value": 1}, "at most 1024"),
        ({"key": "k", "value": b"bytes"}, "JSON"),
        ({"key": "k", "value": float("nan")}, "JSON"),
        ({"key": "k", "value": "x" * MAX_VALUE_BYTES}, "exceeds the max size"),
        ({"key": "k\udc00", "value": 1}, "well-formed"),
        ({"key": "k", "value": "\udc00"}, "JSON"),
    ],
)
async def test_bad_arguments_are_refused_with_a_sentence(
    path: Path, make_caller: MakeCaller, arguments: dict[str, Value], message: str
) -> None:
    storage = ProgramStorage(path)
    gate = CapabilityGate(storage_capabilities(storage))
    with pytest.raises(CapabilityError, match=message):
        await gate.invoke(make_caller(), "storage.set", arguments)
    assert storage.load("demo") == {}
    storage.close()


async def test_a_null_value_can_be_stored_removed_and_cleared_through_the_gate(
    path: Path, make_caller: MakeCaller
) -> None:
    storage = ProgramStorage(path)
    gate = CapabilityGate(storage_capabilities(storage))
    for key in ("a", "b", "c"):
        await gate.invoke(make_caller(), "storage.set", {"key": key, "value": None})
    await gate.invoke(make_caller(), "storage.remove", {"key": "a"})
    assert storage.load("demo") == {"b": None, "c": None}
    await gate.invoke(make_caller(), "storage.clear", {})
    assert storage.load("demo") == {}
    storage.close()


def test_a_file_that_is_no_database_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"power was lost here" * 100)
    storage = ProgramStorage(path)
    assert storage.load("demo") == {}
    assert path.with_name("storage.sqlite.damaged").read_bytes().startswith(b"power")
    assert "is damaged" in caplog.text
    storage.close()


def test_a_folder_that_cannot_hold_the_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "storage.sqlite").mkdir()
    with pytest.raises(CapabilityError, match="cannot be opened"):
        ProgramStorage(tmp_path / "storage.sqlite")


WRITER = """
import asyncio, sys
from pathlib import Path
from device_runtime.capability.storage import ProgramStorage

async def main() -> None:
    storage = ProgramStorage(Path(sys.argv[1]))
    for number in range(1_000_000):
        await storage.set("demo", "count", {"number": number, "pad": "x" * 2000})
        print(number, flush=True)

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(path: Path) -> None:
    acknowledged = -1
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(50):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.communicate()[0].splitlines()
        acknowledged = int(rest[-1]) if rest else acknowledged
        storage = ProgramStorage(path)
        count = storage.load("demo")["count"]
        storage.close()
        assert isinstance(count, dict)
        assert count["number"] in (acknowledged, acknowledged + 1)  # the next one may have been on its way
        assert count["pad"] == "x" * 2000
