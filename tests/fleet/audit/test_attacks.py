"""Somebody who may do everything in the database, and has no key, changes the log: it is seen, and where."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_tools.fleet.audit.chain import Entry, sign_checkpoint
from firmware_tools.fleet.audit.keeper import AuditKeeper, read_anchor
from firmware_tools.fleet.database import Database
from tests.fleet.audit.diary import KEY, STRANGER, Diary, rechained, renumbered

Attack = Callable[[list[Entry]], list[Entry]]


def edited(entry: Entry) -> Entry:
    return replace(entry, actor="eve")


def rehashed(entry: Entry) -> Entry:
    changed = edited(entry)
    return replace(changed, hash=changed.expected())


def forged(log: list[Entry], place: int) -> Entry:
    """One that fits to what is before ``place``."""
    made = replace(log[place - 1], number=place, actor="eve", previous=log[place - 2].hash)
    return replace(made, hash=made.expected())


def swapped(log: list[Entry], one: int, other: int) -> list[Entry]:
    log[one - 1], log[other - 1] = log[other - 1], log[one - 1]
    return log


ATTACKS: list[tuple[str, Attack, int, str, str]] = [
    ("edited", lambda log: [*log[:4], edited(log[4]), *log[5:]], 5, "changed", "entry 5 was changed"),
    ("first edited", lambda log: [edited(log[0]), *log[1:]], 1, "changed", "entry 1 was changed"),
    ("last edited", lambda log: [*log[:9], edited(log[9])], 10, "changed", "entry 10 was changed"),
    ("edited with its hash", lambda log: [*log[:4], rehashed(log[4]), *log[5:]], 5, "changed", "entry 5 was changed"),
    ("last edited with its hash", lambda log: [*log[:9], rehashed(log[9])], 7, "changed", "entries 7 to 10 were"),
    ("removed", lambda log: [*log[:4], *log[5:]], 5, "removed", "entry 5 was removed"),
    ("several removed", lambda log: [*log[:2], *log[6:]], 3, "removed", "entries 3 to 6 were removed"),
    ("first removed", lambda log: log[1:], 1, "removed", "entry 1 was removed"),
    ("removed and renumbered", lambda log: renumbered([*log[:4], *log[5:]]), 5, "removed", "entry 5 was removed"),
    ("two removed, renumbered", lambda log: renumbered([*log[:4], *log[6:]]), 5, "removed", "entries 5 to 6 were"),
    ("inserted", lambda log: renumbered([*log[:4], edited(log[4]), *log[4:]]), 5, "inserted", "entry 5 was inserted"),
    (
        "inserted with a hash that fits",
        lambda log: renumbered([*log[:4], forged(log, 5), *log[4:]]),
        5,
        "inserted",
        "entry 5 was inserted",
    ),
    ("swapped", lambda log: renumbered(swapped(log, 4, 5)), 4, "reordered", "what stands there was entry 5"),
    ("far ones swapped", lambda log: renumbered(swapped(log, 2, 9)), 2, "reordered", "what stands there was entry 9"),
    ("end cut off", lambda log: log[:8], 9, "cut off", "ends at entry 8, but the fleet signed entry 10: entries 9 to"),
    ("all chained anew", lambda log: rechained([edited(log[0]), *log[1:]]), 1, "changed", "entries 1 to 3 were rewr"),
    (
        "chained anew after the first signature",
        lambda log: rechained([*log[:4], edited(log[4]), *log[5:]]),
        4,
        "changed",
        "entries 4 to 6 were rewritten: the hash of entry 6 is not the one that the fleet signed",
    ),
    ("one left out, chained anew", lambda log: rechained([*log[:7], *log[8:]]), 10, "cut off", "ends at entry 9"),
    ("one more, chained anew", lambda log: rechained([*log[:7], edited(log[2]), *log[7:]]), 7, "changed", "7 to 10"),
]


@pytest.mark.parametrize(
    ("attack", "number", "kind", "sentence"), [a[1:] for a in ATTACKS], ids=[a[0] for a in ATTACKS]
)
async def test_what_an_attacker_does_to_the_log_is_seen_and_where(
    diary: Diary, attack: Attack, number: int, kind: str, sentence: str
) -> None:
    for count in (3, 3, 4):
        await diary.signed(count)
    assert diary.verify().whole
    diary.replace_all(attack(diary.all()))
    fault = diary.verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (number, kind), fault.sentence
    assert sentence in fault.sentence


@pytest.mark.parametrize(
    "name", ["actor", "role", "action", "subject", "detail", "outcome", "milliseconds", "previous", "hash"]
)
async def test_each_column_is_held(diary: Diary, name: str) -> None:
    await diary.signed(5)
    before = getattr(diary.all()[2], name)
    after = before + 1 if isinstance(before, int) else before[:-1] + ("0" if before[-1] != "0" else "1")
    diary.edit(3, **{name: after})
    fault = diary.verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (3, "changed")


async def test_an_end_that_is_cut_off_with_its_checkpoints_is_seen(diary: Diary) -> None:
    await diary.signed(3)
    await diary.signed(3)
    diary.replace_all(diary.all()[:3])
    diary.drop_checkpoints(above=3)
    fault = diary.verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (4, "cut off")


async def test_a_log_that_is_emptied_is_seen(diary: Diary) -> None:
    await diary.signed(3)
    diary.replace_all(diary.all()[:1])
    diary.drop_checkpoints()
    assert not diary.verify().whole


async def test_an_end_cut_off_before_it_was_signed_is_seen_where_the_head_was_left(diary: Diary) -> None:
    await diary.signed(3)
    diary.write(3)
    diary.replace_all(diary.all()[:5], head=False)
    fault = diary.verify().fault
    assert fault is not None
    assert (fault.number, fault.kind, fault.sentence) == (6, "cut off", "entry 6 was cut off")


async def test_an_entry_added_past_the_fleet_is_seen_where_the_head_was_left(diary: Diary) -> None:
    await diary.signed(3)
    log = diary.all()
    diary.replace_all([*log, forged([*log, log[0]], 4)], head=False)
    fault = diary.verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (4, "inserted")


def copy_files(diary: Diary, source: Path, target: Path) -> None:
    diary.database.close()
    target.mkdir(exist_ok=True)
    for file in target.glob("fleet.db*"):
        file.unlink()
    for file in source.glob("fleet.db*"):
        shutil.copy(file, target)


async def test_an_older_database_is_seen(diary: Diary, tmp_path: Path) -> None:
    await diary.signed(3)
    copy_files(diary, tmp_path, tmp_path / "backup")
    await diary.signed(3)
    copy_files(diary, tmp_path / "backup", tmp_path)
    restored = Diary(Database(f"sqlite:///{tmp_path / 'fleet.db'}"), diary.anchor)
    fault = restored.verify().fault
    assert fault is not None
    assert fault.sentence == (
        "the log ends at entry 3, but the fleet signed entry 6: entries 4 to 6 were cut off, or an older database was "
        "restored"
    )
    restored.database.close()


async def test_a_checkpoint_that_the_fleet_did_not_sign_is_seen(diary: Diary) -> None:
    await diary.signed(4)
    log = rechained([edited(entry) for entry in diary.all()])
    for key, fleet in ((STRANGER, "north"), (KEY, "south")):
        diary.forge_checkpoint(sign_checkpoint(fleet, 4, log[-1].hash, 1, key))
        fault = diary.verify().fault
        assert fault is not None
        assert (fault.number, fault.kind) == (4, "checkpoint")
    own = sign_checkpoint("north", 4, log[-1].hash, 1, STRANGER)
    diary.forge_checkpoint(replace(own, key=diary.all()[0].hash))
    assert not diary.verify().whole


async def test_a_signature_of_one_entry_is_none_of_another(diary: Diary) -> None:
    await diary.signed(4)
    (checkpoint,) = diary.checkpoints()
    diary.forge_checkpoint(replace(checkpoint, number=3, hash=diary.all()[2].hash))
    fault = diary.verify().fault
    assert fault is not None
    assert fault.kind == "checkpoint"


@pytest.mark.parametrize("remembers", [True, False])
async def test_the_fleet_never_signs_over_a_log_that_was_altered(diary: Diary, remembers: bool) -> None:
    await diary.signed(3)
    diary.write(2)
    log = diary.all()
    if remembers:
        diary.replace_all(rechained([*log[:2], *map(edited, log[2:])]))
    else:
        diary.replace_all([*log[:1], edited(log[1]), *log[2:]])
        diary.restart()
    diary.write()
    await diary.keeper.sign()
    assert diary.keeper.fault is not None
    assert [checkpoint.number for checkpoint in diary.checkpoints()] == [3]
    anchor = read_anchor(diary.anchor)
    assert anchor is not None
    assert anchor.number == 3


async def test_a_log_that_was_put_right_again_is_signed_on(diary: Diary) -> None:
    await diary.signed(3)
    right = diary.all()
    diary.edit(2, actor="eve")
    diary.restart()
    await diary.keeper.sign()
    assert diary.keeper.fault is not None
    diary.edit(2, actor=right[1].actor)
    diary.write()
    await diary.keeper.sign()
    assert diary.keeper.fault is None
    assert [checkpoint.number for checkpoint in diary.checkpoints()] == [3, 4]


async def test_entries_that_wait_for_a_signature_are_whole_and_counted(diary: Diary) -> None:
    assert diary.verify().whole
    await diary.signed(3)
    diary.write(2)
    verdict = diary.verify()
    assert (verdict.whole, verdict.entries, verdict.signed) == (True, 5, 3)


async def test_a_former_key_of_the_fleet_still_vouches_for_what_it_signed(diary: Diary) -> None:
    await diary.signed(3)
    rotated = AuditKeeper(diary.database, "north", STRANGER, [KEY], diary.anchor)
    diary.write()
    await rotated.sign()
    assert rotated.fault is None
    assert rotated.verify_now().whole
    assert not diary.verify().whole  # who knows only the old key is told so
