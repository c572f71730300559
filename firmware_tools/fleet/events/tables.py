"""The tables beside ``telemetry``: which records are there, and their sums. Times are Unix seconds.

A *lane* is one queue of one device, named by its epoch. A *run* is a row of records without a gap that one transaction
stored; runs never overlap, so that they say of each sequence number whether it was stored, and lead to records by time
and age with one entry of an index where an index on records would need one for each.
"""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from firmware_tools.fleet.schema import metadata

lanes = Table(
    "telemetry_lanes",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    # "alarm", "event" or "metric": what the newest batch of the lane said.
    Column("priority", String(16), nullable=False),
    # The highest sequence that was stored. What is above needs no look at the runs.
    Column("high", BigInteger, nullable=False),
    # Records up to here were deleted by age; they are still known, and never stored again.
    Column("pruned", BigInteger, nullable=False),
    Column("received_at", Double, nullable=False),
    Index("telemetry_lanes_by_age", "received_at"),
)

runs = Table(
    "telemetry_runs",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("priority", String(16), nullable=False),
    # The earliest and the latest time of its records, as the device told it.
    Column("time_from", Double, nullable=False),
    Column("time_to", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    Index("telemetry_runs_by_time", "time_to"),
    Index("telemetry_runs_by_device", "device", "time_to"),
    Index("telemetry_runs_by_age", "priority", "received_at"),
)

series = Table(
    "telemetry_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device", String(64), ForeignKey("devices.id"), nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    # A numeric member of the values; empty: the records themselves, counted.
    Column("field", String(200), nullable=False),
    UniqueConstraint("device", "source", "name", "field"),
    Index("telemetry_series_by_name", "name", "field"),
)

rollups = Table(
    "telemetry_rollups",
    metadata,
    Column("series", Integer, ForeignKey("telemetry_series.id"), primary_key=True),
    # Seconds that a bucket is long: 60, 3,600 or 86,400.
    Column("step", Integer, primary_key=True),
    # The bucket's first second.
    Column("time", BigInteger, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("least", Double, nullable=False),
    Column("most", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("last", Double, nullable=False),
    # When `last` was, so that records that come late do not stand for the newest.
    Column("last_time", Double, nullable=False),
    Index("telemetry_rollups_by_age", "step", "time"),
)

# What devices say that they had to drop, so that an operator sees where records are missing.
losses = Table(
    "telemetry_losses",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    # "dropped" (the queue was full), "lost" (the disk did not take them), "sampled" (the day's bytes were short).
    Column("cause", String(16), primary_key=True),
    Column("priority", String(16), primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("last_time", Double, nullable=False),
)
