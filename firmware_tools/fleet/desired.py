"""What devices should have, as the documents that are signed for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from device_runtime.sync.messages import Desired, ProgramTarget, RuntimeTarget
from firmware_tools.fleet.errors import NotFoundError
from firmware_tools.fleet.models import ModelAssignment, ModelRegistry
from firmware_tools.fleet.rollouts.schema import is_urgent, urgent_targets
from firmware_tools.fleet.runtimes import RuntimeRegistry
from firmware_tools.fleet.schema import assignments, devices, releases
from firmware_tools.fleet.selecting import of_devices, portions
from firmware_tools.fleet.settings.registry import SettingsRegistry, SettingsRelease, merged

DESIRED_SECONDS = 30 * 86_400
"""So long is a desired document good for a device that has not seen it yet."""


class DesiredDocuments:
    """The documents as one transaction sees them."""

    def __init__(
        self, connection: Connection, runtimes: RuntimeRegistry, models: ModelRegistry, settings: SettingsRegistry
    ) -> None:
        self._connection, self._runtimes, self._models, self._settings = connection, runtimes, models, settings

    def one(self, fleet: str, device: str, now: float) -> Desired:
        """What a device should have, as it is to be signed.

        Raises:
            NotFoundError: no such device.
        """
        version = self._connection.scalar(select(devices.c.desired_version).where(devices.c.id == device))
        if version is None:
            raise NotFoundError(f"device {device} is not enrolled")
        return self._desired(
            fleet,
            device,
            version,
            int(now),
            program_targets(self._connection, device),
            self._runtimes.targets(device),
            self._models.assigned(device),
            self._settings.assigned(device),
        )

    def _desired(
        self,
        fleet: str,
        device: str,
        version: int,
        now: int,
        targets: Mapping[str, Mapping[str, ProgramTarget]],
        runtimes: Mapping[str, RuntimeTarget],
        models: Mapping[str, Mapping[str, ModelAssignment]],
        settings: Mapping[str, Sequence[SettingsRelease]],
    ) -> Desired:
        return Desired(
            fleet,
            device,
            version,
            issued=now,
            programs=targets.get(device, {}),
            settings=merged(settings.get(device, ())),
            expires=now + DESIRED_SECONDS,
            runtime=runtimes.get(device),
            models={name: model.target for name, model in models.get(device, {}).items()},
        )

    def of(self, fleet: str, chosen: Sequence[str], now: float) -> list[Desired]:
        """What each of these enrolled devices should have, with a few statements for all of them."""
        documents: list[Desired] = []
        for some in portions(chosen):
            targets, runtimes, models = (
                program_targets(self._connection, some),
                self._runtimes.targets(some),
                self._models.assigned(some),
            )
            settings = self._settings.assigned(some)
            query = select(devices.c.id, devices.c.desired_version).where(of_devices(devices.c.id, some))
            documents += [
                self._desired(fleet, row.id, row.desired_version, int(now), targets, runtimes, models, settings)
                for row in self._connection.execute(query)
            ]
        return documents

    def newer(self, fleet: str, documents: Sequence[Desired], now: float) -> list[Desired]:
        """What those of these documents' devices should have for which there is a newer version by now."""
        known = {document.device: document.version for document in documents}
        newer: list[str] = []
        for some in portions(list(known)):
            query = select(devices.c.id, devices.c.desired_version).where(of_devices(devices.c.id, some))
            newer += [row.id for row in self._connection.execute(query) if row.desired_version > known[row.id]]
        return self.of(fleet, newer, now)

    def all(self, fleet: str, now: float) -> list[Desired]:
        """What every device should have."""
        targets, runtimes, models = program_targets(self._connection), self._runtimes.targets(), self._models.assigned()
        settings = self._settings.assigned()
        return [
            self._desired(fleet, row.id, row.desired_version, int(now), targets, runtimes, models, settings)
            for row in self._connection.execute(select(devices.c.id, devices.c.desired_version))
        ]


def program_targets(
    connection: Connection, device: str | Collection[str] | None = None
) -> dict[str, dict[str, ProgramTarget]]:
    """The programs of devices (of all without one), by device and app id."""
    query = (
        select(assignments.c.device, assignments.c.launch, releases, urgent_targets.c.device.label("urgent"))
        .join(releases, releases.c.id == assignments.c.release_id)
        .outerjoin(urgent_targets, is_urgent("program", assignments, assignments.c.app_id))
        .where(of_devices(assignments.c.device, device))
    )
    targets: dict[str, dict[str, ProgramTarget]] = defaultdict(dict)
    for row in connection.execute(query.order_by(assignments.c.app_id)):
        targets[row.device][row.app_id] = ProgramTarget(
            row.version_code,
            row.version_name,
            row.sha256,
            row.size,
            row.launch,
            urgent=row.urgent is not None,
        )
    return targets
