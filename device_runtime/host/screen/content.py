"""What screens fetch over HTTP: the page itself, what programs show, and what is to be heard."""

import secrets
from collections import OrderedDict
from pathlib import Path, PurePosixPath

from aiohttp import web

from device_runtime.errors import CygnetError
from device_runtime.host.screen.delegate import ScreenDelegate
from device_runtime.host.screen.http import (
    ELSEWHERE,
    PAGE_TYPES,
    RESOURCE_POLICY,
    RESOURCE_TYPES,
    cached,
    check_origin,
    is_loopback,
    media_type,
    rewrite_style,
)

_KEPT_SPEECHES = 8
_WEB = Path(__file__).parent / "web"


class ScreenContent:
    """The handlers; whoever serves them decides who may ask."""

    def __init__(self, delegate: ScreenDelegate) -> None:
        self._delegate = delegate
        self._speeches: OrderedDict[str, bytes] = OrderedDict()
        self._sounds: dict[str, bytes] = {}
        self._files = {path.relative_to(_WEB).as_posix(): path for path in _WEB.rglob("*") if path.suffix in PAGE_TYPES}

    def routes(self) -> list[web.RouteDef]:
        """Every route of it."""
        return [
            web.get("/", self._index),
            web.get("/web/{path:.+}", self._file),
            web.get("/program/{app_id}/{version}/{path:.+}", self._resource),
            web.get("/media/{app_id}/{version}/{address:.+}", self._media),
            web.get("/speech/{id:[0-9a-f]+}.wav", self._speech),
            web.get("/sound/{id:[0-9a-f]+}.wav", self._sound),
            web.post("/privacy/copy", self._privacy_copy),
        ]

    def keep_speech(self, wav: bytes) -> str:
        """Where this answer can be heard, until some more have come."""
        name = secrets.token_hex(8)
        self._speeches[name] = wav
        while len(self._speeches) > _KEPT_SPEECHES:
            self._speeches.popitem(last=False)
        return f"/speech/{name}.wav"

    def keep_sound(self, wav: bytes) -> tuple[str, str]:
        """The name of this sound, and where it can be heard until it is forgotten."""
        name = secrets.token_hex(8)
        self._sounds[name] = wav
        return name, f"/sound/{name}.wav"

    def forget_sound(self, name: str) -> bool:
        """Whether it was known until now."""
        return self._sounds.pop(name, None) is not None

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return cached(request, self._files["index.html"].read_bytes(), "text/html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = self._files.get(request.match_info["path"])
        if path is None:
            raise web.HTTPNotFound(text="The screen has no such file.\n")
        return cached(request, path.read_bytes(), PAGE_TYPES[path.suffix])

    async def _resource(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        content_type = RESOURCE_TYPES.get(PurePosixPath(path).suffix.lower())
        version = request.match_info["version"]
        content = None
        if content_type is not None and ".." not in path.split("/") and "\\" not in path and version.isdecimal():
            content = self._delegate.resource(request.match_info["app_id"], int(version[:12]), path)
        if content is None and content_type == "text/css":
            content = b""  # style is optional, for a program and for each of its pages
        if content_type is None or content is None:
            raise web.HTTPNotFound(text="The program has no such resource.\n")
        if content_type == "text/css":
            content = rewrite_style(content, request.match_info["app_id"], version)
        response = cached(request, content, content_type)
        response.headers["Content-Security-Policy"] = RESOURCE_POLICY
        return response

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """What a program shows from its own files or from a server; the delegate asks whether it may."""
        address = request.match_info["address"]
        content = None
        if address.startswith(("wxfile://", "bdfile://", "http://", "https://")):
            content = await self._delegate.media(request.match_info["app_id"], address)
        content_type = media_type(content) if content is not None else None
        if content is None or content_type is None:
            raise web.HTTPNotFound(text="The program has no such picture, sound or font.\n")
        response = cached(request, content, content_type)
        response.headers["Content-Security-Policy"] = RESOURCE_POLICY
        return response

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        wav = self._speeches.get(request.match_info["id"])
        if wav is None:
            raise web.HTTPNotFound(text="This answer is no longer kept.\n")
        return web.Response(body=wav, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        wav = self._sounds.get(request.match_info["id"])
        if wav is None:
            raise web.HTTPNotFound(text="This sound has ended.\n")
        return web.Response(body=wav, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def _privacy_copy(self, request: web.Request) -> web.StreamResponse:
        """What the owner takes along. A page of another site cannot ask for it, and neither can a screen elsewhere."""
        check_origin(request)
        if not is_loopback(request.remote):
            raise web.HTTPForbidden(text=f"{ELSEWHERE}\n")
        try:
            content = await self._delegate.privacy_copy()
        except CygnetError as error:
            raise web.HTTPConflict(text=f"{error}\n") from error
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="privacy.json"'}
        return web.Response(body=content, content_type="application/json", headers=headers)
