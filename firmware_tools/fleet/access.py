"""Who may talk to the API: the holder of the operator token, from a page that this server itself served."""

import hmac
import ipaddress
from urllib.parse import SplitResult, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from device_runtime.errors import CygnetError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.screen.frame_routes import PREFIX as FRAME

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def access_control(token: str, names: frozenset[str]) -> Middleware:
    """A middleware that refuses foreign hosts, foreign origins, and API calls without the token.

    ``names`` are the host names (beside ``localhost`` and any literal address) under which browsers reach us: a
    page of somewhere else that lets its own name point here (DNS rebinding) carries another one.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _check_host(request, names)
            if request.path.startswith("/api/"):
                _check_token(request, token)
            return await handler(request)
        except FleetError as error:
            return web.json_response({"error": str(error)}, status=error.status)
        except CygnetError as error:
            return web.json_response({"error": str(error)}, status=400)
        except web.HTTPException as error:
            if request.path.startswith("/api/"):
                return web.json_response(
                    {"error": f"{error.reason}: {request.method} {request.path}"}, status=error.status
                )
            raise

    return check


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every response, before it starts."""
    del request
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _check_host(request: web.Request, names: frozenset[str]) -> None:
    host = request.headers.get("Host", "")
    name = (_split(f"//{host}").hostname or "").lower()
    if name != "localhost" and name not in names and not _is_address(name):
        raise FleetError(f"the host {host[:100]!r} is not one of this fleet's; add it to http.hosts in fleet.toml", 403)
    origin = request.headers.get("Origin")
    if request.path.startswith(FRAME):
        return  # the same for everybody; the sandbox that loads it has no origin
    if origin is not None and _split(origin).netloc.lower() != host.lower():
        raise FleetError("a page of another origin may not use this fleet", 403)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _check_token(request: web.Request, token: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise FleetError("the operator token is missing or wrong; it is in operator.token in the fleet's home", 401)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
