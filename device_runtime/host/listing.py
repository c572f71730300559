"""What is installed on a device and what it may do, for its owner: read from the disk, whether the device runs or not.

Nothing is verified and nothing is changed here: a device verifies each package again before it runs it, and another
:class:`~device_runtime.program.store.ProgramStore` beside a running one would sweep away what is being installed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.package import read_package_file
from device_runtime.sealed.archive import read_archive


@dataclass(frozen=True, slots=True)
class InstalledManifest:
    """A program as its owner sees it: its manifest, or the sentence why that cannot be read."""

    app_id: str
    manifest: Manifest | None
    fault: str = ""


def read_installed(state: Path) -> list[InstalledManifest]:
    """The programs in the state directory of a device, by id.

    Raises:
        CygnetError: there is no device's memory, or its list of programs is unreadable.
    """
    folder = state / "programs"
    if not folder.is_dir():
        raise CygnetError(f"no device has run in {state}; name its directory with --state")
    try:
        index = json.loads((folder / "installed.json").read_bytes())
        files = {str(app_id): f"{entry['sha256']}.ma" for app_id, entry in index.items()}
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CygnetError(f"{folder / 'installed.json'} cannot be read: {error}") from error
    return [_read(app_id, folder / "packages" / file) for app_id, file in sorted(files.items())]


def _read(app_id: str, path: Path) -> InstalledManifest:
    try:
        return InstalledManifest(
            app_id, parse_manifest(read_archive(read_package_file(path)).get("manifest.json", b""))
        )
    except CygnetError as error:
        return InstalledManifest(app_id, None, str(error))


def describe(program: InstalledManifest) -> list[str]:
    """One program in lines for its owner: name, what it asks for and why, the servers that it may reach."""
    manifest = program.manifest
    if manifest is None:
        return [program.app_id, f"  damaged: {program.fault}"]
    lines = [f"{manifest.name} {manifest.version.name} ({program.app_id})"]
    # Without the permission the declared origins are worth nothing, and without origins the permission is.
    asks = manifest.permissions.get("request")
    servers = [*manifest.request_domains, *manifest.socket_domains]
    if asks and servers:
        lines.append(f"  may reach: {', '.join(servers)}{f' ({asks.reason})' if asks.reason else ''}")
    else:
        lines.append("  may reach: no server")
    lines += [
        f"  asks for: {permission.name}{f' ({permission.reason})' if permission.reason else ''}"
        for permission in manifest.permissions.values()
        if permission.name != "request"
    ]
    lines.append(f"  can be spoken to: {'yes' if manifest.voice.intents else 'no'}")
    return lines
