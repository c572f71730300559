"""What a rollout brings: a program, a model or the runtime of microcontrollers. Each kind says what devices should have
of it now, gives it to many at once, gives back what they had, and reads what they report of it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, String, cast, delete, insert, select

from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.errors import FleetError, NotFoundError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.judge import Standing
from firmware_tools.fleet.rollouts.records import Kind, Rollout
from firmware_tools.fleet.rollouts.schema import urgent_targets
from firmware_tools.fleet.schema import (
    assignments,
    devices,
    model_assignments,
    model_releases,
    releases,
    runtime_assignments,
    runtimes,
)
from firmware_tools.fleet.selecting import of_devices, portions

Before = Mapping[str, Any] | None
"""What a device should have had of a subject; None for nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A release that can be rolled out; ``target`` is what its own table calls it."""

    subject: str
    target: str
    version_code: int
    version_name: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """How rows of ``devices`` meet what they should have of a subject: an outer join, and the column that says which
    release it is."""

    table: FromClause
    on: ColumnElement[bool]
    target: ColumnElement[Any]


class Subject(Protocol):
    """One kind's side of a rollout, as one transaction sees it."""

    def assigned(self) -> Assigned:
        """What devices should have."""

    def reported(self) -> ColumnElement[Any]:
        """The column (of ``devices``) with what a device says of it."""

    def standing(self, report: Any) -> tuple[Standing, str, str]:
        """Where a device stands by what it says, with its sentence and the cause."""

    def before(self, chosen: Sequence[str]) -> dict[str, Before]:
        """What these devices should have now; those are missing that should have nothing."""

    def give(self, chosen: Sequence[str], *, launch: bool, urgent: bool) -> Mapping[str, str]:
        """Let devices have it; those that cannot, each with a sentence."""

    def give_back(self, chosen: Mapping[str, Before]) -> None:
        """Let devices have what they had before."""


def find(connection: Connection, kind: Kind, subject: str, version: str | int | None) -> Found:
    """The release that is meant; the newest without a ``version``.

    Raises:
        NotFoundError: it is not published.
        FleetError: ``version`` is no version code of a program or model.
    """
    if kind == "runtime":
        query = select(runtimes).order_by(runtimes.c.published_at.desc())
        if version is not None:
            query = query.where(runtimes.c.version == str(version))
        row = connection.execute(query.limit(1)).one_or_none()
        if row is None:
            what = "no runtime is published" if version is None else f"runtime {version} is not published"
            raise NotFoundError(f"{what}; publish it with `cygnet fleet runtime publish`")
        return Found("runtime", row.version, 0, row.version)
    code = _code(version)
    table, column = (releases, releases.c.app_id) if kind == "program" else (model_releases, model_releases.c.model)
    query = select(table).where(column == subject).order_by(table.c.version_code.desc())
    if code is not None:
        query = query.where(table.c.version_code == code)
    row = connection.execute(query.limit(1)).one_or_none()
    if row is None:
        wanted = subject if code is None else f"{subject} version {code}"
        verb = "cygnet fleet publish" if kind == "program" else "cygnet model publish"
        raise NotFoundError(f"{wanted} is not published; publish it with `{verb}`")
    return Found(subject, str(row.id), row.version_code, row.version_name)


def subject_of(connection: Connection, rollout: Rollout) -> Subject:
    """The side of a rollout's kind."""
    if rollout.kind == "runtime":
        return RuntimeSubject(connection, rollout.target)
    if rollout.kind == "program":
        return ProgramSubject(connection, rollout.subject, int(rollout.target), rollout.version_code)
    return ModelSubject(connection, rollout.subject, int(rollout.target), rollout.version_code)


class ProgramSubject:
    """A release of a program."""

    _KIND = "program"

    def __init__(self, connection: Connection, name: str, release_id: int, code: int) -> None:
        self._connection, self._name, self._release, self._code = connection, name, release_id, code
        self._bulk = Registry(connection).bulk

    def assigned(self) -> Assigned:
        on = (assignments.c.device == devices.c.id) & (assignments.c.app_id == self._name)
        return Assigned(assignments, on, cast(assignments.c.release_id, String))

    def reported(self) -> ColumnElement[Any]:
        return devices.c.reported[("programs", self._name)]

    def standing(self, report: Any) -> tuple[Standing, str, str]:
        return _standing(report, self._code)

    def before(self, chosen: Sequence[str]) -> dict[str, Before]:
        query = select(assignments, releases.c.version_code).join(releases, releases.c.id == assignments.c.release_id)
        return {
            row.device: {"release": row.release_id, "launch": row.launch, "code": row.version_code}
            for some in portions(chosen)
            for row in self._connection.execute(
                query.where(of_devices(assignments.c.device, some), assignments.c.app_id == self._name)
            )
        }

    def give(self, chosen: Sequence[str], *, launch: bool, urgent: bool) -> Mapping[str, str]:
        _set_urgent(self._connection, chosen, self._KIND, self._name, self._release if urgent else None)
        return self._bulk.assign_program(chosen, self._release, launch)

    def give_back(self, chosen: Mapping[str, Before]) -> None:
        for before, some in _alike(chosen):
            if before is None:
                self._bulk.unassign_program(some, self._name)
            else:
                self._bulk.assign_program(some, before["release"], before["launch"])


class ModelSubject:
    """A version of a model."""

    _KIND = "model"

    def __init__(self, connection: Connection, name: str, release_id: int, code: int) -> None:
        self._connection, self._name, self._release, self._code = connection, name, release_id, code
        self._bulk = Registry(connection).bulk

    def assigned(self) -> Assigned:
        on = (model_assignments.c.device == devices.c.id) & (model_assignments.c.model == self._name)
        return Assigned(model_assignments, on, cast(model_assignments.c.release_id, String))

    def reported(self) -> ColumnElement[Any]:
        return devices.c.reported[("models", self._name)]

    def standing(self, report: Any) -> tuple[Standing, str, str]:
        return _standing(report, self._code)

    def before(self, chosen: Sequence[str]) -> dict[str, Before]:
        query = select(model_assignments, model_releases.c.version_code).join(
            model_releases, model_releases.c.id == model_assignments.c.release_id
        )
        return {
            row.device: {"release": row.release_id, "explicit": row.explicit, "code": row.version_code}
            for some in portions(chosen)
            for row in self._connection.execute(
                query.where(of_devices(model_assignments.c.device, some), model_assignments.c.model == self._name)
            )
        }

    def give(self, chosen: Sequence[str], *, launch: bool, urgent: bool) -> Mapping[str, str]:
        del launch  # a model is not shown
        _set_urgent(self._connection, chosen, self._KIND, self._name, self._release if urgent else None)
        return self._bulk.assign_model(chosen, self._release)

    def give_back(self, chosen: Mapping[str, Before]) -> None:
        for before, some in _alike(chosen):
            if before is None:
                self._bulk.unassign_model(some, self._name)
            else:
                self._bulk.assign_model(some, before["release"], before["explicit"])


class RuntimeSubject:
    """A runtime of microcontrollers."""

    def __init__(self, connection: Connection, version: str) -> None:
        self._connection, self._version = connection, version
        self._bulk = Registry(connection).bulk

    def assigned(self) -> Assigned:
        on = runtime_assignments.c.device == devices.c.id
        return Assigned(runtime_assignments, on, runtime_assignments.c.version)

    def reported(self) -> ColumnElement[Any]:
        return devices.c.reported

    def standing(self, report: Any) -> tuple[Standing, str, str]:
        if not isinstance(report, Mapping):
            return "other", "", ""
        if report.get("runtime") == self._version:
            return "there", "", ""
        error = report.get("runtime_error")
        return ("failed", str(error), "") if error else ("other", "", "")

    def before(self, chosen: Sequence[str]) -> dict[str, Before]:
        query = select(runtime_assignments)
        return {
            row.device: {"version": row.version}
            for some in portions(chosen)
            for row in self._connection.execute(query.where(of_devices(runtime_assignments.c.device, some)))
        }

    def give(self, chosen: Sequence[str], *, launch: bool, urgent: bool) -> Mapping[str, str]:
        del launch, urgent  # a microcontroller takes its runtime at once
        return self._bulk.assign_runtime(chosen, self._version)

    def give_back(self, chosen: Mapping[str, Before]) -> None:
        for before, some in _alike(chosen):
            if before is None:
                self._bulk.unassign_runtime(some)
            else:
                self._bulk.assign_runtime(some, before["version"])


def _standing(report: Any, code: int) -> tuple[Standing, str, str]:
    """What a report of a program or a model, as it lies in the database, says of a version."""
    if not isinstance(report, Mapping):
        return "other", "", ""
    phase, has = report.get("phase"), report.get("version_code")
    if phase == "built-in" and isinstance(has, int) and has >= code:
        return "there", "", ""
    if has != code:
        return "other", "", ""
    if phase in ("installed", "running"):
        return "there", "", ""
    cause = str(report.get("cause") or "")
    if phase not in ("failed", "rolled-back") or cause == "unreachable":
        return "coming", "", cause
    return "failed", str(report.get("error") or "it does not say why"), cause


def _alike(chosen: Mapping[str, Before]) -> list[tuple[Before, list[str]]]:
    """The devices, by what they had before."""
    groups: dict[str, list[str]] = defaultdict(list)
    for device, before in chosen.items():
        groups[json.dumps(before, sort_keys=True)].append(device)
    return [(json.loads(text), sorted(some)) for text, some in sorted(groups.items())]


def _set_urgent(connection: Connection, chosen: Sequence[str], kind: str, name: str, release: int | None) -> None:
    for some in portions(chosen):
        here = (urgent_targets.c.kind == kind, urgent_targets.c.subject == name)
        connection.execute(delete(urgent_targets).where(of_devices(urgent_targets.c.device, some), *here))
        if release is not None:
            values = {"kind": kind, "subject": name, "release_id": release}
            connection.execute(insert(urgent_targets), [{"device": device, **values} for device in some])


def _code(version: str | int | None) -> int | None:
    if version is None or (isinstance(version, int) and 0 <= version <= MAX_INTEGER):
        return version
    text = str(version)
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > MAX_INTEGER:
        raise FleetError(f"the version {text[:40]!r} is no version code, which is a whole number")
    return int(text)
