"""What many devices should have, changed at once: a few statements for each portion of devices, none for each device.

Each verb raises the version of the desired documents that it changed, and answers with the devices that it refused,
each with a sentence.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from device_runtime.sync.desired import MAX_MODELS
from device_runtime.sync.messages import MAX_PROGRAMS
from firmware_tools.fleet.models import ModelRegistry, takes_none
from firmware_tools.fleet.schema import (
    assignments,
    devices,
    model_assignments,
    model_releases,
    release_models,
    releases,
    runtime_assignments,
)
from firmware_tools.fleet.selecting import of_devices, portions
from firmware_tools.fleet.settings.registry import SettingsRegistry


class BulkAssignments:
    """Assignments of many devices, as one transaction sees them. All devices are enrolled."""

    def __init__(self, connection: Connection, models: ModelRegistry, settings: SettingsRegistry) -> None:
        self._connection, self._models, self._settings = connection, models, settings

    def assign_program(self, chosen: Sequence[str], release_id: int, launch: bool) -> Mapping[str, str]:
        """Let devices have a release, as :meth:`Registry.assign` does for one."""
        app_id = self._connection.execute(select(releases.c.app_id).where(releases.c.id == release_id)).scalar_one()
        asked = self._connection.scalars(
            select(release_models.c.model).where(release_models.c.release_id == release_id)
        ).all()
        refused: dict[str, str] = {}
        for some in portions(chosen):
            here = of_devices(assignments.c.device, some)
            rows = self._connection.execute(select(assignments).where(here, assignments.c.app_id == app_id))
            before = {row.device: (row.release_id, row.launch) for row in rows}
            counts = self._counts(assignments.c.device, some)
            full = {device for device in some if device not in before and counts.get(device, 0) >= MAX_PROGRAMS}
            refused |= {device: f"device {device} has {MAX_PROGRAMS} programs, which is the most" for device in full}
            new = [device for device in some if device not in before and device not in full]
            other = [device for device in before if before[device] != (release_id, launch)]
            values = {"release_id": release_id, "launch": launch}
            if new:
                rows_of_new = [{"device": device, "app_id": app_id, **values} for device in new]
                self._connection.execute(insert(assignments), rows_of_new)
            if other:
                these = (of_devices(assignments.c.device, other), assignments.c.app_id == app_id)
                self._connection.execute(update(assignments).where(*these).values(values))
            taken = [device for device in some if device not in full]
            self._raise({*new, *other, *self._models.settle_many(taken, asked)})
        return refused

    def unassign_program(self, chosen: Sequence[str], app_id: str) -> None:
        """Take a program away from devices that have it."""
        for some in portions(chosen):
            these = (of_devices(assignments.c.device, some), assignments.c.app_id == app_id)
            had = self._connection.scalars(select(assignments.c.device).where(*these)).all()
            self._connection.execute(delete(assignments).where(*these))
            self._raise({*had, *self._models.settle_many(some)})

    def assign_model(self, chosen: Sequence[str], release_id: int, explicit: bool = True) -> Mapping[str, str]:
        """Let devices have a version of a model, whatever their programs ask for; not ``explicit``: as if these did."""
        query = select(model_releases.c.model).where(model_releases.c.id == release_id)
        model = self._connection.execute(query).scalar_one()
        refused: dict[str, str] = {}
        for some in portions(chosen):
            takers = self._models.takers(some)
            refused |= {device: takes_none(device) for device in some if device not in takers}
            here = of_devices(model_assignments.c.device, some)
            rows = self._connection.execute(select(model_assignments).where(here, model_assignments.c.model == model))
            before = {row.device: (row.release_id, row.explicit) for row in rows}
            counts = self._counts(model_assignments.c.device, some)
            full = {device for device in takers if device not in before and counts.get(device, 0) >= MAX_MODELS}
            refused |= {device: f"device {device} has {MAX_MODELS} models, which is the most" for device in full}
            new = [device for device in some if device in takers and device not in before and device not in full]
            other = [device for device in before if device in takers and before[device] != (release_id, explicit)]
            values = {"release_id": release_id, "explicit": explicit}
            if new:
                rows_of_new = [{"device": device, "model": model, **values} for device in new]
                self._connection.execute(insert(model_assignments), rows_of_new)
            if other:
                these = (of_devices(model_assignments.c.device, other), model_assignments.c.model == model)
                self._connection.execute(update(model_assignments).where(*these).values(values))
            self._raise({*new, *(device for device in other if before[device][0] != release_id)})
        return refused

    def unassign_model(self, chosen: Sequence[str], model: str) -> None:
        """Leave it to the programs of these devices whether they have this model."""
        for some in portions(chosen):
            these = (of_devices(model_assignments.c.device, some), model_assignments.c.model == model)
            had = self._connection.scalars(select(model_assignments.c.device).where(*these)).all()
            self._connection.execute(delete(model_assignments).where(*these))
            self._raise({*had, *self._models.settle_many(some)})

    def assign_runtime(self, chosen: Sequence[str], version: str) -> Mapping[str, str]:
        """Let microcontrollers have a runtime."""
        for some in portions(chosen):
            here = of_devices(runtime_assignments.c.device, some)
            before = {
                row.device: row.version for row in self._connection.execute(select(runtime_assignments).where(here))
            }
            new = [device for device in some if device not in before]
            other = [device for device in before if before[device] != version]
            if new:
                rows_of_new = [{"device": device, "version": version} for device in new]
                self._connection.execute(insert(runtime_assignments), rows_of_new)
            if other:
                these = of_devices(runtime_assignments.c.device, other)
                self._connection.execute(update(runtime_assignments).where(these).values(version=version))
            self._raise({*new, *other})
        return {}

    def unassign_runtime(self, chosen: Sequence[str]) -> None:
        """Leave microcontrollers the runtime that they have."""
        for some in portions(chosen):
            these = of_devices(runtime_assignments.c.device, some)
            had = self._connection.scalars(select(runtime_assignments.c.device).where(these)).all()
            self._connection.execute(delete(runtime_assignments).where(these))
            self._raise(set(had))

    def assign_settings(self, chosen: Sequence[str], release_id: int) -> Mapping[str, str]:
        """Let devices follow a version of a set of settings."""
        refused, changed = self._settings.assign(chosen, release_id)
        self._raise(changed)
        return refused

    def unassign_settings(self, chosen: Sequence[str], name: str) -> None:
        """Take a set of settings away from devices that have it."""
        self._raise(self._settings.unassign(chosen, name))

    def _counts(self, column: ColumnElement[str], some: Sequence[str]) -> dict[str, int]:
        query = select(column.label("device"), func.count().label("number")).where(of_devices(column, some))
        return {row.device: row.number for row in self._connection.execute(query.group_by(column))}

    def _raise(self, changed: Iterable[str]) -> None:
        for some in portions(sorted(changed)):
            raised = update(devices).where(of_devices(devices.c.id, some))
            self._connection.execute(raised.values(desired_version=devices.c.desired_version + 1))
