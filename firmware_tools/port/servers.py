"""The servers and the permissions that a program seems to need, and a ``cygnet.json`` that grants them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from device_runtime.program.manifest import Manifest
from firmware_tools.port.addresses import origin_of
from firmware_tools.port.facts import Address
from firmware_tools.port.findings import Finding, Origin, Place, Severity
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program

_REASONS = {
    "request": "to reach the program's own server",
    "record": "to record what the user says to the program",
}
_SCOPES = {"scope.record": "record"}
_APP_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")
_DECLARE = "declare it in `network` of cygnet.json"


def find_origins(program: Program, declared: Mapping[str, frozenset[str]], places: Places) -> list[Origin]:
    """The servers that a program names. ``declared`` are those of cygnet.json, for ``request`` and ``socket``."""
    found: dict[tuple[str, str], list[tuple[str, Place]]] = defaultdict(list)
    for file, facts in program.scripts.items():
        for address in facts.addresses:
            role, why = _asked_for(address)
            found[address.origin, role].append((why, places.at(file, address.offset)))
    for file, shown in program.shown_addresses():
        for text, offset in shown:
            if origin := origin_of(text):
                found[origin, "request"].append(("shown", places.at(file, offset)))
    asked = {origin for origin, role in found if role != "mention"}
    origins = [
        Origin(
            origin,
            role,
            next(why for why in ("called", "shown", "name", "") if why in {reason for reason, _ in items}),
            origin in declared.get(role, frozenset()),
            tuple(place for _, place in items),
        )
        for (origin, role), items in found.items()
        if role != "mention" or origin not in asked
    ]
    return sorted(origins, key=lambda one: (one.role == "mention", one.role, one.origin))


def _asked_for(address: Address) -> tuple[str, str]:
    if address.role in ("request", "socket"):
        return address.role, "called"
    if address.role == "constant" or address.picture:
        return "request", "name"
    return "mention", ""


_WHY = {
    "called": (Severity.BREAKS, "calls to this server are refused: cygnet.json does not declare it"),
    "shown": (
        Severity.DEGRADED,
        "pictures, sounds and fonts of this server are not shown: cygnet.json does not declare it",
    ),
    "name": (
        Severity.UNCLEAR,
        "this looks like a server that is called or shown; if it is, that is refused: cygnet.json does not declare it",
    ),
}


def origin_findings(origins: list[Origin]) -> Iterator[Finding]:
    """Servers that are named and not declared."""
    for one in origins:
        if one.role == "mention" or one.declared:
            continue
        severity, message = _WHY[one.why]
        if one.origin.startswith(("http://", "ws://")):
            message += "; and without TLS it is reached only where the board allows it"
        yield Finding("server", one.origin, severity, message, f"{_DECLARE}, under `{one.role}`", one.places)


def permission_findings(
    wanted: Mapping[str, list[str]], manifest: Mapping[str, Any], first_places: Mapping[str, tuple[Place, ...]]
) -> Iterator[Finding]:
    """Permissions that the program needs and its cygnet.json does not ask for."""
    asked = {entry.get("name") for entry in manifest.get("permissions") or [] if isinstance(entry, dict)}
    for permission, names in wanted.items():
        if permission not in asked:
            uses = ", ".join(f"`{name}`" for name in names)
            yield Finding(
                "permission", permission, Severity.BREAKS,
                f"cygnet.json does not ask for the permission `{permission}`, so {uses} is refused",
                "ask for it in `permissions` of cygnet.json, with a reason for the owner", first_places[permission],
            )  # fmt: skip


def scope_findings(program: Program, places: Places) -> Iterator[Finding]:
    """Scopes of WeChat and Baidu that stand for nothing here."""
    found: dict[str, list[Place]] = defaultdict(list)
    for file, facts in program.scripts.items():
        for scope, offset in facts.scopes:
            if scope not in _SCOPES:
                found[scope].append(places.at(file, offset))
    for scope, at in found.items():
        yield Finding(
            "api", f"authorize({scope})", Severity.DEGRADED,
            "a board has nothing that this scope stands for: it is denied, as by a user who says no", "", tuple(at),
        )  # fmt: skip


def wanted_permissions(program: Program, by_apis: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Permissions by the names that need them; scopes that are asked for count as well."""
    wanted = {permission: list(names) for permission, names in by_apis.items()}
    for facts in program.scripts.values():
        for scope, _ in facts.scopes:
            if (permission := _SCOPES.get(scope)) is not None:
                wanted.setdefault(permission, [])
                if scope not in wanted[permission]:
                    wanted[permission].append(scope)
    return wanted


def propose_manifest(
    document: Mapping[str, Any], wanted: Mapping[str, list[str]], origins: list[Origin], icon: str
) -> dict[str, Any]:
    """The ``cygnet.json`` that grants what a program seems to need. ``document`` is the manifest that the build makes
    without one."""
    app_id = str(document.get("app_id", ""))
    proposed: dict[str, Any] = {
        "app_id": app_id if _APP_ID.fullmatch(app_id) else "local.program",
        "name": unquote(str(document.get("name", ""))),
        "version": document.get("version") or {"code": 1, "name": "1.0.0"},
    }
    description = str(document.get("description") or "")
    if description and "developers.weixin.qq.com" not in description:  # what WeChat's tool writes into each
        proposed["description"] = description
    if icon:
        proposed["icon"] = icon
    proposed["permissions"] = [
        {"name": permission, "reason": _REASONS.get(permission, f"for {', '.join(names)}")}
        for permission, names in sorted(wanted.items())
    ]
    network = {role: sorted({one.origin for one in origins if one.role == role}) for role in ("request", "socket")}
    if network := {role: listed for role, listed in network.items() if listed}:
        proposed["network"] = network
    return proposed


def declared_origins(manifest: Manifest | None, own: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """What cygnet.json declares, from the built manifest or, where nothing was built, from the file itself."""
    if manifest is not None:
        return {
            "request": frozenset(manifest.request_domains),
            "socket": frozenset(manifest.socket_domains),
        }
    network = own.get("network")
    network = network if isinstance(network, dict) else {}
    return {
        role: frozenset(item for item in network.get(role) or [] if isinstance(item, str))
        for role in ("request", "socket")
    }
