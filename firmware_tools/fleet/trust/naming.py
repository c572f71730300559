"""The root that desired documents name, for devices that were enrolled before there was one."""

from sqlalchemy import Connection, insert, select, update

from device_runtime.sync.desired import RootTarget
from firmware_tools.fleet.schema import devices, fleet_meta

_NAME = "named_root"


def check_root(connection: Connection, root: RootTarget | None) -> bool:
    """Whether documents that name ``root`` are those that the fleet's service publishes."""
    known = connection.scalar(select(fleet_meta.c.value).where(fleet_meta.c.name == _NAME))
    return known is None or known == (root.sha256 if root is not None else "")


def name_root(connection: Connection, root: RootTarget | None) -> bool:
    """A version of a desired document has one content: when another root is named than before, every document becomes a
    new version; whether that was so."""
    named = root.sha256 if root is not None else ""
    known = connection.scalar(select(fleet_meta.c.value).where(fleet_meta.c.name == _NAME))
    if named == (known or ""):
        return False
    connection.execute(update(devices).values(desired_version=devices.c.desired_version + 1))
    if known is None:
        connection.execute(insert(fleet_meta).values(name=_NAME, value=named))
    else:
        connection.execute(update(fleet_meta).where(fleet_meta.c.name == _NAME).values(value=named))
    return True
