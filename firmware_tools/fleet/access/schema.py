"""The tables of accounts, sessions and tokens. Times are Unix seconds. No secret is in them, only hashes."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from firmware_tools.fleet.schema import metadata

operators = Table(
    "operators",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double),
    Column("disabled", Boolean, nullable=False, default=False),
)

# Raised first in each transaction that takes rights away, so that two admins cannot remove each other at once.
operators_lock = Table(
    "operators_lock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    # SHA-256 of what the cookie holds.
    Column("hash", String(64), primary_key=True),
    Column("operator", String(64), ForeignKey("operators.name"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
    Index("operator_sessions_by_operator", "operator"),
)

operator_tokens = Table(
    "operator_tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    # SHA-256 of the token.
    Column("hash", String(64), nullable=False, unique=True),
    Column("operator", String(64), ForeignKey("operators.name"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double),
    Column("ends_at", Double, nullable=False),
    Index("operator_tokens_by_operator", "operator"),
)

# Failed attempts to sign in, by account and by address.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Double, nullable=False),
    # Until then nothing is tried.
    Column("waits_until", Double, nullable=False),
    # How many attempts were turned away unheard since the last that was heard.
    Column("turned_away", Integer, nullable=False, default=0),
    Index("sign_in_failures_by_time", "last_at"),
)
