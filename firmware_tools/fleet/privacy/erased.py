"""What was erased does not come back: not from a device's queue, nor from a message that was under way."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, func, select

from device_runtime.privacy.gate import SOURCE
from device_runtime.privacy.telling import HEAD, SENT
from device_runtime.sync.priorities import OWN_SOURCES
from firmware_tools.fleet.events.bulk import portions
from firmware_tools.fleet.events.decoding import Record
from firmware_tools.fleet.privacy.intake import DECIDED
from firmware_tools.fleet.privacy.schema import erasures

Erased = Sequence[tuple[str, float]]
"""Programs of one device (empty: all), and the time up to which their records are erased."""
OF_DEVICE = frozenset({*OWN_SOURCES, SOURCE})
"""Sources that are no programs."""
PROOF = frozenset({*DECIDED, "profile", SENT, HEAD})
"""Records with which a device tells of decisions and of its ledger: they stay, since they say what people agreed to and
to whom how much was sent, and hold none of it."""


def erased_of(connection: Connection, devices: Collection[str]) -> Mapping[str, Erased]:
    """What was erased of these devices."""
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for portion in portions(sorted(devices)):
        query = (
            select(erasures.c.device, erasures.c.app_id, func.max(erasures.c.before))
            .where(erasures.c.device.in_(portion))
            .group_by(erasures.c.device, erasures.c.app_id)
        )
        for device, app_id, before in connection.execute(query):
            found[device].append((app_id, before))
    return found


def drop_erased(erased: Erased, records: Sequence[Record]) -> Sequence[Record]:
    """The records without those that were erased."""
    if not erased:
        return records
    return [record for record in records if not any(_is_of(record, app, before) for app, before in erased)]


def _is_of(record: Record, app_id: str, before: float) -> bool:
    if record.time > before or (record.source == SOURCE and record.name in PROOF):
        return False
    return any(app_id in ("", program) for program in _programs(record))


def _programs(record: Record) -> Iterable[str]:
    """Whose record it is: a program's own, or the device's about a program."""
    if record.source not in OF_DEVICE:
        yield record.source
    named = record.values.get("app_id")
    if isinstance(named, str) and named:
        yield named
