"""The API's description: whole, the same everywhere, and what is said of it on its page."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner
from msgspec import Struct

from firmware_tools.cli import cygnet
from firmware_tools.fleet import server
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.live_events import LIVE_EVENTS
from firmware_tools.fleet.openapi.document import document, undescribed_routes
from firmware_tools.fleet.openapi.operation import Done, Link, operation
from firmware_tools.fleet.openapi.page import page
from firmware_tools.fleet.server import describe_api, make_routes
from firmware_tools.fleet.web import make_application
from tests.docs.pages import DOCS


def of_routes(*routes: web.RouteDef) -> web.Application:
    application = web.Application()
    application.add_routes(routes)
    return application


def test_every_route_of_the_api_is_described() -> None:
    nothing: Any = None
    application = of_routes(*make_routes(nothing, nothing, nothing, nothing))
    missing = undescribed_routes(application.router.routes())
    assert not missing, "\n".join(missing)


async def test_a_running_fleet_has_no_route_that_is_not_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[web.Application] = []

    def making(*given: Any) -> web.Application:
        made.append(make_application(*given))
        return made[-1]

    monkeypatch.setattr(server, "make_application", making)
    home = init_home(tmp_path / "fleet", "north", broker="mqtt://127.0.0.1:9", listen="127.0.0.1:0")
    async with server.run_fleet(home) as fleet:
        missing = undescribed_routes(made[0].router.routes())
        assert not missing, "\n".join(missing)
        served = await FleetClient(fleet.url, home.token()).call("GET", "/api/openapi.json")
    assert served == describe_api(), (
        "a route was added elsewhere: put it into make_routes (firmware_tools/fleet/server.py)"
    )


def test_the_page_says_what_the_description_says() -> None:
    assert (DOCS / "api.md").read_text(encoding="utf-8") == page(describe_api()), "run `make api-page` and commit it"


def test_the_command_line_prints_the_description_and_writes_it_to_a_file(tmp_path: Path) -> None:
    shown = CliRunner().invoke(cygnet, ["fleet", "api"])
    CliRunner().invoke(cygnet, ["fleet", "api", "--out", str(tmp_path / "api.json")])
    assert (tmp_path / "api.json").read_text() == shown.output
    assert '"openapi": "3.1.0"' in shown.output
    assert CliRunner().invoke(cygnet, ["fleet", "api", "--markdown"]).output == page(describe_api())
    refused = CliRunner().invoke(cygnet, ["fleet", "api", "--out", str(tmp_path / "no" / "api.json")])
    assert "cannot be written: No such file or directory" in str(refused.exception)


def test_closed_sets_are_enumerations_and_what_may_be_null_says_so() -> None:
    schemas = describe_api()["components"]["schemas"]
    members = schemas["ProgramDocument"]["properties"]
    assert {"in step", "rolled back", "trial"} <= set(members["step"]["enum"])
    assert members["has"]["anyOf"][1:] == [{"type": "null"}]
    assert set(schemas["RolloutDocument"]["properties"]["state"]["enum"]) == {
        *("draft", "running", "approval", "paused", "done", "aborted")
    }
    assert schemas["ProgramReport"]["required"] == sorted(schemas["ProgramReport"]["properties"])
    assert schemas["Enrolled"]["required"] == sorted(schemas["Enrolled"]["properties"].keys() - {"device_key"})


def test_each_type_of_live_event_has_a_schema_of_its_own() -> None:
    described = describe_api()
    stream = described["paths"]["/api/live"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    names = [each["$ref"].rpartition("/")[2] for each in stream["x-itemSchema"]["oneOf"]]
    types = [described["components"]["schemas"][name]["properties"]["type"]["enum"] for name in names]
    assert len(names) == len(LIVE_EVENTS)
    assert ["telemetry"] in types
    assert sorted(types) == sorted({kind[0]: kind for kind in types}.values()), "two events of one type"


class Given(Struct):
    number: int


class Handlers:
    @operation("a", errors={404: "none"})
    async def one(self, request: web.Request, name: str) -> Done:
        """One."""
        del request, name
        return {}

    @operation("a", links=(Link("nowhere", {}),))
    async def linked(self, request: web.Request) -> Done:
        """Linked."""
        del request
        return {}

    async def plain(self, request: web.Request) -> web.Response:
        """Without a description."""
        del request
        return web.Response()

    @operation("a", answer=Done)
    async def own(self, request: web.Request, query: Given) -> web.Response:
        """Makes its response itself."""
        del request, query
        return web.json_response({})


def test_a_route_without_a_description_is_told_what_to_do() -> None:
    (said,) = undescribed_routes(of_routes(web.post("/api/x", Handlers().plain)).router.routes())
    assert "POST /api/x has no description: put @operation(…) over its handler Handlers.plain" in said
    assert "make api-page" in said


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([web.get("/api/x", Handlers().one)], r"takes \['name'\], the path \[\]"),
        ([web.get("/api/{name}/{other}", Handlers().one)], r"the path \['name', 'other'\]"),
        ([web.get("/api/{name}", Handlers().one), web.put("/api/{name}", Handlers().one)], "handlers of one name, one"),
        ([web.get("/api/x", Handlers().linked)], "linked links to nowhere, which is no handler"),
    ],
)
def test_a_description_that_does_not_fit_its_route_is_refused(routes: list[web.RouteDef], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        document(of_routes(*routes).router.routes())


def test_a_handler_that_makes_its_response_itself_names_the_type() -> None:
    described = document(of_routes(web.get("/api/own", Handlers().own)).router.routes())["paths"]["/api/own"]["get"]
    assert described["parameters"] == [
        {"name": "number", "in": "query", "required": True, "schema": {"type": "integer"}}
    ]
    assert described["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Done"
    }
