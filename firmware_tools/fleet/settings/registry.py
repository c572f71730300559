"""Sets of settings and who should follow them, as one transaction sees them."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from device_runtime.host.settings import SETTINGS, fault_of
from device_runtime.values import Value
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.schema import device_keys, devices
from firmware_tools.fleet.selecting import of_devices, portions
from firmware_tools.fleet.settings.schema import settings_assignments, settings_releases

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class SettingsRelease:
    """One published version of a set; ``published_at`` is Unix time in seconds."""

    name: str
    version_code: int
    values: Mapping[str, Any]
    published_at: float


def check_values(values: Mapping[str, Any]) -> None:
    """Refuse settings that devices would not follow.

    Raises:
        FleetError: there are none, or one is unknown or its value wrong.
    """
    if not values:
        raise FleetError(f"a set of settings has at least one of {', '.join(SETTINGS)}")
    for name, value in values.items():
        if fault := fault_of(name, value):
            raise FleetError(fault)


def takes_no_settings(device: str) -> str:
    """What to tell of a device that follows no settings."""
    return (
        f"device {device} follows no settings of its fleet: it is a microcontroller, or its Cygnet is older than this "
        "and has to be updated"
    )


class SettingsRegistry:
    """Sets of settings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, name: str, values: Mapping[str, Value], now: float) -> tuple[SettingsRelease, bool]:
        """Add a version of a set, one above the newest; false when the newest has these very values.

        Raises:
            FleetError: ``name`` is none, or :func:`check_values` refuses.
        """
        if not _NAME.fullmatch(name):
            raise FleetError(
                f"the name {name[:64]!r} of settings must be 1 to 64 lower-case letters, digits, dots, underscores and "
                "hyphens"
            )
        check_values(values)
        newest = self._find(name)
        if newest is not None and newest.values == dict(values):
            return _release(newest), False
        release = SettingsRelease(name, 1 if newest is None else newest.version_code + 1, dict(values), now)
        self._connection.execute(
            insert(settings_releases).values(
                name=name, version_code=release.version_code, values=release.values, published_at=now
            )
        )
        return release, True

    def all(self) -> list[SettingsRelease]:
        """Every version of every set, by name, the newest first."""
        query = select(settings_releases).order_by(settings_releases.c.name, settings_releases.c.version_code.desc())
        return [_release(row) for row in self._connection.execute(query)]

    def find(self, name: str, version_code: int | None) -> Row[Any]:
        """The row of a version of a set; of the newest without ``version_code``.

        Raises:
            NotFoundError: it is not published.
        """
        row = self._find(name, version_code)
        if row is None:
            wanted = name if version_code is None else f"{name} version {version_code}"
            verb = "cygnet fleet settings publish"
            raise NotFoundError(f"settings {wanted} are not published; publish them with `{verb}`")
        return row

    def assign(self, chosen: Sequence[str], release_id: int) -> tuple[dict[str, str], set[str]]:
        """Let enrolled devices follow a version of a set: those that cannot, each with a sentence, and those whose
        desired document changed."""
        query = select(settings_releases).where(settings_releases.c.id == release_id)
        release = _release(self._connection.execute(query).one())
        refused: dict[str, str] = {}
        changed: set[str] = set()
        for some in portions(chosen):
            takers, others = self.takers(some), self._of_others(some, release.name)
            rows = self._connection.execute(
                select(settings_assignments).where(
                    of_devices(settings_assignments.c.device, some), settings_assignments.c.name == release.name
                )
            )
            before = {row.device: row.release_id for row in rows}
            for device in some:
                both = sorted(others.get(device, {}).keys() & release.values.keys())
                if device not in takers:
                    refused[device] = takes_no_settings(device)
                elif both:
                    refused[device] = (
                        f"device {device} has {both[0]} from its settings {others[device][both[0]]} already; "
                        "a setting comes from one set only"
                    )
                elif before.get(device) != release_id:
                    changed.add(device)
            new = sorted(changed & set(some) - before.keys())
            if new:
                values = {"name": release.name, "release_id": release_id}
                self._connection.execute(insert(settings_assignments), [{"device": device, **values} for device in new])
            if other := sorted(changed & before.keys() & set(some)):
                here = (of_devices(settings_assignments.c.device, other), settings_assignments.c.name == release.name)
                self._connection.execute(update(settings_assignments).where(*here).values(release_id=release_id))
        return refused, changed

    def unassign(self, chosen: Sequence[str], name: str) -> set[str]:
        """Take a set away from devices; those that had it."""
        gone: set[str] = set()
        for some in portions(chosen):
            here = (of_devices(settings_assignments.c.device, some), settings_assignments.c.name == name)
            gone.update(self._connection.scalars(select(settings_assignments.c.device).where(*here)))
            self._connection.execute(delete(settings_assignments).where(*here))
        return gone

    def assign_one(self, device: str, name: str, version_code: int | None) -> tuple[SettingsRelease, bool]:
        """Let an enrolled device follow a set, in its newest version without ``version_code``; false when it should
        already.

        Raises:
            NotFoundError: no such set or version.
            ConflictError: the device follows no settings, or has one of them from another set.
        """
        row = self.find(name, version_code)
        refused, changed = self.assign([device], row.id)
        if refused:
            raise ConflictError(refused[device])
        return _release(row), device in changed

    def unassign_one(self, device: str, name: str) -> None:
        """Take a set away from a device.

        Raises:
            NotFoundError: it has no such set.
        """
        if not self.unassign([device], name):
            raise NotFoundError(f"settings {name} are not assigned to device {device}")

    def assigned(self, device: str | Collection[str] | None = None) -> dict[str, list[SettingsRelease]]:
        """The sets that each device should follow, by name."""
        query = (
            select(settings_assignments.c.device, settings_releases)
            .join(settings_releases, settings_releases.c.id == settings_assignments.c.release_id)
            .where(of_devices(settings_assignments.c.device, device))
            .order_by(settings_assignments.c.name)
        )
        found: dict[str, list[SettingsRelease]] = defaultdict(list)
        for row in self._connection.execute(query):
            found[row.device].append(_release(row))
        return found

    def takers(self, chosen: Collection[str]) -> set[str]:
        """Those of these devices that may follow settings: not boards that check MACs, nor those that have said what
        they have and no word of settings."""
        boards = select(device_keys.c.device).where(of_devices(device_keys.c.device, chosen))
        query = select(devices.c.id, devices.c.reported).where(of_devices(devices.c.id, chosen))
        rows = self._connection.execute(query.where(devices.c.id.not_in(boards)))
        return {row.id for row in rows if not row.reported or row.reported.get("settings") is not None}

    def _of_others(self, some: Sequence[str], name: str) -> dict[str, dict[str, str]]:
        """The settings that devices have from sets of other names, each with that name."""
        return {
            device: {
                setting: release.name for release in releases if release.name != name for setting in release.values
            }
            for device, releases in self.assigned(some).items()
        }

    def _find(self, name: str, version_code: int | None = None) -> Row[Any] | None:
        query = select(settings_releases).where(settings_releases.c.name == name)
        if version_code is not None:
            query = query.where(settings_releases.c.version_code == version_code)
        return self._connection.execute(query.order_by(settings_releases.c.version_code.desc()).limit(1)).one_or_none()


def merged(releases: Sequence[SettingsRelease]) -> dict[str, Value]:
    """All settings of several sets, as they stand in the desired document."""
    return {name: value for release in releases for name, value in release.values.items()}


def _release(row: Row[Any]) -> SettingsRelease:
    return SettingsRelease(row.name, row.version_code, row._mapping["values"], row.published_at)
