"""The tables of groups, tags and rollouts. Times are Unix seconds; documents are JSON."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    false,
)

from firmware_tools.fleet.schema import metadata

device_tags = Table(
    "device_tags",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("tag", String(64), primary_key=True),
    Index("device_tags_by_tag", "tag"),
)

device_groups = Table(
    "device_groups",
    metadata,
    Column("name", String(64), primary_key=True),
    # The text of a query, which is evaluated anew each time; null: the group is a list.
    Column("query", Text),
    Column("description", String(200), nullable=False, default=""),
    Column("created_at", Double, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_name", String(64), ForeignKey("device_groups.name"), primary_key=True),
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
)

rollouts = Table(
    "rollouts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    # The app id, the model's name, or "runtime"; with what is brought there, by the id that its own table gives it.
    Column("subject", String(128), nullable=False),
    Column("target", String(64), nullable=False),
    Column("version_code", BigInteger, nullable=False),
    Column("version_name", String(64), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("stage", Integer, nullable=False, default=0),
    Column("stage_since", Double),
    # Up to and including this stage, people said yes.
    Column("approved", Integer, nullable=False, default=-1),
    Column("created_at", Double, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    # Raised first in each transaction that changes the rollout: that is what makes workers wait for each other.
    Column("revision", BigInteger, nullable=False, default=0),
    Index("rollouts_by_state", "state"),
)

rollout_devices = Table(
    "rollout_devices",
    metadata,
    Column("rollout", Integer, ForeignKey("rollouts.id"), primary_key=True),
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("stage", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("handed_at", Double),
    # The version of the desired document with which it was handed out (or given back).
    Column("handed_version", BigInteger, nullable=False, default=0),
    Column("reached_at", Double),
    Column("ended_at", Double),
    Column("error", Text, nullable=False, default=""),
    Column("cause", String(16), nullable=False, default=""),
    # A person saw this failure and let the rollout go on.
    Column("accepted", Boolean, nullable=False, default=False, server_default=false()),
    # What the device should have had before, null for nothing.
    Column("before", JSON),
    Index("rollout_devices_by_state", "rollout", "state", "position"),
    Index("rollout_devices_by_device", "device"),
)

rollout_events = Table(
    "rollout_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rollout", Integer, ForeignKey("rollouts.id"), nullable=False),
    Column("time", Double, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(32), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Index("rollout_events_by_rollout", "rollout", "id"),
)

# What is left of the devices of a rollout whose rows in rollout_devices are deleted, or about to be: they are old.
pruned_rollouts = Table(
    "pruned_rollouts",
    metadata,
    Column("rollout", Integer, ForeignKey("rollouts.id"), primary_key=True, autoincrement=False),
    Column("pruned_at", Double, nullable=False),
    # By stage (counted from 0, as text): how many devices were in each state.
    Column("counts", JSON, nullable=False),
    # Why devices failed or were skipped: a list of the members of `Failure`.
    Column("failures", JSON, nullable=False),
)

# One row while the emergency stop is on.
rollout_brake = Table(
    "rollout_brake",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("time", Double, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", Text, nullable=False),
)

# What does not wait for a good moment on its device; only as long as it is this very release that is assigned.
urgent_targets = Table(
    "urgent_targets",
    metadata,
    Column("device", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("release_id", Integer, nullable=False),
)


def is_urgent(kind: str, assigned: Table, subject: ColumnElement[str]) -> ColumnElement[bool]:
    """How rows of ``assigned`` (with ``device`` and ``release_id``) meet those of :data:`urgent_targets`."""
    return and_(
        urgent_targets.c.kind == kind,
        urgent_targets.c.device == assigned.c.device,
        urgent_targets.c.subject == subject,
        urgent_targets.c.release_id == assigned.c.release_id,
    )
