"""Every route of the API, and what its handlers are made of."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from firmware_tools.fleet.access.api import AccessApi
from firmware_tools.fleet.access.control import AccessControl
from firmware_tools.fleet.audit.api import AuditApi
from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.browsing import BrowsingApi
from firmware_tools.fleet.connections import FleetConnections
from firmware_tools.fleet.events.api import TelemetryApi
from firmware_tools.fleet.identity.api import IdentityApi
from firmware_tools.fleet.openapi.api import OpenApi
from firmware_tools.fleet.openapi.document import document
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.privacy.api import PrivacyApi
from firmware_tools.fleet.privacy.desk import ErasureDesk
from firmware_tools.fleet.rollouts.api import RolloutApi
from firmware_tools.fleet.rollouts.operations import RolloutOperations
from firmware_tools.fleet.screen.api import ScreenApi
from firmware_tools.fleet.screen.views import ScreenViews
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.settings.api import SettingsApi
from firmware_tools.fleet.traffic.api import TrafficApi
from firmware_tools.fleet.trust.api import TrustApi
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.web import FleetApi
from firmware_tools.fleet.workers.crew import Crew


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a fleet that the API's handlers use."""

    service: FleetService
    operations: Operations
    transport: FleetConnections
    rollouts: RolloutOperations
    control: AccessControl
    audit: AuditKeeper
    crew: Crew | None
    identities: IdentityApi
    trust: TrustKeeper
    views: ScreenViews
    erasures: ErasureDesk


def make_routes(parts: Parts) -> list[web.RouteDef]:
    """Every route. None of the parts is asked for anything before a request comes."""
    return [
        *FleetApi(parts.service, parts.operations, parts.transport, parts.crew).routes(),
        *TelemetryApi(parts.service).routes(),
        *RolloutApi(parts.rollouts).routes(),
        *SettingsApi(parts.service).routes(),
        *AccessApi(parts.control).routes(),
        *AuditApi(parts.service, parts.audit).routes(),
        *parts.identities.routes(),
        *TrustApi(parts.service, parts.trust).routes(),
        *BrowsingApi(parts.service).routes(),
        *TrafficApi(parts.service).routes(),
        *ScreenApi(parts.service, parts.views).routes(),
        *PrivacyApi(parts.service, parts.erasures).routes(),
        *OpenApi().routes(),
    ]


def routes_without_fleet() -> list[web.RouteDef]:
    """Every route, to be looked at: nobody may call what they lead to."""
    nothing: Any = None
    identities = IdentityApi(nothing, nothing, nothing, nothing)
    parts = Parts(nothing, nothing, nothing, nothing, nothing, nothing, nothing, identities, nothing, nothing, nothing)
    return make_routes(parts)


def describe_api() -> dict[str, Any]:
    """The OpenAPI document of the API as this cygnet serves it, without a fleet."""
    application = web.Application()
    application.add_routes(routes_without_fleet())
    return document(application.router.routes())
