"""The document in which an operator's page draws the screen of a device: a sandbox of an origin of its own.

It is drawn by the screen's own code out of ``device_runtime``. These files are the same for everybody and hold nothing
of a fleet, so they are served to whoever asks, also to the sandbox, whose requests come from no origin that has a name.
"""

from pathlib import Path

from aiohttp import web

import device_runtime.host.screen

PREFIX = "/screen/"
_FRAME = Path(__file__).parent / "frame"
_DEVICE = Path(device_runtime.host.screen.__file__).parent / "web"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = "; ".join((
    "sandbox allow-scripts",
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip


def frame_routes() -> list[web.RouteDef]:
    """Every file of the sandbox, below :data:`PREFIX`."""
    files = {path.name: path for path in _FRAME.iterdir() if path.suffix in _TYPES}
    files |= {
        f"device/{path.relative_to(_DEVICE).as_posix()}": path
        for path in _DEVICE.rglob("*")
        if path.suffix in _TYPES and path.name not in ("index.html", "main.js")
    }
    return [_file(f"{PREFIX}{name}", path) for name, path in sorted(files.items())]


def _file(route: str, path: Path) -> web.RouteDef:
    content = path.read_bytes()
    headers = {
        "Content-Security-Policy": _POLICY,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "no-cache",
    }

    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=_TYPES[path.suffix], charset="utf-8", headers=headers)

    return web.get(route, send)
