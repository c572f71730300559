"""From where a request comes: by what name, from a page of what origin, over which proxy."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from firmware_tools.fleet.access.settings import AccessSettings
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.screen.frame_routes import PREFIX as FRAME


@dataclass(frozen=True, slots=True)
class Caller:
    """``address`` of who calls, and whether they came by ``https``; both as the proxies that are believed say."""

    address: str
    https: bool


def check_host(request: web.Request, names: frozenset[str]) -> None:
    """Refuse a request under a foreign name, or from a page of another origin.

    Raises:
        FleetError: so it is.
    """
    host = request.headers.get("Host", "")
    name = (_split(f"//{host}").hostname or "").lower()
    if name != "localhost" and name not in names and not _is_address(name):
        raise FleetError(f"the host {host[:100]!r} is not one of this fleet's; add it to http.hosts in fleet.toml", 403)
    origin = request.headers.get("Origin")
    if request.path.startswith(FRAME):
        return  # the same for everybody; the sandbox that loads it has no origin
    if origin is not None and _split(origin).netloc.lower() != host.lower():
        raise FleetError("a page of another origin may not use this fleet", 403)


def require_origin(request: web.Request) -> None:
    """Refuse a request that changes something and carries no ``Origin``: browsers send it with each of these, so a
    cookie then comes from our own page (:func:`check_host` has compared the two).

    Raises:
        FleetError: there is none.
    """
    if "Origin" not in request.headers:
        raise FleetError(
            "a request that changes something needs a bearer token, or the Origin of the fleet's page", 403
        )


def caller(request: web.Request, settings: AccessSettings) -> Caller:
    """Who calls. A header counts only where the one before it in the chain is a proxy of ``access.proxies``."""
    address, https = request.remote or "", False
    if settings.trusts(address):
        https = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower() == "https"
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        for hop in reversed([hop.strip() for hop in hops]):
            if not _is_address(hop):
                break
            address = hop
            if not settings.trusts(address):
                break
    return Caller(address, https)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
