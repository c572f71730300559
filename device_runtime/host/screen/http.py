"""What protects the screen over HTTP: known host names, own origin only, and a strict content policy.

Sources: Content Security Policy Level 3, https://www.w3.org/TR/CSP3/; DNS rebinding and cross-site WebSocket
hijacking as in the OWASP Testing Guide.
"""

import hashlib
import ipaddress
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Passive media only: a script or a document in a package must never run as a part of this origin.
RESOURCE_TYPES = {
    ".css": "text/css",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_PAGE_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip
RESOURCE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def host_name(netloc: str) -> str:
    """The name of ``name:port``, lower case and without the brackets of an IPv6 address; empty if malformed."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Is this a literal IP address, and not a name?"""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(address: str | None) -> bool:
    """Is this an address of this very machine?"""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def check_origin(request: web.Request) -> None:
    """Let no page of another site open a WebSocket, and no program outside of this machine that hides its origin.

    Raises:
        aiohttp.web.HTTPForbidden: with a sentence that says why.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        if not is_loopback(request.remote):
            raise web.HTTPForbidden(text="A program outside this machine must send an Origin header.\n")
        return
    scheme, _, authority = origin.partition("://")
    if scheme not in ("http", "https") or authority.lower() != request.headers.get("Host", "").lower():
        raise web.HTTPForbidden(text="A page of another site may not connect to this device.\n")


def add_headers(response: web.StreamResponse) -> None:
    """The headers of every answer; a handler may have set a policy of its own."""
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=(), usb=(), serial=()"


def cached(request: web.Request, content: bytes, content_type: str) -> web.Response:
    """An answer that the browser keeps and asks about again: a reinstalled program must not show old files."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=content, content_type=content_type, charset=charset, headers=headers)
