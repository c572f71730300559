"""What protects the screen over HTTP: known host names, own origin only, and a strict content policy.

Sources: Content Security Policy Level 3, https://www.w3.org/TR/CSP3/; DNS rebinding and cross-site WebSocket
hijacking as in the OWASP Testing Guide.
"""

import hashlib
import ipaddress
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import quote, urlsplit

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
# How a file of passive media begins, for what has no name of ours.
_MEDIA_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO", "font/otf"),
    (0, b"\x00\x01\x00\x00", "font/ttf"),
    (0, b"true", "font/ttf"),
)
ELSEWHERE = (
    "On this screen no copy is saved and nothing is deleted, since anybody in the network can open it. Use the screen "
    "of the device itself, or the command cygnet device privacy there."
)
"""Why a screen that is not on the device itself may do neither."""
_STYLE_ADDRESS = re.compile(
    rb"""url\(\s*(?:"((?:https?:)?//[^"\\]*)"|'((?:https?:)?//[^'\\]*)'|((?:https?:)?//[^\s"'()\\]*))\s*\)""",
    re.IGNORECASE,
)
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


def media_type(content: bytes) -> str | None:
    """The type of passive media, by how it begins; None for everything else."""
    for at, signature, content_type in _MEDIA_SIGNATURES:
        if content.startswith(signature, at):
            return content_type
    return "image/svg+xml" if b"<svg" in content[:1024] else None


def rewrite_style(style: bytes, app_id: str, version: str) -> bytes:
    """A program's style sheet in which addresses of servers go through the device, which asks whether they may."""

    def through_us(match: re.Match[bytes]) -> bytes:
        address = (match[1] or match[2] or match[3]).decode("utf-8", "replace")
        whole = f"https:{address}" if address.startswith("//") else address
        return f'url("{media_path(app_id, version, whole)}")'.encode()

    return _STYLE_ADDRESS.sub(through_us, style)


def media_path(app_id: str, version: str, address: str) -> str:
    """Where a screen finds what a program shows from a server."""
    return f"/media/{quote(app_id, safe='')}/{version}/{quote(address, safe='')}"


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
