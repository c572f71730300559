"""The tables of decisions, of what is known of devices' ledgers, of plans, and of erasures. Times are Unix seconds."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from firmware_tools.fleet.schema import metadata

# The newest decision of each profile about each item, as devices tell it. An item that is empty is an update that was
# refused. A guest's go when the device tells that somebody else uses it.
decisions = Table(
    "privacy_said",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("app_id", String(128), primary_key=True),
    Column("item", String(200), primary_key=True),
    # "owner", "guest", "child"; "cable" of a board.
    Column("who", String(64), primary_key=True),
    # "grant", "refuse" or "revoke".
    Column("act", String(16), nullable=False),
    # By the device's clock.
    Column("time", Double, nullable=False),
    # Its entry in the device's ledger.
    Column("number", BigInteger, nullable=False),
    Index("privacy_said_by_program", "app_id", "item"),
)

# Entries of devices' ledgers that are known here by number and hash: each decision, and of heads the newest of a day.
points = Table(
    "privacy_points",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hash", String(64), primary_key=True),
    # What the entry is: "grant", "refuse", "revoke", "profile"; "head" where that was not told.
    Column("act", String(16), nullable=False),
    Column("app_id", String(128), nullable=False),
    Column("item", String(200), nullable=False),
    Column("who", String(64), nullable=False),
    Column("time", Double, nullable=False),
    Column("received_at", Double, nullable=False),
)

# What left devices, as they tell it now and then: a row for what one entry of the ledger and those before it add up to.
sendings = Table(
    "privacy_sendings",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("app_id", String(128), primary_key=True),
    Column("item", String(200), primary_key=True),
    # The fleet, another device, or an origin.
    Column("destination", String(300), primary_key=True),
    # The entry up to which it is added up, and its hash.
    Column("number", BigInteger, primary_key=True),
    Column("hash", String(64), primary_key=True),
    # The entry after which it begins.
    Column("after", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # 1: the count and the bytes are the powers of two below what it was.
    Column("rounded", Integer, nullable=False),
    # By the device's clock.
    Column("time", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    Index("privacy_sendings_by_age", "received_at"),
)

# How often devices turned something away, added up.
refusals = Table(
    "privacy_refusals",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("app_id", String(128), primary_key=True),
    Column("why", String(32), primary_key=True),
    Column("item", String(200), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_time", Double, nullable=False),
)

# What the plans of published releases say about data that go to this fleet.
plan_items = Table(
    "plan_items",
    metadata,
    Column("release_id", Integer, ForeignKey("releases.id"), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("category", String(32), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("destination", String(300), nullable=False),
    Column("retention_days", Integer, nullable=False),
)

# How far events that are kept so many days were looked through.
plan_pruning = Table(
    "plan_pruning",
    metadata,
    Column("days", Integer, primary_key=True, autoincrement=False),
    # Which events these are: a SHA-256 of their programs and names.
    Column("items", String(64), nullable=False),
    # Runs that were received up to then were looked through.
    Column("received_at", Double, nullable=False),
)

# What was erased, and for whom. Rows stay: they keep what was erased from coming back.
erasures = Table(
    "privacy_erasures",
    metadata,
    Column("device", String(64), primary_key=True),
    # The request's, which the device or the fleet drew.
    Column("id", String(64), primary_key=True),
    # Empty: all programs of the device.
    Column("app_id", String(128), nullable=False),
    # "device" or "operator": who asked.
    Column("asked_by", String(16), nullable=False),
    # Records up to this time, by the device's clock, are not stored again.
    Column("before", Double, nullable=False),
    Column("erased_at", Double, nullable=False),
    # How many records went.
    Column("records", BigInteger, nullable=False),
    # The signed receipt, in base64; empty where an operator asked.
    Column("receipt", Text, nullable=False),
    Index("privacy_erasures_by_time", "erased_at"),
)
