"""The log as JSON lines, with which anyone can check it who has the fleet's public key.

The first line is ``{"cygnet_audit": 1, "fleet", "keys"}``; then ``{"entry": {…}}`` in order, and after an entry that
the fleet signed ``{"checkpoint": {…}}``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from device_runtime.keys import KeyRing, encode_public_key
from firmware_tools.fleet.audit.chain import Checkpoint, Entry
from firmware_tools.fleet.audit.log import entries
from firmware_tools.fleet.audit.schema import audit_checkpoints
from firmware_tools.fleet.audit.verify import Fault, Verdict, verify
from firmware_tools.fleet.errors import FleetError

FORMAT = 1
_AT_ONCE = 1_000
_LONGEST_LINE = 2**20
T = TypeVar("T", Entry, Checkpoint)


def export_lines(
    connection: Connection, fleet: str, keys: Sequence[Ed25519PublicKey], after: int
) -> tuple[list[bytes], int]:
    """Some lines after the entry ``after`` (0: from the beginning), and the number of the last entry in them; the same
    number again when there are no more."""
    lines: list[bytes] = []
    if after == 0:
        lines.append(_line({"cygnet_audit": FORMAT, "fleet": fleet, "keys": [encode_public_key(key) for key in keys]}))
    found = list(islice(entries(connection, after), _AT_ONCE))
    if not found:
        return lines, after
    table = audit_checkpoints
    last = found[-1].number
    query = select(table).where(table.c.number > after, table.c.number <= last)
    signed = {row["number"]: dict(row) for row in connection.execute(query).mappings()}
    for entry in found:
        lines.append(_line({"entry": asdict(entry)}))
        if entry.number in signed:
            lines.append(_line({"checkpoint": signed[entry.number]}))
    return lines, last


class ExportedLog:
    """A log in a file.

    Attributes:
        fleet: the id of the fleet of which it says that it is.
        keys: the public keys that it names. Only who got it from the fleet itself may believe them.
        checkpoints: those in it.
    """

    def __init__(self, path: Path) -> None:
        """Read all but the entries.

        Raises:
            FleetError: it cannot be read, or is no exported log.
        """
        self._path = path
        self.checkpoints: list[Checkpoint] = []
        lines = self._lines()
        _, head = next(lines, (0, {}))
        keys = head.get("keys")
        if head.get("cygnet_audit") != FORMAT or not isinstance(head.get("fleet"), str) or not isinstance(keys, list):
            raise FleetError(f"{path} is no exported audit log; `cygnet fleet audit export` writes one")
        self.fleet: str = head["fleet"]
        self.keys = [str(key) for key in keys]
        for number, document in lines:
            if "checkpoint" in document:
                self.checkpoints.append(self._made(Checkpoint, document["checkpoint"], number))

    def entries(self) -> Iterator[Entry]:
        """The entries, in the order of the file.

        Raises:
            FleetError: a line is damaged.
        """
        for number, document in self._lines():
            if "entry" in document:
                yield self._made(Entry, document["entry"], number)

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            with self._path.open("rb") as file:
                number = 0
                while line := file.readline(_LONGEST_LINE):
                    number += 1
                    try:
                        document = json.loads(line)
                    except (ValueError, RecursionError) as error:
                        raise self._damaged(number) from error
                    if not isinstance(document, dict):
                        raise self._damaged(number)
                    yield number, document
        except OSError as error:
            raise FleetError(f"{self._path} cannot be read: {error.strerror}") from error

    def _made(self, kind: type[T], document: Any, number: int) -> T:
        if not isinstance(document, dict) or document.keys() != {field.name for field in fields(kind)}:
            raise self._damaged(number)
        for field in fields(kind):
            value = document[field.name]
            if not isinstance(value, field.type if isinstance(field.type, type) else str) or isinstance(value, bool):
                raise self._damaged(number)
        return kind(**document)

    def _damaged(self, number: int) -> FleetError:
        return FleetError(f"{self._path}: line {number} is damaged")


def verify_export(log: ExportedLog, keys: KeyRing, earlier: ExportedLog | None = None) -> Verdict:
    """Whether an exported log is whole, by the public keys of its fleet; and holds what an earlier export held.

    Raises:
        FleetError: a line is damaged, or the earlier one is of another fleet.
    """
    if earlier is not None and earlier.fleet != log.fleet:
        raise FleetError(f"the earlier export is of the fleet {earlier.fleet}, this one of {log.fleet}")
    witnesses = [] if earlier is None else earlier.checkpoints
    verdict = verify(log.entries, log.checkpoints, log.fleet, keys, witnesses=witnesses)
    own = max((checkpoint.number for checkpoint in log.checkpoints), default=0)
    if verdict.fault is None and own < max(verdict.entries, 1):
        sentence = f"entry {own + 1} and what follows is not signed: the end of the file, or its last line, is missing"
        return Verdict(verdict.entries, own, Fault(own + 1, "unsigned", sentence))
    return verdict


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
