"""Tags of devices, and groups: lists of devices, or queries that are evaluated anew each time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.rollouts.query import parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.rollouts.schema import device_groups, device_tags, group_members
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.selecting import of_devices, portions

GROUP_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TAG = re.compile(r"[a-z0-9][a-z0-9._:=/-]{0,63}")
MAX_TAGS = 32
"""The most tags of one device."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of devices; ``query`` is None of a list. ``created_at`` is Unix time in seconds; ``devices`` counts those
    that are in it now."""

    name: str
    query: str | None
    description: str
    created_at: float
    devices: int


class GroupRegistry:
    """Groups and tags as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # Groups

    def create(self, name: str, query: str | None, members: Sequence[str], description: str, now: float) -> Group:
        """Make a group: by ``query``, or of ``members``.

        Raises:
            FleetError: the name or the query is wrong.
            ConflictError: there is one of this name.
            NotFoundError: a member is not enrolled.
        """
        if not GROUP_NAME.fullmatch(name):
            raise FleetError(
                f"group name {name[:80]!r} must be 1 to 64 lower-case letters, digits, dots, underscores and hyphens"
            )
        _check_description(description)
        if query is not None:
            if members:
                raise FleetError("a group has a query or a list of devices, not both")
            parse_query(query)
        if self._row(name) is not None:
            raise ConflictError(f"there is a group {name} already; change it with `cygnet fleet group change {name}`")
        self._require_devices(members)
        values = {"name": name, "query": query, "description": description, "created_at": now}
        self._connection.execute(insert(device_groups).values(values))
        self._add(name, members)
        return self.group(name)

    def change(
        self, name: str, *, query: str | None, add: Sequence[str], remove: Sequence[str], description: str | None
    ) -> Group:
        """Give a group another query or description, or change who is in its list; ``None`` leaves it.

        Raises:
            NotFoundError: no such group or device.
            FleetError: what is given does not go with the kind of the group, or the query is wrong.
        """
        row = self._require(name)
        if query is not None and row.query is None:
            raise FleetError(f"group {name} is a list of devices, which has no query; make another group")
        if (add or remove) and row.query is not None:
            raise FleetError(f"group {name} is by query, so nobody is added or removed; change the query")
        here = device_groups.c.name == name
        if query is not None:
            parse_query(query)
            self._connection.execute(update(device_groups).where(here).values(query=query))
        if description is not None:
            _check_description(description)
            self._connection.execute(update(device_groups).where(here).values(description=description))
        self._add(name, add)
        for some in portions(remove):
            gone = (group_members.c.group_name == name, of_devices(group_members.c.device, some))
            self._connection.execute(delete(group_members).where(*gone))
        return self.group(name)

    def delete(self, name: str) -> None:
        """Delete a group; its devices stay. Raises :class:`NotFoundError`."""
        self._require(name)
        self._connection.execute(delete(group_members).where(group_members.c.group_name == name))
        self._connection.execute(delete(device_groups).where(device_groups.c.name == name))

    def all(self) -> list[Group]:
        """Every group, by name."""
        rows = self._connection.execute(select(device_groups).order_by(device_groups.c.name)).all()
        return [self._group(row) for row in rows]

    def group(self, name: str) -> Group:
        """One group. Raises :class:`NotFoundError`."""
        return self._group(self._require(name))

    def members(self, name: str) -> list[str]:
        """The devices that are in a group now. Raises :class:`NotFoundError`."""
        return self.devices_of(self.condition(name))

    def condition(self, name: str) -> ColumnElement[bool]:
        """What holds of a row of ``devices`` that is in the group now. Raises :class:`NotFoundError`."""
        return _condition(self._require(name))

    def devices_of(self, chosen: ColumnElement[bool]) -> list[str]:
        """The devices of which a condition holds, by id."""
        return list(self._connection.scalars(select(devices.c.id).where(chosen).order_by(devices.c.id)))

    # Tags

    def tag(self, device: str, add: Iterable[str], remove: Iterable[str]) -> list[str]:
        """Give a device tags and take others away; the tags that it has then.

        Raises:
            NotFoundError: it is not enrolled.
            FleetError: a tag is wrong, or there are too many.
        """
        self._require_devices([device])
        wanted = set(add)
        for tag in sorted(wanted):
            check_tag(tag)
        before = set(self.tags(device))
        after = (before | wanted) - set(remove)
        if len(after) > MAX_TAGS:
            raise FleetError(f"device {device} would have {len(after)} tags; the most is {MAX_TAGS}")
        gone = (device_tags.c.device == device, device_tags.c.tag.in_(before - after))
        self._connection.execute(delete(device_tags).where(*gone))
        for tag in sorted(after - before):
            self._connection.execute(insert(device_tags).values(device=device, tag=tag))
        return sorted(after)

    def tags(self, device: str) -> list[str]:
        """The tags of a device."""
        query = select(device_tags.c.tag).where(device_tags.c.device == device)
        return list(self._connection.scalars(query.order_by(device_tags.c.tag)))

    def all_tags(self) -> dict[str, list[str]]:
        """The tags of each device that has any."""
        found: dict[str, list[str]] = {}
        for row in self._connection.execute(select(device_tags).order_by(device_tags.c.tag)):
            found.setdefault(row.device, []).append(row.tag)
        return found

    def _add(self, name: str, members: Sequence[str]) -> None:
        self._require_devices(members)
        known = set(self._connection.scalars(select(group_members.c.device).where(group_members.c.group_name == name)))
        if new := sorted(set(members) - known):
            self._connection.execute(insert(group_members), [{"group_name": name, "device": device} for device in new])

    def _require_devices(self, named: Sequence[str]) -> None:
        known: set[str] = set()
        for some in portions(named):
            known.update(self._connection.scalars(select(devices.c.id).where(of_devices(devices.c.id, some))))
        if missing := sorted(set(named) - known):
            raise NotFoundError(
                f"device {missing[0][:80]} is not enrolled; enroll it with `cygnet fleet enroll {missing[0][:80]}`"
            )

    def _group(self, row: Row[Any]) -> Group:
        count = self._connection.scalar(select(func.count()).select_from(devices).where(_condition(row))) or 0
        return Group(row.name, row.query, row.description, row.created_at, count)

    def _row(self, name: str) -> Row[Any] | None:
        return self._connection.execute(select(device_groups).where(device_groups.c.name == name)).one_or_none()

    def _require(self, name: str) -> Row[Any]:
        row = self._row(name)
        if row is None:
            raise NotFoundError(f"there is no group {name[:80]}; make it with `cygnet fleet group create`")
        return row


def check_tag(tag: str) -> None:
    """Refuse what is no tag. Raises :class:`FleetError`."""
    if not TAG.fullmatch(tag):
        raise FleetError(f"tag {tag[:80]!r} must be 1 to 64 lower-case letters, digits and any of . _ : = / -")


def _condition(row: Row[Any]) -> ColumnElement[bool]:
    if row.query is not None:
        return condition(parse_query(row.query))
    return devices.c.id.in_(select(group_members.c.device).where(group_members.c.group_name == row.name))


def _check_description(text: str) -> None:
    if len(text) > 200 or not text.isprintable():
        raise FleetError("a group's description is at most 200 printable characters")
