"""Devices, releases, and who should have what. The database is the authority on all of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, true, update

from device_runtime.inference.package import ModelPackage
from device_runtime.program.manifest import Manifest
from device_runtime.sync.fields import MAX_INTEGER
from device_runtime.sync.messages import (
    MAX_PROGRAMS,
    Reported,
    State,
    check_identifier,
)
from firmware_tools.fleet.bulk import BulkAssignments
from firmware_tools.fleet.desired import DesiredDocuments, program_targets
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.models import ModelRegistry, ModelRelease
from firmware_tools.fleet.privacy.plans import note_plan
from firmware_tools.fleet.records import Device, Release, device_of, release_of, with_models
from firmware_tools.fleet.runtimes import RuntimeRegistry, RuntimeRelease
from firmware_tools.fleet.schema import assignments, devices, programs, releases
from firmware_tools.fleet.selecting import of_devices, portions
from firmware_tools.fleet.settings.registry import SettingsRegistry, SettingsRelease

_FIRST_DESIRED_VERSION = 1


class Registry:
    """The registry as one transaction sees it: made anew for each, from its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = self.connection = connection
        """For parts with tables of their own, in the same transaction."""
        self.runtimes = RuntimeRegistry(connection)
        """Runtimes of microcontrollers, and device keys."""
        self.models = ModelRegistry(connection)
        """Models, and which devices should have them."""
        self.settings = SettingsRegistry(connection)
        """Sets of settings, and which devices should follow them."""
        self.desired = DesiredDocuments(connection, self.runtimes, self.models, self.settings)
        """What devices should have, as documents to be signed."""
        self.bulk = BulkAssignments(connection, self.models, self.settings)
        """Assignments of many devices at once."""

    # Devices

    def enroll(self, device: str, name: str, now: float) -> bool:
        """Let a device in; false when it was in already (its name is then changed, if one is given).

        Raises:
            ProtocolError: ``device`` is no id.
            FleetError: ``name`` is too long.
        """
        check_identifier("device", device)
        if len(name) > 100 or not name.isprintable():
            raise FleetError("a device's name is at most 100 printable characters")
        if self.is_enrolled(device):
            if name:
                self._connection.execute(update(devices).where(devices.c.id == device).values(name=name))
            return False
        self._connection.execute(
            insert(devices).values(id=device, name=name, enrolled_at=now, desired_version=_FIRST_DESIRED_VERSION)
        )
        return True

    def is_enrolled(self, device: str) -> bool:
        """Whether messages of this device are heard."""
        return self._connection.scalar(select(devices.c.id).where(devices.c.id == device)) is not None

    def device_ids(self) -> set[str]:
        """Every enrolled device."""
        return set(self._connection.scalars(select(devices.c.id)))

    def devices(self) -> list[Device]:
        """Every enrolled device, by id."""
        targets, runtimes = program_targets(self._connection), self.runtimes.targets()
        models, wanted, boards = self.models.assigned(), self.models.wanted(), self.models.without_models()
        settings = self.settings.assigned()
        return [
            with_models(
                device_of(row, targets.get(row.id, {}), runtimes.get(row.id), settings.get(row.id, ())),
                models.get(row.id, {}),
                wanted.get(row.id, {}),
                row.id in boards,
            )
            for row in self._connection.execute(select(devices).order_by(devices.c.id))
        ]

    def device(self, device: str) -> Device:
        """One device.

        Raises:
            NotFoundError: it is not enrolled.
        """
        row = self._connection.execute(select(devices).where(devices.c.id == device)).one_or_none()
        if row is None:
            raise NotFoundError(f"device {device} is not enrolled; enroll it with `cygnet fleet enroll {device}`")
        return with_models(
            device_of(
                row,
                program_targets(self._connection, device).get(device, {}),
                self.runtimes.targets(device).get(device),
                self.settings.assigned(device).get(device, ()),
            ),
            self.models.assigned(device).get(device, {}),
            self.models.wanted(device).get(device, {}),
            device in self.models.without_models(),
        )

    # What devices say

    def lock(self, chosen: Iterable[str]) -> None:
        """Let nobody else change these devices until the transaction ends. Who changes several begins with this, so
        that two wait for each other and never in a circle."""
        if self._connection.dialect.name == "sqlite":
            return  # where one transaction writes at a time
        for some in portions(sorted(chosen)):
            query = select(devices.c.id).where(of_devices(devices.c.id, some)).order_by(devices.c.id)
            self._connection.execute(query.with_for_update(key_share=True)).all()

    def record_states(self, states: Mapping[str, tuple[State, float | None]]) -> None:
        """Note what the state channel says, with when the device was there, ``None`` if it may not have been."""
        for was_there in (True, False):
            rows = [
                {"the_device": device, "status": state.status, "session": state.session, "last_seen": seen}
                for device, (state, seen) in states.items()
                if (seen is not None) == was_there
            ]
            self._write(rows, "status", "session", *(["last_seen"] if was_there else []))

    def record_reports(self, reports: Mapping[str, tuple[Reported, float]]) -> set[str]:
        """Note what devices have, and when they said so. Returns those whose desired document is to be published again.

        A device that has seen a newer desired version than this database knows of would refuse everything that
        comes after (the database was restored from a backup): then this database's version is raised past it. And one
        that has learned to take models gets those that its programs ask for.
        """
        take_models = sorted(device for device, (reported, _) in reports.items() if reported.models is not None)
        to_settle = set(take_models)
        for some in portions(take_models):
            to_settle -= self.models.takers(some)
        for some in portions(sorted(reports.keys() - to_settle - set(take_models))):
            to_settle |= self.models.having_unasked(some)
        rows = [
            {
                "the_device": device,
                "reported": asdict(reported),
                "reported_at": when,
                "board": reported.board,
                "runtime": reported.runtime,
            }
            for device, (reported, when) in reports.items()
        ]
        self._write(rows, "reported", "reported_at", "board", "runtime")
        again = self.raise_past({device: reported.desired_version for device, (reported, _) in reports.items()})
        for some in portions(sorted(to_settle)):
            for device in self.models.settle_many(some):
                self._raise_version(device)
                again.add(device)
        return again

    def record_seen(self, seen: Mapping[str, float]) -> None:
        """Note when devices were last heard of."""
        later = devices.c.last_seen.is_(None) | (devices.c.last_seen < bindparam("last_seen"))
        self._write(
            [{"the_device": device, "last_seen": when} for device, when in seen.items()], "last_seen", where=later
        )

    def _write(
        self,
        rows: list[dict[str, Any]],
        *columns: str,
        where: ColumnElement[bool] = true(),  # noqa: B008 - a constant
    ) -> None:
        """Change these columns of the devices that ``the_device`` of each row names: one statement for all."""
        if rows:
            statement = update(devices).where(devices.c.id == bindparam("the_device"), where)
            self._connection.execute(statement.values({column: bindparam(column) for column in columns}), rows)

    def record_lost(self, present: Iterable[str]) -> list[str]:
        """Mark as lost what was online and is not in ``present``; returns the devices that changed."""
        online = self._connection.scalars(select(devices.c.id).where(devices.c.status == "online"))
        gone = sorted(set(online) - set(present))
        for device in gone:
            self._connection.execute(update(devices).where(devices.c.id == device).values(status="lost"))
        return gone

    def raise_past(self, held: Mapping[str, int]) -> set[str]:
        """Raise the desired versions past those that devices hold, where these are ahead of this database; which
        devices that were."""
        ahead: dict[str, int] = {}
        for some in portions(sorted(held)):
            query = select(devices.c.id, devices.c.desired_version).where(of_devices(devices.c.id, some))
            for row in self._connection.execute(query):
                # A device whose own number is exhausted takes nothing newer, whatever the fleet says.
                if row.desired_version < held[row.id] < MAX_INTEGER:
                    ahead[row.id] = held[row.id]
        rows = [{"the_device": device, "desired_version": version + 1} for device, version in ahead.items()]
        self._write(rows, "desired_version", where=devices.c.desired_version < bindparam("desired_version"))
        return set(ahead)

    # Releases

    def publish(self, manifest: Manifest, sha256: str, size: int, now: float) -> tuple[Release, bool]:
        """Add a release; false when these very bytes were published before.

        Raises:
            ConflictError: this version of the program was published with other bytes.
        """
        app_id, version = manifest.app_id, manifest.version
        existing = self._connection.execute(
            _release_query().where(releases.c.app_id == app_id, releases.c.version_code == version.code)
        ).one_or_none()
        if existing is not None:
            if existing.sha256 != sha256:
                raise ConflictError(
                    f"{app_id} version {version.code} ({existing.version_name}) is published with other content; "
                    "raise version.code in its cygnet.json and publish again"
                )
            self.models.note_program(existing.id, manifest.models)  # a fleet older than models did not
            note_plan(self._connection, existing.id, manifest.data_plan)  # the same
            return release_of(existing), False
        if self._connection.scalar(select(programs.c.app_id).where(programs.c.app_id == app_id)) is None:
            self._connection.execute(insert(programs).values(app_id=app_id, name=manifest.name))
        else:
            self._connection.execute(update(programs).where(programs.c.app_id == app_id).values(name=manifest.name))
        release = Release(app_id, manifest.name, version.code, version.name, sha256, size, now)
        values = asdict(release)
        del values["name"]
        made = self._connection.execute(insert(releases).values(values)).inserted_primary_key
        self.models.note_program(made[0] if made else 0, manifest.models)
        note_plan(self._connection, made[0] if made else 0, manifest.data_plan)
        return release, True

    def releases(self) -> list[Release]:
        """Every release, by program, newest version first."""
        query = _release_query().order_by(releases.c.app_id, releases.c.version_code.desc())
        return [release_of(row) for row in self._connection.execute(query)]

    # Assignments

    def assign(self, device: str, app_id: str, version_code: int | None, launch: bool) -> Release:
        """Let a device have a release, the newest one if ``version_code`` is ``None``.

        Raises:
            NotFoundError: no such device or release.
            FleetError: the device has as many programs as a desired document can hold.
        """
        self._require(device)
        query = select(releases).where(releases.c.app_id == app_id).order_by(releases.c.version_code.desc())
        if version_code is not None:
            query = query.where(releases.c.version_code == version_code)
        row = self._connection.execute(query.limit(1)).one_or_none()
        if row is None:
            wanted = app_id if version_code is None else f"{app_id} version {version_code}"
            raise NotFoundError(f"{wanted} is not published; publish it with `cygnet fleet publish`")
        here = (assignments.c.device == device, assignments.c.app_id == app_id)
        values = {"release_id": row.id, "launch": launch}
        before = self._connection.execute(select(assignments).where(*here)).one_or_none()
        if before is None:
            count = select(func.count()).select_from(assignments).where(assignments.c.device == device)
            if (self._connection.scalar(count) or 0) >= MAX_PROGRAMS:
                raise FleetError(f"device {device} has {MAX_PROGRAMS} programs, which is the most")
            self._connection.execute(insert(assignments).values(device=device, app_id=app_id, **values))
        elif (before.release_id, before.launch) != (row.id, launch):
            self._connection.execute(update(assignments).where(*here).values(values))
        changed = before is None or (before.release_id, before.launch) != (row.id, launch)
        models = [name for name, app_ids in self.models.wanted(device).get(device, {}).items() if app_id in app_ids]
        if self.models.settle(device, models) or changed:
            self._raise_version(device)
        return release_of(self._connection.execute(_release_query().where(releases.c.id == row.id)).one())

    def unassign(self, device: str, app_id: str) -> None:
        """Take a program away from a device.

        Raises:
            NotFoundError: no such device, or it has no such program.
        """
        self._require(device)
        gone = delete(assignments).where(assignments.c.device == device, assignments.c.app_id == app_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFoundError(f"{app_id} is not assigned to device {device}")
        self.models.settle(device)
        self._raise_version(device)

    def publish_model(self, package: ModelPackage, now: float) -> tuple[ModelRelease, bool, list[str]]:
        """Add a version of a model; false when it was published before. Devices whose programs have asked for the
        model in vain get it, and are named.

        Raises:
            ConflictError: this version is published with other content, or a higher one is published.
        """
        release, new = self.models.publish(package.card, package.sha256, package.size, now)
        served = [device for device in self.models.lacking(release.model) if self.models.settle(device)]
        for device in served:
            self._raise_version(device)
        return release, new, served

    def assign_model(self, device: str, name: str, version_code: int | None) -> ModelRelease:
        """Let a device have a model, whatever its programs ask for; the newest version if ``version_code`` is None.

        Raises:
            NotFoundError: no such device, model or version.
            ConflictError: the device takes no models.
            FleetError: the device has as many models as a desired document can hold.
        """
        self._require(device)
        release, changed = self.models.assign(device, name, version_code)
        if changed:
            self._raise_version(device)
        return release

    def unassign_model(self, device: str, name: str) -> list[str]:
        """An operator no longer wants a model on a device. The app ids of programs that ask for it, so that it stays.

        Raises:
            NotFoundError: no such device, or it is not assigned to it.
            ConflictError: it is there only because programs ask for it.
        """
        self._require(device)
        self.models.unassign(device, name)
        self.models.settle(device)
        self._raise_version(device)
        kept = self.models.assigned(device).get(device, {})
        return self.models.wanted(device).get(device, {}).get(name, []) if name in kept else []

    def assign_runtime(self, device: str, version: str | None) -> RuntimeRelease:
        """Let a microcontroller have a runtime, the newest one if ``version`` is ``None``.

        Raises:
            NotFoundError: no such device or runtime.
        """
        self._require(device)
        release, changed = self.runtimes.assign(device, version)
        if changed:
            self._raise_version(device)
        return release

    def unassign_runtime(self, device: str) -> None:
        """Leave a microcontroller the runtime that it has.

        Raises:
            NotFoundError: no such device, or no runtime is assigned to it.
        """
        self._require(device)
        self.runtimes.unassign(device)
        self._raise_version(device)

    def assign_settings(self, device: str, name: str, version_code: int | None) -> SettingsRelease:
        """Let a device follow a set of settings, the newest version if ``version_code`` is ``None``.

        Raises:
            NotFoundError: no such device, set or version.
            ConflictError: the device follows no settings, or has one of them from another set.
        """
        self._require(device)
        release, changed = self.settings.assign_one(device, name, version_code)
        if changed:
            self._raise_version(device)
        return release

    def unassign_settings(self, device: str, name: str) -> None:
        """Take a set of settings away from a device.

        Raises:
            NotFoundError: no such device, or it has no such set.
        """
        self._require(device)
        self.settings.unassign_one(device, name)
        self._raise_version(device)

    def _require(self, device: str) -> None:
        if not self.is_enrolled(device):
            raise NotFoundError(f"device {device} is not enrolled; enroll it with `cygnet fleet enroll {device}`")

    def _raise_version(self, device: str) -> None:
        self._connection.execute(
            update(devices).where(devices.c.id == device).values(desired_version=devices.c.desired_version + 1)
        )


def _release_query() -> Any:
    return select(releases, programs.c.name).join(programs, programs.c.app_id == releases.c.app_id)
