"""Whatever goes wrong with a request of the API leaves as JSON with one sentence, and with the headers that HTTP asks
for: ``Allow`` with 405 (RFC 9110, 15.5.6), ``WWW-Authenticate`` with 401 (15.5.2)."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger(__name__)


@web.middleware
async def answer_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware: it lets no failure through that a client could not read."""
    try:
        response = await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception:
        if not request.path.startswith("/api/"):
            raise
        log.exception("%s %s failed", request.method, request.path)
        text = "the fleet has a fault: what was asked may not have happened; its log says more"
        return web.json_response({"error": text}, status=500)
    if response.prepared:
        return response
    refused = request.match_info.http_exception
    if response.status == 405 and isinstance(refused, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(refused.allowed_methods))
    if response.status == 401:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="cygnet fleet"')
    return response
