"""``[access]`` in ``fleet.toml``: which proxies are believed, and how long people stay signed in."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_tools.fleet.errors import FleetError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NUMBERS = {
    # member: default, least, most
    "idle_minutes": (60, 1, 10_080),
    "session_hours": (12, 1, 720),
    "token_days": (90, 1, 3650),
    "sign_seconds": (2, 1, 3600),
}


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """A checked table.

    Attributes:
        proxies: whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
        idle_minutes: after so long without a request a session ends.
        session_hours: after so long it ends whatever happens.
        token_days: the longest that a token may be good for.
        sign_seconds: how often the head of the audit log is signed when it grows.
    """

    proxies: tuple[Network, ...] = ()
    idle_minutes: int = 60
    session_hours: int = 12
    token_days: int = 90
    sign_seconds: int = 2

    def trusts(self, address: str) -> bool:
        """Whether ``address`` is that of a proxy."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.proxies)


def access_settings(table: dict[str, Any], path: Path) -> AccessSettings:
    """Check the table of the file ``path``.

    Raises:
        FleetError: a member is unknown or wrong.
    """
    known = {"proxies", *_NUMBERS}
    if unknown := sorted(table.keys() - known):
        expected = ", ".join(sorted(known))
        raise FleetError(f"{path}: access.{unknown[0]} is not a member of this file; known here are: {expected}")
    numbers = {}
    for name, (default, low, high) in _NUMBERS.items():
        value = table.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise FleetError(f"{path}: access.{name} must be a whole number from {low} to {high}")
        numbers[name] = value
    return AccessSettings(_proxies(table.get("proxies", []), path), **numbers)


def _proxies(value: object, path: Path) -> tuple[Network, ...]:
    wanted = f'{path}: access.proxies must be a list of addresses or networks, such as ["127.0.0.1", "10.1.0.0/24"]'
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FleetError(wanted)
    try:
        return tuple(ipaddress.ip_network(item) for item in value)
    except ValueError as error:
        raise FleetError(f"{wanted} ({error})") from error
