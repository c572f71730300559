"""The tables of the audit log. Nothing in this program changes or deletes a row of ``audit_entries``."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from firmware_tools.fleet.schema import metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # Unix time; whole numbers, since they are hashed as text.
    Column("milliseconds", BigInteger, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    # JSON, as the very text that was hashed.
    Column("detail", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_entries_by_actor", "actor", "number"),
    Index("audit_entries_by_action", "action", "number"),
)

# One row: the newest entry. Raised first by who writes: that is what makes writers wait for each other.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    # Who signed: the id of a key of the fleet (:func:`device_runtime.keys.key_id`).
    Column("key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)
