"""Reading what a request to the API wants of the telemetry."""

import math

from aiohttp import web

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.telemetry import MOST_ROWS, TelemetryQuery


def query_of(request: web.Request) -> TelemetryQuery:
    """Which records a request asks for.

    Raises:
        FleetError: a member is wrong.
    """
    limit = number(request, "limit")
    if limit is not None and not 1 <= limit <= MOST_ROWS:
        raise FleetError(f"limit must be 1 to {MOST_ROWS}")
    return TelemetryQuery(
        device=request.query.get("device", ""),
        source=request.query.get("source", ""),
        name=request.query.get("name", ""),
        since=number(request, "since"),
        until=number(request, "until"),
        limit=int(limit or 100),
    )


def number(request: web.Request, name: str) -> float | None:
    """A number of the request's query; None if it is not there.

    Raises:
        FleetError: it is no finite number.
    """
    text = request.query.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FleetError(f"{name} must be a number, not {text[:40]!r}")
    return value
