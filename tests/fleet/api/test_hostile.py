"""What nobody means well with: each is refused with the status that says why, in one sentence, and nothing happens."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from device_runtime.sealed.archive import MAX_ARCHIVE_BYTES
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet

MEGABYTE = 2**20
JSON = "application/json"


class Caller:
    """Sends bytes as they are, and reads what comes back."""

    def __init__(self, fleet: RunningFleet, home: FleetHome, session: aiohttp.ClientSession) -> None:
        self._url, self._session = fleet.url, session
        self.token = {"Authorization": f"Bearer {home.token()}"}

    async def __call__(
        self, method: str, path: str, data: Any = None, kind: str | None = JSON, **headers: str
    ) -> tuple[int, Any, Any]:
        sent = {**self.token, **({"Content-Type": kind} if data is not None and kind else {}), **headers}
        skip = {"Content-Type"} if kind is None else None
        url = URL(self._url + path, encoded=True)
        async with self._session.request(method, url, data=data, headers=sent, skip_auto_headers=skip) as response:
            text = await response.text()
            return response.status, response.headers, json.loads(text) if text else None


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker="mqtt://127.0.0.1:9", listen="127.0.0.1:0")


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    """It waits for a broker, which nothing here needs."""
    async with run_fleet(home) as running:
        yield running


@pytest.fixture
async def caller(fleet: RunningFleet, home: FleetHome) -> Any:
    async with aiohttp.ClientSession() as session:
        made = Caller(fleet, home, session)
        assert (await made("POST", "/api/devices", b'{"device": "hall"}'))[0] == 201
        yield made


BODIES: list[tuple[str, bytes, int, str]] = [
    ("no JSON", b"{", 400, "is not JSON"),
    ("nothing but a type", b" ", 400, "is not JSON"),
    ("deep lists", b"[" * 100_000, 400, "is not JSON"),
    ("deep objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "is not JSON"),
    ("another encoding", '{"device": "a"}'.encode("utf-16"), 400, "is not JSON"),
    ("no UTF-8", b'{"device": "a", "name": "\xff"}', 400, "is not JSON"),
    ("a mark of the byte order", b'\xef\xbb\xbf{"device": "a"}', 400, "is not JSON"),
    ("not a number", b'{"device": "a", "name": NaN}', 400, "there is no NaN in it"),
    ("endless", b'{"device": -Infinity}', 400, "there is no -Infinity in it"),
    ("a number beyond all floats", b'{"device": 1e999}', 400, "beyond all that can be computed with: '1e999'"),
    ("a number of 5,000 digits", b'{"device": ' + b"9" * 5000 + b"}", 400, "is not JSON"),
    ("half a character", b'{"device": "a", "name": "\\ud800"}', 400, "holds half a character"),
    ("half a character as a name", b'{"device": "a", "\\udfff": 1}', 400, "holds half a character"),
    ("NUL", b'{"device": "a", "name": "a\\u0000b"}', 400, "holds the character NUL"),
    ("a member twice", b'{"device": "a", "device": "b"}', 400, "'device' stands more than once in an object"),
    ("a member twice, written differently", b'{"device": "a", "d\\u0065vice": "b"}', 400, "stands more than once"),
    ("a foreign member", b'{"device": "a", "__class__": {}}', 400, "'__class__' is not one of them"),
    ("a list", b'["a"]', 400, "must be a JSON object with the members device, name, mac"),
    ("null", b"null", 400, "must be a JSON object"),
    ("null for a text", b'{"device": null}', 400, "device must be a text"),
    ("a number for a truth value", b'{"device": "a", "mac": 0}', 400, "mac must be true or false"),
    ("no id", b'{"device": "Kitchen/1"}', 422, "must be 1 to 64 lower-case letters"),
    ("a line break in a name", b'{"device": "a", "name": "a\\nb"}', 422, "at most 100 printable"),
    ("3 MB", b'{"device": "' + b"a" * 3 * MEGABYTE + b'"}', 413, "is larger than 2097152 bytes"),
]


async def test_a_hostile_body_is_refused_and_nothing_is_enrolled(caller: Caller) -> None:
    for name, data, status, sentence in BODIES:
        answered, _, said = await caller("POST", "/api/devices", data)
        assert answered == status, (name, said)
        assert sentence in said["error"], name
        assert len(said["error"]) < 300, name
        assert "\n" not in said["error"], name
    _, _, found = await caller("GET", "/api/devices")
    assert [device["id"] for device in found["devices"]] == ["hall"]


async def test_a_body_is_json_by_its_type_too(caller: Caller) -> None:
    body = b'{"device": "a"}'
    for kind in (
        *(
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
            "text/json",
            "application/xml",
        ),
        *("application/json; charset=latin-1", "application/json;charset=utf-16", "json", None),
    ):
        status, _, said = await caller("POST", "/api/devices", body, kind)
        assert (status, said["error"]) == (
            415,
            "the request's body must be JSON in UTF-8, and its Content-Type application/json",
        ), kind
    assert (await caller("POST", "/api/devices", body, "application/json; charset=UTF-8"))[0] == 201


async def test_a_file_is_sent_as_it_is_and_not_as_a_form(caller: Caller) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"PK", filename="lamp.ma")
    body = form()
    status, _, said = await caller("POST", "/api/releases", body, body.headers["Content-Type"])
    assert (status, "with curl: --data-binary @FILE" in said["error"]) == (415, True)


async def test_too_much_is_refused_before_it_is_read_whole_however_it_comes(caller: Caller) -> None:
    async def pieces() -> Any:
        for _ in range(16):
            yield b" " * MEGABYTE

    for path, data in (
        ("/api/devices", b" " * 16 * MEGABYTE),
        ("/api/groups", pieces()),
        ("/api/releases", io.BytesIO(bytes(MAX_ARCHIVE_BYTES + 1))),
    ):
        status, _, said = await caller("POST", path, data)
        assert (status, "which is the most here" in said["error"]) == (413, True), path


PATHS: list[tuple[str, str, int, str]] = [
    ("GET", "/api/devices/a%2Fb", 404, "device a/b is not enrolled"),
    ("GET", "/api/devices/..%2F..%2Fetc%2Fpasswd", 404, "is not enrolled"),
    ("GET", "/api/devices/%00", 400, "a device's id holds the character NUL"),
    ("GET", "/api/devices/hall%00", 400, "a device's id holds the character NUL"),
    ("GET", "/api/devices/%ED%A0%80", 404, "is not enrolled"),
    ("GET", "/api/devices/%FF", 404, "is not enrolled"),
    ("GET", "/api/devices/" + "a" * 5000, 404, "is not enrolled"),
    ("PUT", "/api/devices/hall/programs/a%2Fb", 404, "a/b is not published"),
    ("DELETE", "/api/devices/hall/models/%0A", 404, "not assigned"),
    ("GET", "/api/rollouts/1%2Fdevices", 400, "a rollout's number must be a whole number from 1 to 2147483647"),
    ("GET", "/api/rollouts/99999999999999999999999", 400, "a rollout's number must be a whole number"),
    ("GET", "/api/rollouts/-1", 400, "a rollout's number must be a whole number"),
    ("GET", "/api/rollouts/%D9%A1", 400, "a rollout's number must be a whole number"),
    ("POST", "/api/rollouts/1/explode", 404, "Not Found"),
    ("GET", "/api/groups/%00", 400, "holds the character NUL"),
    ("GET", "/api/nothing", 404, "Not Found: GET /api/nothing"),
    ("GET", "/api/devices/", 404, "Not Found"),
    ("GET", "/api/telemetry?limit=1&limit=2", 400, "limit stands more than once in the query"),
    ("GET", "/api/telemetry?limt=1", 400, "the query has no member 'limt'; it may have device, source, name, since,"),
    ("GET", "/api/telemetry?limit=null", 400, "limit must be a whole number from 1 to 10000, not 'null'"),
    ("GET", "/api/telemetry?limit=", 400, "limit must be a whole number from 1 to 10000, not ''"),
    ("GET", "/api/telemetry?limit=1.0", 400, "limit must be a whole number"),
    ("GET", "/api/telemetry?limit=1_0", 400, "limit must be a whole number"),
    ("GET", "/api/telemetry?limit=%D9%A1", 400, "limit must be a whole number"),
    ("GET", "/api/telemetry?limit=" + "9" * 5000, 400, "limit must be a whole number"),
    ("GET", "/api/telemetry?since=nan", 400, "since must be a number, not 'nan'"),
    ("GET", "/api/telemetry?since=1e999", 400, "since must be a number"),
    ("GET", "/api/telemetry?since=%201", 400, "since must be a number"),
    ("GET", "/api/telemetry?device=%00", 400, "device holds the character NUL"),
    ("GET", "/api/telemetry/rates?step=0.5", 400, "step must be a number from 1 to 86400 (seconds), not '0.5'"),
    ("GET", "/api/telemetry/sums?step=61", 400, "step must be one of 60, 3600, 86400 seconds, not '61'"),
    ("GET", "/api/telemetry/export?format=parquet", 400, "`cygnet fleet telemetry export` makes Parquet"),
    ("GET", "/api/query?q=" + "(" * 3000, 400, "q must be a text of at most 2000 characters"),
    ("GET", "/api/query?q=name%20%3D%20%22%27%3B--%22%20or", 422, "the query is wrong at character"),
]


async def test_a_hostile_address_is_refused_with_a_sentence(caller: Caller) -> None:
    for method, path, status, sentence in PATHS:
        data = b"{}" if method in ("PUT", "POST") else None
        answered, headers, said = await caller(method, path, data)
        assert answered == status, (path, said)
        assert sentence in said["error"], (path, said)
        assert headers["Content-Type"].startswith(JSON), path


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/devices", "GET, HEAD, POST"),
        ("/api/devices/hall", "GET, HEAD"),
        ("/api/devices/hall/runtime", "DELETE, PUT"),
        ("/api/rollouts/stop", "POST"),
        ("/api/groups/a", "DELETE, GET, HEAD, PATCH"),
        ("/api/live", "GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_there_is_answered_with_those_that_are(
    caller: Caller, path: str, allowed: str
) -> None:
    for method in ("TRACE", "OPTIONS", "PURGE", "LOCK"):
        status, headers, said = await caller(method, path)
        assert (status, headers["Allow"], said["error"]) == (405, allowed, f"Method Not Allowed: {method} {path}")


async def test_an_answer_without_the_token_says_how_to_sign_in(caller: Caller) -> None:
    for path in ("/api/devices", "/api/openapi.json", "/api/nothing", "/api/live"):
        status, headers, said = await caller("GET", path, Authorization="Bearer x")
        assert status == 401
        assert headers["WWW-Authenticate"] == 'Bearer realm="cygnet fleet"'
        assert "token is missing or wrong" in said["error"]


async def test_the_head_of_an_endless_answer_ends(caller: Caller) -> None:
    for path, kind in (("/api/live", "text/event-stream"), ("/api/telemetry/export?format=csv", "text/csv")):
        status, headers, said = await caller("HEAD", path)
        assert (status, headers["Content-Type"].partition(";")[0], said) == (200, kind, None)


async def test_a_fault_of_the_fleet_itself_is_json_too_and_tells_nothing_of_the_inside(
    caller: Caller, fleet: RunningFleet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(fleet.service.strangers, "all", broken)
    status, _, said = await caller("GET", "/api/fleet")
    assert (status, "its log says more" in said["error"], "secret" in said["error"]) == (500, True, False)
    assert "GET /api/fleet failed" in caplog.text


async def test_numbers_that_no_column_holds_are_refused_before_the_database_sees_them(caller: Caller) -> None:
    for method, path, body, sentence in (
        ("PUT", "/api/devices/hall/programs/a", {"version_code": 2**63}, "version_code must be a whole number from 0"),
        ("PUT", "/api/devices/hall/models/a", {"version_code": 2**64}, "version_code must be a whole number from 0"),
        ("POST", "/api/rollouts", {"subject": "a", "version": 2**63, "query": "all"}, "version must be a version code"),
        ("POST", "/api/rollouts", {"subject": "a", "version": str(2**63), "query": "all"}, "is no version code"),
        ("POST", "/api/rollouts", {"subject": "a", "query": "all", "per_minute": 2**63}, "per_minute must be a whole"),
        ("POST", "/api/rollouts", {"subject": "a", "query": "all", "stages": [2**63]}, "stages must be a list of 1 to"),
    ):
        status, _, said = await caller(method, path, json.dumps(body).encode())
        assert status in (400, 422), said
        assert sentence in said["error"]


async def test_a_whole_number_may_have_a_point_as_in_json_schema(caller: Caller) -> None:
    status, _, said = await caller("PUT", "/api/devices/hall/programs/a", b'{"version_code": 7.0}')
    assert (status, "a version 7 is not published" in said["error"]) == (404, True)
    status, _, said = await caller("PUT", "/api/devices/hall/programs/a", b'{"version_code": 7.5}')
    assert (status, "must be a whole number" in said["error"]) == (400, True)
