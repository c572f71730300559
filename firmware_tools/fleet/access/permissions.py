"""The one table of what each route of the API needs, and what of it goes into the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmware_tools.fleet.access.identity import Role
from firmware_tools.fleet.rollouts.options import MEMBERS


@dataclass(frozen=True, slots=True)
class Rule:
    """Of one route.

    Attributes:
        role: the least that may call it; None: whoever comes.
        action: what the audit log calls it; empty for what only reads. ``{names}`` are members of the path.
        subject: to what it is done: members of the path, or of the body or query where the path has none of that name.
        recorded: members of the body and the query that go into the audit log. No others do.
        own: an account may call it for itself, whatever its role.
        lasting: it goes on for as long as who calls it stays signed in.
    """

    role: Role | None
    action: str = ""
    subject: str = ""
    recorded: tuple[str, ...] = ()
    own: bool = False
    lasting: bool = False


def _reads(role: Role = "viewer", *, own: bool = False, lasting: bool = False) -> Rule:
    return Rule(role, own=own, lasting=lasting)


def _changes(action: str, subject: str, *recorded: str, role: Role = "operator", own: bool = False) -> Rule:
    return Rule(role, action, subject, recorded, own)


RULES: Final[Mapping[tuple[str, str], Rule]] = {
    # Signing in
    ("POST", "/api/session"): Rule(None, "session.begin"),
    ("GET", "/api/session"): _reads(),
    ("DELETE", "/api/session"): Rule("viewer", "session.end"),
    # Accounts
    ("GET", "/api/operators"): _reads("admin"),
    ("POST", "/api/operators"): _changes("operator.create", "{name}", "role", role="admin"),
    ("PATCH", "/api/operators/{name}"): _changes(
        "operator.change", "{name}", "role", "disabled", role="admin", own=True
    ),
    ("DELETE", "/api/operators/{name}"): _changes("operator.remove", "{name}", role="admin"),
    ("GET", "/api/operators/{name}/tokens"): _reads("admin", own=True),
    ("POST", "/api/operators/{name}/tokens"): _changes("token.create", "{name}", "days", role="admin", own=True),
    ("DELETE", "/api/operators/{name}/tokens/{id}"): _changes("token.revoke", "{name}/{id}", role="admin", own=True),
    # Audit log
    ("GET", "/api/audit"): _reads(),
    ("GET", "/api/audit/verify"): _reads(),
    ("GET", "/api/audit/export"): _reads(),
    # Devices
    ("GET", "/api/fleet"): _reads(),
    ("GET", "/api/live"): _reads(lasting=True),
    ("GET", "/api/openapi.json"): _reads(),
    ("GET", "/api/devices"): _reads(),
    ("POST", "/api/devices"): _changes("device.enroll", "{device}", "name", "mac"),
    ("GET", "/api/devices/{device}"): _reads(),
    ("GET", "/api/devices/{device}/memberships"): _reads(),
    ("GET", "/api/devices/{device}/traffic"): _reads(),
    ("GET", "/api/overview"): _reads(),
    ("GET", "/api/overview/devices"): _reads(),
    ("PATCH", "/api/devices/{device}/tags"): _changes("device.tag", "{device}", "add", "remove"),
    ("PUT", "/api/devices/{device}/programs/{app_id}"): _changes(
        "program.assign", "{device}/{app_id}", "version_code", "launch"
    ),
    ("DELETE", "/api/devices/{device}/programs/{app_id}"): _changes("program.unassign", "{device}/{app_id}"),
    ("PUT", "/api/devices/{device}/models/{model}"): _changes("model.assign", "{device}/{model}", "version_code"),
    ("DELETE", "/api/devices/{device}/models/{model}"): _changes("model.unassign", "{device}/{model}"),
    ("PUT", "/api/devices/{device}/runtime"): _changes("runtime.assign", "{device}", "version"),
    ("DELETE", "/api/devices/{device}/runtime"): _changes("runtime.unassign", "{device}"),
    ("PUT", "/api/devices/{device}/settings/{settings}"): _changes(
        "settings.assign", "{device}/{settings}", "version_code"
    ),
    ("DELETE", "/api/devices/{device}/settings/{settings}"): _changes("settings.unassign", "{device}/{settings}"),
    ("POST", "/api/devices/{device}/screen"): _changes("screen.ask", "{device}", "by"),
    ("GET", "/api/devices/{device}/screen"): _reads("operator", lasting=True),
    ("DELETE", "/api/devices/{device}/screen"): _changes("screen.end", "{device}"),
    # Decisions about data, and erasures
    ("GET", "/api/devices/{device}/privacy"): _reads(),
    ("GET", "/api/devices/{device}/privacy/points"): _reads(),
    ("GET", "/api/devices/{device}/privacy/export"): _reads(),
    ("POST", "/api/devices/{device}/privacy/erase"): _changes("privacy.erase", "{device}", "app_id", role="admin"),
    ("GET", "/api/programs/{app_id}/privacy"): _reads(),
    # Releases
    ("GET", "/api/releases"): _reads(),
    ("POST", "/api/releases"): _changes("release.publish", "{name}"),
    ("GET", "/api/models"): _reads(),
    ("POST", "/api/models"): _changes("model.publish", "{name}"),
    ("GET", "/api/settings"): _reads(),
    ("POST", "/api/settings"): _changes("settings.publish", "{name}", "values"),
    ("GET", "/api/runtimes"): _reads(),
    ("POST", "/api/runtimes"): _changes("runtime.publish", "{name}"),
    # Groups and rollouts
    ("GET", "/api/groups"): _reads(),
    ("POST", "/api/groups"): _changes("group.create", "{name}", "query", "devices", "description"),
    ("GET", "/api/groups/{group}"): _reads(),
    ("PATCH", "/api/groups/{group}"): _changes("group.change", "{group}", "query", "add", "remove", "description"),
    ("DELETE", "/api/groups/{group}"): _changes("group.delete", "{group}"),
    ("GET", "/api/query"): _reads(),
    ("GET", "/api/tags"): _reads(),
    ("GET", "/api/rollouts"): _reads(),
    ("POST", "/api/rollouts"): _changes("rollout.create", "{subject}", "kind", "version", "name", "by", *MEMBERS),
    ("POST", "/api/rollouts/stop"): _changes("rollout.stop", "", "by", "reason", "lift"),
    ("GET", "/api/rollouts/{rollout}"): _reads(),
    ("GET", "/api/rollouts/{rollout}/devices"): _reads(),
    ("POST", "/api/rollouts/{rollout}/{verb}"): _changes(
        "rollout.{verb}", "{rollout}", "by", "reason", "now", "roll_back"
    ),
    # Telemetry
    ("GET", "/api/telemetry"): _reads(),
    ("GET", "/api/telemetry/rates"): _reads(),
    ("GET", "/api/telemetry/sums"): _reads(),
    ("GET", "/api/telemetry/counts"): _reads(),
    ("GET", "/api/telemetry/losses"): _reads(),
    ("GET", "/api/telemetry/export"): _reads(),
    # Identity of devices, and trust
    ("GET", "/api/claims"): _reads("admin"),
    ("POST", "/api/claims"): _changes("claim.create", "{device}", "count", "tags", "days", role="admin"),
    ("DELETE", "/api/claims/{id}"): _changes("claim.revoke", "{id}", role="admin"),
    ("GET", "/api/identity"): _reads(),
    ("GET", "/api/devices/{device}/certificates"): _reads(),
    ("POST", "/api/devices/{device}/certificates/revoke"): _changes(
        "identity.revoke", "{device}", "reason", role="admin"
    ),
    ("GET", "/api/trust"): _reads(),
}

UNKNOWN: Final = Rule("admin", "unknown", "")
"""Of a route that the table forgot: nobody gets more by that than an admin has."""


def rule_of(method: str, pattern: str) -> Rule:
    """The rule of a route by its method and aiohttp's canonical pattern; HEAD is as GET."""
    return RULES.get(("GET" if method == "HEAD" else method, pattern), UNKNOWN)
