"""The tables of settings. Times are Unix seconds; values are JSON."""

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Integer, String, Table, UniqueConstraint

from firmware_tools.fleet.schema import metadata

settings_releases = Table(
    "settings_releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version_code", BigInteger, nullable=False),
    # A JSON object: each setting with its value.
    Column("values", JSON, nullable=False),
    Column("published_at", Double, nullable=False),
    UniqueConstraint("name", "version_code"),
)

# A set once only: a device has one version of it.
settings_assignments = Table(
    "settings_assignments",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("release_id", Integer, ForeignKey("settings_releases.id"), nullable=False),
)
