"""A program over the cable: the entries of its package that a board uses, and the record that says it is current."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from device_runtime.micro.sync.programs import Programs
from device_runtime.micro.sync.switching import switch
from device_runtime.micro.sync.update import _is_used
from device_runtime.program.archive import read_archive
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.package import DIGESTS, SIGNATURE
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Plan, plan_delivery
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import PROGRAMS_RECORD, look_at

_FOLDER = "/cygnet/programs"


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """A program on its way to a board."""

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
        ProvisionError: it is no program for a microcontroller, or the board refused it.
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
        if entry not in {DIGESTS, SIGNATURE} and _is_used(entry, len(data))
    }
    held = look_at(board)
    if held.identity is None:
        raise ProvisionError(f"the board on {board.port} is no device yet; run `cygnet board provision` first")
    target = {
        "sha256": digest,
        "size": len(package),
        "version_code": manifest.version.code,
        "version_name": manifest.version.name,
    }
    files |= _records(
        {path: data for path, data in held.files.items() if path.startswith(PROGRAMS_RECORD)}, manifest.app_id, target
    )
    plan = plan_delivery(board, files, [folder])
    return ProgramPlan(plan, manifest.app_id, manifest.name, manifest.version.name)


def _language(manifest: Manifest) -> str:
    ours = manifest.document.get("cygnet")
    return str(ours.get("language", "")) if isinstance(ours, dict) else ""


def _records(held: dict[str, bytes], app_id: str, target: dict[str, object]) -> dict[str, bytes]:
    """The record as the board's own code would write it."""
    with tempfile.TemporaryDirectory(prefix="cygnet-programs-") as folder:
        for path, data in held.items():
            _there(folder, path).write_bytes(data)
        Path(folder, "cygnet").mkdir(exist_ok=True)
        programs = Programs(f"{folder}/")
        current = programs.current(app_id)
        if current and current["sha256"] == target["sha256"] and programs.front == app_id:
            return held
        programs.front = app_id
        switch(programs, app_id, target)
        names = (PROGRAMS_RECORD, PROGRAMS_RECORD + ".new")
        return {name: _there(folder, name).read_bytes() for name in names if _there(folder, name).exists()}


def _there(folder: str, path: str) -> Path:
    there = Path(folder, path.lstrip("/"))
    there.parent.mkdir(parents=True, exist_ok=True)
    return there
