"""Small records and the telemetry queue on the flash: whatever is cut, the old state or the new one."""

from pathlib import Path

import pytest

from device_runtime.micro.records import read_record, record_bytes, remove_record, write_record
from tests.micro.sync.mpy import run_micropython


def test_the_newest_of_two_whole_files_counts(tmp_path: Path) -> None:
    path = str(tmp_path / "x.json")
    assert read_record(path) is None
    for number in range(5):
        write_record(path, {"number": number, "text": "a\nb é"})
        assert read_record(path) == {"number": number, "text": "a\nb é"}
    remove_record(path)
    assert read_record(path) is None
    assert not list(tmp_path.iterdir())


def test_a_write_that_is_cut_anywhere_leaves_the_record_of_before(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for turn in range(2):
        write_record(str(path), {"turn": turn})
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        write_record(str(path), {"turn": "next"})
        (changed,) = [file for file in tmp_path.iterdir() if file.read_bytes() != before.get(file.name)]
        whole = changed.read_bytes()
        for length in range(len(whole)):
            for rest in (b"", b"\xff" * (len(whole) - length)):
                changed.write_bytes(whole[:length] + rest)
                assert read_record(str(path)) == {"turn": turn}
        for file in tmp_path.iterdir():
            file.unlink()
        for name, data in before.items():
            (tmp_path / name).write_bytes(data)


def test_a_file_that_a_computer_prepared_is_a_record(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(record_bytes({"good": "a"}))
    assert read_record(str(tmp_path / "x.json")) == {"good": "a"}


TELEMETRY = """
import os
from micro.sync import telemetry as module
from micro.sync.memory import Memory
root = given + "/"
identity = {"fleet": "north", "device": "pico-1"}
def open_queue(budget=32768):
    return module.Telemetry(root + "cygnet/queue/", Memory(root, identity), budget, 0)
def sequences(queue):
    last, parts = queue.batch()
    document = json.loads(b"".join(parts))
    return [record["sequence"] for record in document["records"]], last, document
"""


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "cygnet" / "queue").mkdir(parents=True)
    return str(tmp_path)


def test_records_stay_until_their_receipt_and_never_share_a_number(micropython: str, root: str) -> None:
    code = (
        TELEMETRY
        + """
answer = []
queue = open_queue()
for number in range(3):
    queue.record("a", "b", {"n": number})
first, last, document = sequences(queue)
answer.append(first)
assert sequences(queue)[0] == first
queue.acknowledge("0" * 16, last)
assert queue.pending()
queue.acknowledge(document["epoch"], last + 1000)
assert not queue.pending()
queue.record("a", "lost by the cut", {})     # never sent, never written: the power goes
queue = open_queue()
queue.record("a", "kept", {})
queue.tidy()
second = sequences(open_queue())
answer.append(second[2]["records"][0]["name"])
assert second[0][0] > last + 1, "a number was given twice"
assert second[2]["epoch"] == document["epoch"]
"""
    )
    assert run_micropython(micropython, code, root) == [[1, 2, 3], "kept"]


def test_beyond_the_budget_the_oldest_are_dropped_counted_and_told(micropython: str, root: str) -> None:
    code = (
        TELEMETRY
        + """
queue = open_queue(budget=6000)
for number in range(200):
    assert queue.record("a", "b", {"n": number, "text": "x" * 50})
queue.write()
size = sum(os.stat(root + "cygnet/queue/" + name)[6] for name in os.listdir(root + "cygnet/queue"))
names, numbers = [], []
while queue.pending():
    _, last, document = sequences(queue)
    names += [r["values"]["total"] for r in document["records"] if r["name"] == "records_dropped"]
    numbers += [r["values"]["n"] for r in document["records"] if r["name"] == "b"]
    queue.acknowledge(document["epoch"], last)
answer = [size < 8500, names == sorted(names), numbers == sorted(numbers), numbers[-1], 200 - len(numbers) <= names[-1]]
assert Memory(root, identity).dropped == names[-1]
"""
    )
    assert run_micropython(micropython, code, root) == [True, True, True, 199, True]


def test_what_the_fleet_would_refuse_is_not_taken(micropython: str, root: str) -> None:
    code = (
        TELEMETRY
        + """
queue = open_queue()
bad = [{"x": float("nan")}, {"x": float("inf")}, {"x": 2**60}, {"x": b"bytes"}, {"x": "y" * 2000}, {1: 2},
       dict((str(n), n) for n in range(65)), {"x": object()}]
answer = [queue.record("a", "b", values) for values in bad]
queue.tidy()
answer.append(sequences(queue)[2]["records"][0]["values"])
"""
    )
    assert run_micropython(micropython, code, root) == [False] * 8 + [{"records": 8}]


def test_a_segment_that_was_cut_is_told_as_lost_and_the_others_are_sent(micropython: str, root: str) -> None:
    code = (
        TELEMETRY
        + """
queue = open_queue()
for number in range(2):
    queue.record("a", "b", {"n": number})
    queue.write()
first = root + "cygnet/queue/1-1"
whole = open(first, "rb").read()
open(first, "wb").write(whole[:-5])
queue = open_queue()
_, last, document = sequences(queue)
answer = [document["records"][0]["values"]]
queue.acknowledge(document["epoch"], last)
answer.append(sequences(queue)[2]["records"][0]["values"])
"""
    )
    assert run_micropython(micropython, code, root) == [{"n": 1}, {"segments": 1}]
