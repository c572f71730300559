"""``GET /api/openapi.json``: the description of the API that answers it."""

from typing import Any

from aiohttp import web

from firmware_tools.fleet.openapi.document import document
from firmware_tools.fleet.openapi.operation import operation


class OpenApi:
    """The handler; the document is made when it is asked for first, when all routes are there."""

    def __init__(self) -> None:
        self._document: dict[str, Any] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Its one route."""
        return [web.get("/api/openapi.json", self.description)]

    @operation("api")
    async def description(self, request: web.Request) -> dict[str, Any]:
        """The API's description, as an OpenAPI 3.1 document."""
        if self._document is None:
            self._document = document(request.app.router.routes())
        return self._document
