"""Bytes by device and day, as one transaction sees them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, tuple_

from firmware_tools.fleet.events.bulk import Merging, portions
from firmware_tools.fleet.traffic.counting import COLUMNS, Sums
from firmware_tools.fleet.traffic.schema import traffic

DAY_SECONDS = 86_400


def add(connection: Connection, sums: Iterable[tuple[str, int, Sums]]) -> None:
    """Add numbers to those of a device and day. In one order, so that two processes never wait for each other in a
    circle."""
    for portion in portions((device, day, *of) for device, day, of in sorted(sums)):
        _ADDING.run(connection, portion)


def _added(new: Any) -> Mapping[str, Any]:
    return {name: traffic.c[name] + new[name] for name in COLUMNS}


_ADDING = Merging(traffic, ("device", "day"), _added)


def since(connection: Connection, device: str) -> int | None:
    """The first day of which something of this device is kept."""
    first: int | None = connection.scalar(select(func.min(traffic.c.day)).where(traffic.c.device == device))
    return first


def of_device(connection: Connection, device: str, first: int) -> Sequence[RowMapping]:
    """The rows of a device from a day on, oldest first."""
    wanted = select(traffic).where(traffic.c.device == device, traffic.c.day >= first).order_by(traffic.c.day)
    return connection.execute(wanted).mappings().all()


def prune(connection: Connection, before: float, most: int) -> int:
    """Delete up to ``most`` rows of days that ended before a time (Unix seconds); returns how many went."""
    keys = (traffic.c.device, traffic.c.day)
    old = select(*keys).where(traffic.c.day < int(before // DAY_SECONDS)).limit(most)
    found = [tuple(row) for row in connection.execute(old)]
    for portion in portions(found):
        connection.execute(delete(traffic).where(tuple_(*keys).in_(portion)))
    return len(found)
