"""Models: checked, published, assigned; and which of them the programs of a device ask for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, Text, cast, delete, insert, select, update

from device_runtime.inference.card import ModelCard
from device_runtime.inference.package import (
    ModelPackage,
    check_model,
    read_model_archive,
    read_model_package,
    seal_model,
)
from device_runtime.keys import key_ring
from device_runtime.sealed.seal import SealError, check_digests, is_sealed
from device_runtime.sync.desired import MAX_MODELS
from device_runtime.sync.fields import one_line
from device_runtime.sync.messages import ModelTarget
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.rollouts.schema import is_urgent, urgent_targets
from firmware_tools.fleet.schema import (
    assignments,
    device_keys,
    devices,
    model_assignments,
    model_releases,
    release_models,
)
from firmware_tools.fleet.selecting import of_devices

_MAX_TASK = 100


@dataclass(frozen=True, slots=True)
class ModelRelease:
    """One published version of a model; ``published_at`` is Unix time in seconds."""

    model: str
    version_code: int
    version_name: str
    task: str
    sha256: str
    size: int
    published_at: float


@dataclass(frozen=True, slots=True)
class ModelAssignment:
    """A model that a device should have; ``explicit``: an operator said so, and no program need ask for it."""

    target: ModelTarget
    explicit: bool


def sign_model(data: bytes, name: str, key: Ed25519PrivateKey) -> tuple[bytes, ModelPackage]:
    """The model's package as devices of this fleet accept it, and what is in it; ``name`` is what messages call it.

    As with programs, who publishes vouches for it with the operator token, and the seal that it came with is only
    compared with its content. The model itself is not parsed here: a device does that, in a confined process.

    Raises:
        CygnetError: no model package, unsealed, altered, or its card or file is not valid.
    """
    entries = read_model_archive(data, name)
    if not is_sealed(entries):
        raise FleetError(f"{name} cannot be published: it is not sealed; publish it with `cygnet model publish`")
    try:
        check_digests(entries)
    except SealError as error:
        raise FleetError(f"{name} cannot be published: {error}") from error
    check_model(entries, name)
    sealed = seal_model(entries, key)
    return sealed, read_model_package(sealed, name, key_ring([key.public_key()]))


class ModelRegistry:
    """Models as one transaction sees them. What a device should have changes only by what is called here; who calls
    raises the version of its desired document when it did."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, card: ModelCard, sha256: str, size: int, now: float) -> tuple[ModelRelease, bool]:
        """Add a version of a model; false when these very bytes were published before.

        Raises:
            ConflictError: the version is published with other content, or a higher one is published.
        """
        name, version = card.name, card.version
        newest: ModelRelease | None = None
        for release in self._releases(name):
            if release.sha256 == sha256:
                return release, False
            newest = newest or release
        if newest is not None and version.code <= newest.version_code:
            found = f"version {newest.version_code} ({newest.version_name})"
            what = "with other content" if version.code == newest.version_code else "already"
            raise ConflictError(
                f"model {name} cannot be published as version {version.code}: {found} is published {what}; "
                f"set version.code in its card.toml to {newest.version_code + 1} or more and publish again"
            )
        release = ModelRelease(name, version.code, version.name, one_line(card.task, _MAX_TASK), sha256, size, now)
        self._connection.execute(
            insert(model_releases).values(
                model=release.model,
                version_code=release.version_code,
                version_name=release.version_name,
                task=release.task,
                sha256=sha256,
                size=size,
                published_at=now,
            )
        )
        return release, True

    def all(self) -> list[ModelRelease]:
        """Every version of every model, by name, the newest first."""
        query = select(model_releases).order_by(model_releases.c.model, model_releases.c.version_code.desc())
        return [_release(row) for row in self._connection.execute(query)]

    def note_program(self, release_id: int, models: Iterable[str]) -> None:
        """The program of this release asks for these models."""
        known = set(self._connection.scalars(select(release_models.c.model).where(_of(release_id))))
        for model in sorted(set(models) - known):
            self._connection.execute(insert(release_models).values(release_id=release_id, model=model))

    def assign(self, device: str, name: str, version_code: int | None) -> tuple[ModelRelease, bool]:
        """Let an enrolled device have a model, the newest version if ``version_code`` is None; false when it should
        already.

        Raises:
            NotFoundError: the model or version is not published.
            ConflictError: the device takes no models.
            FleetError: the device has as many models as a desired document can hold.
        """
        row = self._find(name, version_code)
        if row is None:
            wanted = name if version_code is None else f"{name} version {version_code}"
            raise NotFoundError(f"model {wanted} is not published; publish it with `cygnet model publish`")
        if not self.takes_models(device):
            raise ConflictError(takes_none(device))
        before = self._assigned(device).get(name)
        if before is None:
            if len(self._assigned(device)) >= MAX_MODELS:
                raise FleetError(f"device {device} has {MAX_MODELS} models, which is the most")
            self._insert(device, name, row.id, explicit=True)
        else:
            self._update(device, name, row.id, explicit=True)
        return _release(row), before is None or before.release_id != row.id

    def unassign(self, device: str, name: str) -> None:
        """An operator no longer wants this model on a device; programs may.

        Raises:
            NotFoundError: it is not assigned to it.
            ConflictError: it is there because programs ask for it, and for nothing else.
        """
        row = self._assigned(device).get(name)
        if row is None:
            raise NotFoundError(f"model {name} is not assigned to device {device}")
        if not row.explicit:
            programs = ", ".join(self.wanted(device).get(device, {}).get(name, []))
            raise ConflictError(
                f"model {name} is on device {device} because {programs} asks for it; unassign the program instead"
            )
        self._remove(device, name)

    def settle(self, device: str, renew: Collection[str] = ()) -> bool:
        """As :meth:`settle_many`, of one device: whether that changed anything."""
        return bool(self.settle_many([device], renew))

    def settle_many(self, chosen: Collection[str], renew: Collection[str] = ()) -> set[str]:
        """Give devices (as many as one statement names) the models that their programs ask for, and take away what
        nobody asks for any more; the devices for which that changed anything.

        What an operator assigned stays as it is. A model comes in its newest version and keeps it, unless it is in
        ``renew``.
        """
        here = of_devices(model_assignments.c.device, chosen)
        assigned: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
        for row in self._connection.execute(select(model_assignments).where(here)):
            assigned[row.device][row.model] = row
        asked = self.wanted(chosen)
        takers = self.takers(chosen) if asked else set()
        newest = {name: self._find(name) for name in sorted({name for names in asked.values() for name in names})}
        changed: set[str] = set()
        for device in sorted(assigned.keys() | asked.keys()):
            wanted = asked.get(device, {}) if device in takers else {}
            if self._settle(device, assigned.get(device, {}), wanted, newest, renew):
                changed.add(device)
        return changed

    def _settle(
        self,
        device: str,
        assigned: Mapping[str, Row[Any]],
        wanted: Collection[str],
        newest: Mapping[str, Row[Any] | None],
        renew: Collection[str],
    ) -> bool:
        changed = False
        for name, row in assigned.items():
            if not row.explicit and name not in wanted:
                self._remove(device, name)
                changed = True
        count = sum(row.explicit or name in wanted for name, row in assigned.items())
        for name in wanted:
            release, held = newest[name], assigned.get(name)
            if release is None:
                continue
            if held is None and count < MAX_MODELS:
                self._insert(device, name, release.id, explicit=False)
                count, changed = count + 1, True
            elif held is not None and not held.explicit and name in renew and held.release_id != release.id:
                self._update(device, name, release.id, explicit=False)
                changed = True
        return changed

    def lacking(self, name: str) -> list[str]:
        """The devices whose programs ask for this model, and that should not have it yet."""
        having = set(
            self._connection.scalars(select(model_assignments.c.device).where(model_assignments.c.model == name))
        )
        return sorted(device for device, wanted in self.wanted().items() if name in wanted and device not in having)

    def wanted(self, device: str | Collection[str] | None = None) -> dict[str, dict[str, list[str]]]:
        """By device: the models that its programs ask for, each with these programs' app ids."""
        query = (
            select(assignments.c.device, assignments.c.app_id, release_models.c.model)
            .join(release_models, release_models.c.release_id == assignments.c.release_id)
            .where(of_devices(assignments.c.device, device))
            .order_by(release_models.c.model, assignments.c.app_id)
        )
        found: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for row in self._connection.execute(query):
            found[row.device].setdefault(row.model, []).append(row.app_id)
        return found

    def assigned(self, device: str | Collection[str] | None = None) -> dict[str, dict[str, ModelAssignment]]:
        """By device: the models that it should have."""
        urgent = urgent_targets.c.device.label("urgent")
        query = (
            select(model_assignments.c.device, model_assignments.c.explicit, model_releases, urgent)
            .join(model_releases, model_releases.c.id == model_assignments.c.release_id)
            .outerjoin(urgent_targets, is_urgent("model", model_assignments, model_assignments.c.model))
        )
        query = query.where(of_devices(model_assignments.c.device, device))
        found: dict[str, dict[str, ModelAssignment]] = defaultdict(dict)
        for row in self._connection.execute(query.order_by(model_releases.c.model)):
            target = ModelTarget(
                row.version_code, row.version_name, row.sha256, row.size, urgent=row.urgent is not None
            )
            found[row.device][row.model] = ModelAssignment(target, row.explicit)
        return found

    def takes_models(self, device: str) -> bool:
        """Whether a device may take models: false when it has said what it has and no word of models, or is a board
        that checks MACs."""
        return bool(self.takers([device]))

    def takers(self, chosen: Collection[str]) -> set[str]:
        """Those of these devices that may take models, as :meth:`takes_models` says."""
        boards = select(device_keys.c.device).where(of_devices(device_keys.c.device, chosen))
        silent, named = devices.c.reported_at.is_(None), cast(devices.c.reported["models"], Text)
        query = select(devices.c.id, silent, named).where(of_devices(devices.c.id, chosen))
        rows = self._connection.execute(query.where(devices.c.id.not_in(boards)))
        return {device for device, has_not_reported, models in rows if has_not_reported or models not in (None, "null")}

    def having_unasked(self, chosen: Collection[str]) -> set[str]:
        """Those of these devices that have a model since a program asks for it, and not since somebody said so."""
        here = of_devices(model_assignments.c.device, chosen)
        query = select(model_assignments.c.device).where(here, model_assignments.c.explicit.is_(False)).distinct()
        return set(self._connection.scalars(query))

    def without_models(self) -> set[str]:
        """The boards that check MACs, which take none whatever they report."""
        return set(self._connection.scalars(select(device_keys.c.device)))

    def _releases(self, name: str) -> list[ModelRelease]:
        query = select(model_releases).where(model_releases.c.model == name)
        rows = self._connection.execute(query.order_by(model_releases.c.version_code.desc()))
        return [_release(row) for row in rows]

    def _find(self, name: str, version_code: int | None = None) -> Row[Any] | None:
        query = select(model_releases).where(model_releases.c.model == name)
        if version_code is not None:
            query = query.where(model_releases.c.version_code == version_code)
        return self._connection.execute(query.order_by(model_releases.c.version_code.desc()).limit(1)).one_or_none()

    def _assigned(self, device: str) -> Mapping[str, Row[Any]]:
        rows = self._connection.execute(select(model_assignments).where(model_assignments.c.device == device))
        return {row.model: row for row in rows}

    def _insert(self, device: str, name: str, release_id: int, *, explicit: bool) -> None:
        values = {"device": device, "model": name, "release_id": release_id, "explicit": explicit}
        self._connection.execute(insert(model_assignments).values(values))

    def _update(self, device: str, name: str, release_id: int, *, explicit: bool) -> None:
        here = (model_assignments.c.device == device, model_assignments.c.model == name)
        self._connection.execute(
            update(model_assignments).where(*here).values(release_id=release_id, explicit=explicit)
        )

    def _remove(self, device: str, name: str) -> None:
        here = (model_assignments.c.device == device, model_assignments.c.model == name)
        self._connection.execute(delete(model_assignments).where(*here))


def takes_none(device: str) -> str:
    """What to tell of a device that takes no models."""
    return (
        f"device {device} takes no models from its fleet: it is a microcontroller, whose programs bring their own "
        "(`models/x.tflite` in the program), or its Cygnet is older than this and has to be updated"
    )


def _release(row: Row[Any]) -> ModelRelease:
    return ModelRelease(row.model, row.version_code, row.version_name, row.task, row.sha256, row.size, row.published_at)


def _of(release_id: int) -> Any:
    return release_models.c.release_id == release_id
