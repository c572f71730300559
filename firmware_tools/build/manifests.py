"""The manifest that a build makes, checked as a device checks it, with faults told where their author wrote them."""

import json

from device_runtime.program.json_lines import find_line
from device_runtime.program.manifest import Manifest, read_manifest
from device_runtime.program.members import MemberError
from firmware_tools.build.dialects import COPIED_MEMBERS, SourceError, SourceProject


def checked_manifest(project: SourceProject) -> Manifest:
    """The manifest of a program.

    Raises:
        SourceError: a member that stands in ``cygnet.json`` as it is in the manifest breaks its rule; with the line.
        ManifestError: another one does.
    """
    try:
        return read_manifest(project.manifest)
    except MemberError as error:
        match error.path:
            case ("cygnet", str(member), *_) if member in COPIED_MEMBERS and project.own_file is not None:
                text = project.own_file.read_text(encoding="utf-8-sig")
                line = find_line(text, error.path[1:])
                reason = error.reason.replace(f"cygnet.{member}", member)
                raise SourceError(f"{project.own_file}:{line}: {reason}") from error
        raise


def manifest_bytes(project: SourceProject) -> bytes:
    """The manifest as it is packaged."""
    return json.dumps(project.manifest, ensure_ascii=False, sort_keys=True).encode()
