"""The tables by which the processes of a fleet know each other."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, String, Table

from firmware_tools.fleet.schema import metadata

# A row for each process that runs; times are Unix seconds by the database's clock.
workers = Table(
    "workers",
    metadata,
    Column("id", String(16), primary_key=True),
    # "serve" or "worker".
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
    # Connected to the broker; devices are distributed among those that are.
    Column("hears", Boolean, nullable=False),
    Column("messages", BigInteger, nullable=False, default=0),
    Column("records", BigInteger, nullable=False, default=0),
)

# One row. Its number rises with each change of who has which devices; a transaction that stores for a device holds it.
worker_distribution = Table(
    "worker_distribution",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
