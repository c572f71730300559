"""Which installed program a link means (W3C MiniApp Addressing, section "Dereferencing")."""

from collections.abc import Iterable

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import Manifest
from device_runtime.program.uri import MiniAppUri


class LinkError(CygnetError):
    """The link leads nowhere on this device; the message says why."""


def find_program(uri: MiniAppUri, installed: Iterable[Manifest]) -> Manifest:
    """The program that a link means. Programs come to a device through its fleet or its owner alone, so a link brings
    none, and cannot ask for another version than the one that is here.

    Raises:
        LinkError: no program has that id, or several but for capitals, or it is here in another version.
    """
    named = [manifest for manifest in installed if uri.names(manifest.app_id)]
    exact = [manifest for manifest in named if manifest.app_id == uri.id]
    if not named:
        raise LinkError(f"the program {uri.id} is not installed on this device")
    if len(named) > 1 and not exact:
        raise LinkError(
            f"{uri.id} may be {' or '.join(sorted(manifest.app_id for manifest in named))}; write it with its capitals"
        )
    manifest = (exact or named)[0]
    if not uri.accepts(manifest.version.name):
        raise LinkError(
            f"the link asks for version {uri.version} of {manifest.name} ({manifest.app_id}), "
            f"and this device has {manifest.version.name}"
        )
    return manifest
