"""Exported audit logs: whatever the file holds, it is whole by the fleet's key, or a fault or a refusal is named."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from firmware_tools.fleet.audit.chain import FIRST, Entry, entry_hash, sign_checkpoint
from firmware_tools.fleet.audit.export import ExportedLog, verify_export
from firmware_tools.fleet.errors import FleetError
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated
from tests.fuzz.refusals import check_refusal

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
_RING = key_ring([KEY.public_key()])
SEEDS = [b"\0", b"\1\0\1\2\3", b'{"cygnet_audit": 1, "fleet": "north", "keys": []}\n']


def _log() -> list[Any]:
    lines: list[Any] = [{"cygnet_audit": 1, "fleet": "north", "keys": []}]
    digest = FIRST
    for number in range(1, 5):
        members = {
            "number": number,
            "milliseconds": number,
            "actor": "ada",
            "role": "operator",
            "action": "device.enroll",
            "subject": f"d{number}",
            "detail": "{}",
            "outcome": "done",
        }
        entry = Entry(**members, previous=digest, hash=entry_hash(digest, members))  # type: ignore[arg-type]
        digest = entry.hash
        lines.append({"entry": asdict(entry)})
        if number in (2, 4):
            lines.append({"checkpoint": asdict(sign_checkpoint("north", number, digest, number, KEY))})
    return lines


LOG = _log()


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest())
        return
    lines = [mutated([line], choices) if choices.chance(4) else line for line in LOG]
    at = choices.below(len(lines))
    match choices.below(5):
        case 0:
            lines = lines[:at]
        case 1:
            lines.insert(at, lines[choices.below(len(lines))])
        case 2:
            lines.append(lines.pop(at))
        case 3:
            del lines[at]
    check(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def check(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            log = ExportedLog(Path(file.name))
            verdict = verify_export(log, _RING)
            entries = list(log.entries()) if verdict.whole else []
        except FleetError as error:
            check_refusal(error, Path(file.name).name)
            return
    if verdict.whole:  # then it begins as the true one does, up to one of its signatures
        true = [line["entry"] for line in LOG if "entry" in line]
        assert len(entries) in (2, 4)
        assert [asdict(entry) for entry in entries] == true[: len(entries)]
    else:
        assert verdict.fault is not None
        assert verdict.fault.sentence.isprintable()


CASES: Mapping[str, Callable[[], bytes]] = {
    "the log itself": lambda: b"".join(json.dumps(line).encode() + b"\n" for line in LOG),
    "nothing": lambda: b"",
    "a line without an end": lambda: b'{"cygnet_audit": 1' * 100_000,
    "lists that go on and on": lambda: b"[" * 100_000,
    "a number that no text may have": lambda: b"1" * 5_000,
    "an entry with half a character": lambda: json.dumps(LOG[0]).encode() + b'\n{"entry": {"actor": "\\ud800"}}\n',
}
