"""The tables of the fleet's database. Times are Unix seconds; documents are JSON."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

SCHEMA_VERSION = 1
metadata = MetaData()

fleet_meta = Table("fleet_meta", metadata, Column("name", String(64), primary_key=True), Column("value", Text))

devices = Table(
    "devices",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False, default=""),
    Column("enrolled_at", Double, nullable=False),
    # "never" until the device is first heard of; then what its state channel says.
    Column("status", String(16), nullable=False, default="never"),
    Column("session", BigInteger, nullable=False, default=0),
    Column("last_seen", Double),
    Column("board", String(200), nullable=False, default=""),
    Column("runtime", String(200), nullable=False, default=""),
    Column("reported", JSON),
    Column("reported_at", Double),
    Column("desired_version", BigInteger, nullable=False, default=0, server_default=text("0")),
)

programs = Table(
    "programs",
    metadata,
    Column("app_id", String(128), primary_key=True),
    Column("name", String(200), nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("app_id", String(128), ForeignKey("programs.app_id"), nullable=False),
    Column("version_code", BigInteger, nullable=False),
    Column("version_name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("published_at", Double, nullable=False),
    UniqueConstraint("app_id", "version_code"),
    Index("releases_by_content", "sha256"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("app_id", String(128), ForeignKey("programs.app_id"), primary_key=True),
    Column("release_id", Integer, ForeignKey("releases.id"), nullable=False),
    Column("launch", Boolean, nullable=False, default=False, server_default=false()),
)

# Of devices that check MACs (boards that cannot afford Ed25519): the key that they share with the fleet, in base64.
device_keys = Table(
    "device_keys",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("key", String(44), nullable=False),
)

# Runtimes of microcontrollers.
runtimes = Table(
    "runtimes",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("published_at", Double, nullable=False),
)

runtime_assignments = Table(
    "runtime_assignments",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("version", String(64), ForeignKey("runtimes.version"), nullable=False),
)

model_releases = Table(
    "model_releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String(64), nullable=False),
    Column("version_code", BigInteger, nullable=False),
    Column("version_name", String(64), nullable=False),
    Column("task", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("published_at", Double, nullable=False),
    UniqueConstraint("model", "version_code"),
)

# Which models the programs of a release ask for.
release_models = Table(
    "release_models",
    metadata,
    Column("release_id", Integer, ForeignKey("releases.id"), primary_key=True),
    Column("model", String(64), primary_key=True),
)

# Which models a device should have: because an operator said so (explicit), or because a program of it asks for it.
model_assignments = Table(
    "model_assignments",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("release_id", Integer, ForeignKey("model_releases.id"), nullable=False),
    Column("explicit", Boolean, nullable=False),
)

telemetry = Table(
    "telemetry",
    metadata,
    # (device, epoch, sequence) names a record for ever: that is what makes storing it exactly once possible.
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("time", Double, nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("values", JSON, nullable=False),
    Column("received_at", Double, nullable=False),
    # By time, device and age, records are found through their runs (events/tables.py): an index here costs each record.
    Index("telemetry_by_name", "name", "time"),
)
