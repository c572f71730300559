"""A ledger that was exported from a device, held against what the device told its fleet as it was written."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from device_runtime.privacy.ledger import FIRST, Act, Entry
from device_runtime.privacy.telling import HEAD
from firmware_tools.fleet.errors import FleetError


def read_ledger(path: Path) -> list[Entry]:
    """The entries of what ``cygnet device privacy ledger --json`` wrote.

    Raises:
        FleetError: it cannot be read, or a line is no entry.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FleetError(f"the ledger {path} cannot be read: {error}") from error
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entry = msgspec.convert(json.loads(line), Entry)
        except (ValueError, msgspec.ValidationError) as error:
            raise FleetError(
                f"line {number} of {path} is no entry of a ledger ({error}); export it with "
                "`cygnet device privacy ledger --json`"
            ) from error
        if entry.act not in get_args(Act):
            raise FleetError(f"line {number} of {path} has the act {entry.act[:40]!r}, which no ledger has")
        entries.append(entry)
    if not entries:
        raise FleetError(f"{path} is empty; export it with `cygnet device privacy ledger --json`")
    return entries


def differences(
    entries: Sequence[Entry], points: Sequence[Mapping[str, Any]], sendings: Sequence[Mapping[str, Any]] = ()
) -> Iterator[str]:
    """Where a ledger is not whole, or not the one of which the device told; nothing where all is right.

    Args:
        entries: in the order of the file, at least one.
        points: entries that the fleet knows, as the API answers them.
        sendings: sums of what left, as it answers them.
    """
    yield from _broken(entries)
    yield from _other_entries(entries, [*points, *({**each, "act": HEAD} for each in sendings)])
    yield from _other_sums(entries, sendings)


def _other_entries(entries: Sequence[Entry], points: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where an entry has another hash than was told."""
    known: dict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for point in points:
        known[point["number"]][point["hash"]] = point
    by_number = {entry.number: entry for entry in entries}
    first, last = min(by_number), max(by_number)
    agreed = first - 1
    for number in sorted(known):
        if number < first:
            continue  # the device keeps the newest
        told = known[number]
        what = _words(next(iter(told.values())))
        entry = by_number.get(number)
        if entry is None:
            where = f"the ledger ends with entry {last}" if number > last else "the ledger does not have it"
            yield f"the device told of entry {number}{what}, and {where}"
        elif entry.hash not in told:
            yield (
                f"entry {number} is not the one of which the device told{what}: something was changed after entry "
                f"{agreed}, up to this one"
            )
            return  # every later hash holds this one, and says nothing more
        else:
            agreed = number
            if len(told) > 1:
                yield f"the device told of another entry {number}, too: its ledger began anew, or was put back"


def _other_sums(entries: Sequence[Entry], sendings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where what left does not add up to what was told."""
    first = entries[0].number
    hashes = {entry.number: entry.hash for entry in entries}
    sent: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=_number):
        if entry.act == "send":
            sent[entry.app, entry.item, entry.destination].append(entry)
    for told in sendings:
        after, until = told["after"], told["number"]
        if told["rounded"] or after + 1 < first or hashes.get(until) != told["hash"]:
            continue  # the device keeps the newest; and of another ledger is said elsewhere
        of_key = sent[told["app_id"], told["item"], told["destination"]]
        of_sum = of_key[bisect_right(of_key, after, key=_number) : bisect_right(of_key, until, key=_number)]
        count, size = sum(entry.count for entry in of_sum), sum(entry.bytes for entry in of_sum)
        if (count, size) != (told["count"], told["bytes"]):
            yield (
                f"entries {after + 1} to {until} have {size} bytes in {count} sendings of {told['app_id']} "
                f"{told['item']} to {told['destination']}; the device told of {told['bytes']} in {told['count']}"
            )


def _number(entry: Entry) -> int:
    return entry.number


def _broken(entries: Sequence[Entry]) -> Iterator[str]:
    """Where the chain does not hold by itself."""
    before: Entry | None = None
    for entry in entries:
        if before is None:
            # What is before the oldest that a device keeps is not in the file.
            if entry.number == 1 and entry.hash != entry.expected_hash(FIRST):
                yield "entry 1 is not as it was written"
        elif entry.number != before.number + 1:
            yield f"after entry {before.number} comes entry {entry.number}"
        elif entry.hash != entry.expected_hash(before.hash):
            yield f"entry {entry.number} is not as it was written"
        before = entry


def _words(point: Mapping[str, Any]) -> str:
    if point["act"] == HEAD:
        return ""
    about = " ".join(part for part in (point["app_id"], point["item"]) if part)
    return f" ({point['act']}{f' of {about}' if about else ''} by {point['who']})"
