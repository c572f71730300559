"""A program over the cable: the entries of its package that a board uses, and the record that says it is current.

What came over the cable is the board's own (``local``): it runs also where there is no fleet yet, and until the fleet
names the same program, or :func:`plan_removal` takes it away.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device_runtime.micro.records import read_record, write_record
from device_runtime.micro.sync.programs import Programs
from device_runtime.micro.sync.slots import SAFE_AFTER
from device_runtime.micro.sync.switching import MOST_STARTS, switch
from device_runtime.micro.sync.update import is_used
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.package import DIGESTS, SIGNATURE
from device_runtime.sealed.archive import read_archive
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Plan, plan_delivery
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import BOOT_RECORD, DESIRED_RECORD, PROGRAMS_RECORD, Held, look_at
from firmware_tools.provision.identity import Identity
from firmware_tools.provision.privacy import forgotten
from firmware_tools.provision.rewriting import rewritten
from firmware_tools.provision.rom import readable

_FOLDER = "/cygnet/programs"


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """A program on its way to a board, or (``version`` is empty) away from it."""

    plan: Plan
    app_id: str
    name: str
    version: str


def plan_program(board: BoardConnection, package: bytes, name: str) -> ProgramPlan:
    """Compare a board with what it has when the package is installed on it, on trial like one from the fleet.

    The cable is trusted: whoever holds it can write the fleet's key, too.

    Args:
        board: at its prompt.
        package: bytes of a ``.ma`` file.
        name: what messages call it.

    Raises:
        ProvisionError: it is no program for a microcontroller, the fleet wants another version of it there, or the
            board refused it.
        CygnetError: it is no package.
    """
    board.require("programs")
    entries = read_archive(package)
    manifest = parse_manifest(entries.get("manifest.json", b""))
    if _language(manifest) != "python":
        raise ProvisionError(f"{name} is written in JavaScript; a microcontroller runs programs in Python only")
    digest = hashlib.sha256(package).hexdigest()
    folder = f"{_FOLDER}/{digest[:16]}"
    files = {
        f"{folder}/{entry}": data
        for entry, data in entries.items()
        if entry not in {DIGESTS, SIGNATURE} and is_used(entry, len(data))
    }
    held, identity = _look_at(board)
    app_id = manifest.app_id
    wanted = _wanted(held, identity).get(app_id)
    if wanted is not None and wanted.get("sha256") != digest:
        version = readable(wanted.get("version_name"))
        raise ProvisionError(
            f"fleet {identity.fleet} wants {app_id} {version} on {identity.device} and would put it "
            "back; publish yours and assign it, or take the fleet's away first: "
            f"`cygnet fleet unassign {identity.device} {app_id}`"
        )
    target = {
        "sha256": digest,
        "size": len(package),
        "version_code": manifest.version.code,
        "version_name": manifest.version.name,
        "local": wanted is None,
    }
    files |= _changed(held, PROGRAMS_RECORD, lambda root: _switched(root, app_id, target))
    files |= _changed(held, BOOT_RECORD, _forgive)
    plan = plan_delivery(board, files, [folder])
    return ProgramPlan(plan, app_id, manifest.name, manifest.version.name)


def plan_removal(board: BoardConnection, app_id: str) -> ProgramPlan:
    """Compare a board with what it has when a program is taken away that came over the cable.

    Raises:
        ProvisionError: it has no such program, its fleet wants it there, or the board refused.
    """
    board.require("programs")
    held, identity = _look_at(board)
    record = held.record(PROGRAMS_RECORD) or {}
    app = record.get("apps", {}).get(app_id)
    if app is None:
        there = ", ".join(sorted(record.get("apps", {}))) or "none"
        raise ProvisionError(f"the board on {board.port} has no program {app_id}; it has {there}")
    if app_id in _wanted(held, identity):
        raise ProvisionError(
            f"fleet {identity.fleet} wants {app_id} on {identity.device} and would bring it back; "
            f"run `cygnet fleet unassign {identity.device} {app_id}`"
        )
    files = _changed(held, PROGRAMS_RECORD, lambda root: _forget(root, app_id))
    kept, gone = forgotten(board, app_id)
    folders = [f"{_FOLDER}/{version['folder']}" for version in (app["current"], app["before"]) if version]
    return ProgramPlan(plan_delivery(board, files | kept, folders, gone), app_id, app_id, "")


def _look_at(board: BoardConnection) -> tuple[Held, Identity]:
    held = look_at(board)
    if held.identity is None:
        raise ProvisionError(f"the board on {board.port} is no device yet; run `cygnet board provision` first")
    programs, boot = held.record(PROGRAMS_RECORD) or {}, held.record(BOOT_RECORD) or {}
    if not (_is_sensible(programs) and isinstance(boot.get("starts", 0), int)):
        raise ProvisionError(
            f"what the board on {board.port} remembers of its programs makes no sense; "
            "empty it with `cygnet board flash --erase`, and provision it again"
        )
    return held, held.identity


def _is_sensible(record: dict[str, Any]) -> bool:
    """Whether a board's record of its programs is such as its runtime writes it."""
    apps = record.get("apps", {})
    if not isinstance(apps, dict) or not isinstance(record.get("front", ""), str):
        return False
    for app_id, app in apps.items():
        if not (app_id.isprintable() and isinstance(app, dict) and {"current", "before", "trial"} <= app.keys()):
            return False
        for version in (app["current"], app["before"]):
            if version is not None and not (
                isinstance(version, dict) and isinstance(version.get("folder"), str) and "sha256" in version
            ):
                return False
        if app["current"] is not None and not isinstance(app.get("starting"), int):
            return False
    return True


def _wanted(held: Held, identity: Identity) -> dict[str, Any]:
    """The programs that the board's fleet wants there, as far as the board has heard of it."""
    signed = (held.record(DESIRED_RECORD) or {}).get("signed")
    if not isinstance(signed, dict) or (signed.get("fleet"), signed.get("device")) != (identity.fleet, identity.device):
        return {}
    programs = signed.get("programs", {})
    if not isinstance(programs, dict):
        return {}
    return {app_id: target for app_id, target in programs.items() if isinstance(target, dict)}


def _language(manifest: Manifest) -> str:
    ours = manifest.document.get("cygnet")
    return str(ours.get("language", "")) if isinstance(ours, dict) else ""


def _switched(root: str, app_id: str, target: dict[str, object]) -> None:
    programs = Programs(root)
    app = programs.apps.get(app_id)
    if (
        app
        and app["current"]
        and app["current"]["sha256"] == target["sha256"]
        and app.get("local", False) == target["local"]
        and app["starting"] < MOST_STARTS
        and programs.front == app_id
    ):
        return
    programs.front = app_id
    switch(programs, app_id, target)


def _forget(root: str, app_id: str) -> None:
    programs = Programs(root)
    del programs.apps[app_id]
    if programs.front == app_id:
        programs.front = ""
    programs.save()


def _forgive(root: str) -> None:
    """A board in safe mode starts programs again, since there is another one now."""
    path = root + BOOT_RECORD.lstrip("/")
    boot = read_record(path)
    if boot and boot.get("starts", 0) >= SAFE_AFTER:
        write_record(path, boot | {"starts": 0})


def _changed(held: Held, record: str, change: Callable[[str], None]) -> dict[str, bytes]:
    """The two files of a record after ``change``."""
    files = {name: held.files[name] for name in (record, record + ".new") if name in held.files}
    return rewritten(files, change)
