"""The table of bytes by device and day."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from firmware_tools.fleet.schema import metadata
from firmware_tools.fleet.traffic.counting import COLUMNS

traffic = Table(
    "device_traffic",
    metadata,
    # No foreign key: it would have every process lock rows of devices for the sake of a sum.
    Column("device", String(64), primary_key=True),
    # Days since 1970-01-01, UTC.
    Column("day", Integer, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in COLUMNS),
    Index("device_traffic_by_day", "day"),
)
