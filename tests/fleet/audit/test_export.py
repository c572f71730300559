"""An exported log is checked by whoever has the fleet's public key, and nothing else of the fleet."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device_runtime.keys import encode_public_key, key_ring
from firmware_tools.fleet.audit.export import ExportedLog, export_lines, verify_export
from firmware_tools.fleet.audit.verify import Verdict
from firmware_tools.fleet.errors import FleetError
from tests.fleet.audit.diary import KEY, STRANGER, Diary, rechained

RING = key_ring([KEY.public_key()])
Lines = list[dict[str, Any]]


def write(path: Path, lines: Lines) -> ExportedLog:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ExportedLog(path)


def exported(diary: Diary) -> Lines:
    with diary.database.transaction() as connection:
        lines, last = export_lines(connection, "north", diary.keeper.keys, 0)
        assert export_lines(connection, "north", diary.keeper.keys, last) == ([], last)
    return [json.loads(line) for line in lines]


@pytest.fixture
async def lines(diary: Diary) -> Lines:
    await diary.signed(3)
    await diary.signed(3)
    return exported(diary)


def kinds(lines: Lines) -> list[str]:
    return [next(iter(line)) for line in lines]


async def test_an_export_holds_all_that_it_takes_to_check_it(lines: Lines, tmp_path: Path) -> None:
    assert kinds(lines) == ["cygnet_audit", *["entry"] * 3, "checkpoint", *["entry"] * 3, "checkpoint"]
    assert lines[0]["keys"] == [encode_public_key(KEY.public_key())]
    verdict = verify_export(write(tmp_path / "log.jsonl", lines), RING)
    assert verdict == Verdict(6, 6, None)


def without(*numbers: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for number, line in enumerate(lines) if number not in numbers]


def changed(number: int, kind: str, **members: Any) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        lines[number][kind] |= members
        return lines

    return change


@pytest.mark.parametrize(
    ("attack", "number", "kind"),
    [
        (changed(2, "entry", actor="eve"), 2, "changed"),
        (without(2), 2, "removed"),
        (without(8), 4, "unsigned"),
        (without(6, 7, 8), 4, "unsigned"),
        (without(*range(1, 9)), 1, "unsigned"),
        (without(7), 6, "cut off"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 1, "reordered"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 2, "inserted"),
        (changed(8, "checkpoint", signature="AAAA"), 6, "checkpoint"),
        (changed(8, "checkpoint", key="0" * 64), 6, "checkpoint"),
        (changed(4, "checkpoint", milliseconds=1), 3, "checkpoint"),
        (lambda lines: [{**lines[0], "fleet": "south"}, *lines[1:]], 3, "checkpoint"),
    ],
)
async def test_a_changed_export_is_seen(
    lines: Lines, tmp_path: Path, attack: Callable[[Lines], Lines], number: int, kind: str
) -> None:
    verdict = verify_export(write(tmp_path / "log.jsonl", attack(lines)), RING)
    assert verdict.fault is not None
    assert (verdict.fault.number, verdict.fault.kind) == (number, kind), verdict.fault.sentence


async def test_the_keys_that_the_file_names_prove_nothing(diary: Diary, lines: Lines, tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", lines)
    assert not verify_export(log, key_ring([STRANGER.public_key()])).whole
    assert not verify_export(log, {}).whole


async def test_an_export_must_hold_what_the_earlier_one_held(diary: Diary, lines: Lines, tmp_path: Path) -> None:
    earlier = write(tmp_path / "earlier.jsonl", lines)
    await diary.signed(2)
    later = write(tmp_path / "later.jsonl", exported(diary))
    assert verify_export(later, RING, earlier).whole
    # Whoever has the key and the database writes history anew: only what others keep shows it.
    anew = [line["entry"] for line in exported(diary) if "entry" in line]
    assert len(anew) == 8
    log = diary.all()
    diary.replace_all(rechained([log[0], *log[2:]]))
    diary.drop_checkpoints()
    diary.anchor.unlink()
    diary.restart()
    await diary.keeper.sign()
    forged = write(tmp_path / "forged.jsonl", exported(diary))
    assert verify_export(forged, RING).whole
    fault = verify_export(forged, RING, earlier).fault
    assert fault is not None
    assert fault.kind == "changed"
    other = write(tmp_path / "other.jsonl", [{**lines[0], "fleet": "south"}, *lines[1:]])
    with pytest.raises(FleetError, match="the earlier export is of the fleet south"):
        verify_export(later, RING, other)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "is no exported audit log"),
        (b"{}\n", "is no exported audit log"),
        (b'{"cygnet_audit": 2, "fleet": "north", "keys": []}\n', "is no exported audit log"),
        (b"[" * 100_000, "line 1 is damaged"),
        (b'{"cygnet_audit": 1, "fleet": "north", "keys": []}\n{"checkpoint": 1}\n', "line 2 is damaged"),
        (b'{"cygnet_audit": 1, "fleet": "north", "keys": []}\n{"checkpoint": {"number": 1}}\n', "line 2 is damaged"),
        (b'{"cygnet_audit": 1, "fleet": "north", "keys": []}\n\xff\n', "line 2 is damaged"),
    ],
)
def test_what_is_no_export_is_said_in_one_sentence(tmp_path: Path, text: bytes, sentence: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(text)
    with pytest.raises(FleetError, match=sentence):
        ExportedLog(path)


async def test_members_of_another_type_are_damage(lines: Lines, tmp_path: Path) -> None:
    for members in ({"number": "2"}, {"number": True}, {"actor": 1}, {"further": "x"}):
        damaged = json.loads(json.dumps(lines))
        damaged[2]["entry"] |= members
        with pytest.raises(FleetError, match="line 3 is damaged"):
            verify_export(write(tmp_path / "log.jsonl", damaged), RING)
