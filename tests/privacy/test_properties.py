"""Whatever a plan says, whatever people answer and whatever a program tries: nothing leaves that the rules do not
allow, and the ledger has all that does."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.registry import Caller, CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.errors import CygnetError
from device_runtime.privacy.consents import Profile
from device_runtime.privacy.matching import Match, UnplannedError, match
from device_runtime.privacy.outflow import Outflow, request_outflow
from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import Category, DataPlan
from device_runtime.program.manifest import Manifest, parse_manifest
from tests.privacy.room import APP, ORIGIN, Room, item, plan
from tests.privacy.rules import Rules

NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["one", "two", "drei"])
FIELDS = st.one_of(
    st.just({"type": "boolean"}),
    st.lists(WORDS, min_size=1, unique=True).map(lambda of: {"type": "choice", "of": of}),
    st.builds(
        lambda least, steps, step: {"type": "integer", "min": least, "max": least + steps * step, "step": step},
        st.integers(-3, 3), st.integers(0, 3), st.integers(1, 2),
    ),
    st.integers(1, 4).map(lambda most: {"type": "text", "max": most}),
)  # fmt: skip
VALUES = st.one_of(
    st.booleans(), WORDS, st.integers(-4, 10), st.text("ab.é &%", max_size=5), st.none(),
    st.sampled_from([1.0, -0.0, 2.0000000000000004, "true", "1", "01", "1.0", "%31"]),
)  # fmt: skip
SAID = st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, max_size=3)


@st.composite
def items(draw: st.DrawFn, name: str) -> dict[str, Any]:
    destination = draw(st.sampled_from(["fleet", ORIGIN]))
    paths = {"paths": draw(st.lists(st.sampled_from(["/p", "/q"]), min_size=1, unique=True))}
    return item(
        name,
        category=draw(st.sampled_from(["usage", "voice", "content"])),
        derived_from=draw(st.sampled_from([[], ["speech"], ["voice"]])),
        fields=draw(st.dictionaries(st.sampled_from(["x", "y"]), FIELDS, max_size=2)),
        purpose=draw(st.sampled_from(["service", "improvement"])),
        retention_days=draw(st.integers(0, 2)),
        destination=destination,
        **(paths if destination == ORIGIN else {}),
    )


PLANS = st.lists(NAMES, unique=True, min_size=1, max_size=3).flatmap(lambda names: st.tuples(*map(items, names)))
QUERIES = st.one_of(
    st.just(""),
    st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), VALUES), max_size=2).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
    ),
    st.sampled_from(["x=1&&y=2", "x=one&", "x=%6fne", "x=o+e", "x", "x=true;y=1"]),
)
HEADERS = st.sampled_from(
    [{}, {"ACCEPT-encoding": "x"}, {"X-Me": "1"}, {"cOnTent-Type": "application/JSON"}, {"content-type": "a/b"}]
)
BODIES = st.one_of(st.none(), SAID, st.sampled_from(['{"x":1}', '{"x": 1.0}', '{"x": [1]}', '{"x": 1, "x": 1}', "x"]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), NAMES, st.sampled_from([True, True, False])),
        st.tuples(st.just("agree")),
        st.tuples(st.just("switch"), st.sampled_from(["owner", "guest", "child"])),
        st.tuples(st.just("see"), st.sampled_from(["voice", "speech"])),
        st.tuples(st.just("update"), PLANS),
        st.tuples(st.just("day")),
        st.tuples(st.just("event"), NAMES, SAID),
        st.tuples(st.just("plausible"), st.integers(0, 2**16)),
        st.tuples(st.just("plausible"), st.integers(0, 2**16)),
        st.tuples(st.just("plausible"), st.integers(0, 2**16)),
        st.tuples(st.just("request"), st.sampled_from(["/p", "/q", "/r"]), QUERIES, HEADERS, BODIES),
        st.tuples(st.just("request"), st.sampled_from(["/p", "/q"]), QUERIES, st.just({}), BODIES),
    ),
    min_size=5,
    max_size=25,
)  # fmt: skip


class Network:
    """Takes requests in the place of connections, and has every byte of them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, Mapping[str, str]]] = []

    @asynccontextmanager
    async def request(
        self, method: str, address: URL, *, headers: Mapping[str, str], data: bytes | None, **_: object
    ) -> AsyncIterator[Any]:
        assert method in ("GET", "POST")
        self.sent.append((str(address), data, headers))
        yield _Nothing()


class _Nothing:
    """An answer without words."""

    status, charset, content = 204, None, aiohttp.streams.EMPTY_PAYLOAD

    def __init__(self) -> None:
        self.headers = CIMultiDict[str]()


class Program:
    """A program behind the real gate and real capabilities, and the rules beside it."""

    def __init__(self, folder: Path) -> None:
        self.room, self.rules, self.network = Room(folder), Rules(), Network()
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        http = HttpClient(NetworkPolicy(), self.room.gate)
        http._session = cast("aiohttp.ClientSession", self.network)
        record = telemetry_capability(
            lambda _app, name, values, *_: self.events.append((name, values)), self.room.gate, lambda: 0.0
        )
        self.gate = CapabilityGate([record, *request_capabilities(http)])
        self.left: list[Outflow] = []
        passed = self.room.gate.let_out

        def watched(app: str, plan: DataPlan, found: Match, outflow: Outflow) -> None:
            passed(app, plan, found, outflow)
            self.left.append(outflow)

        self.room.gate.let_out = watched  # type: ignore[method-assign] # to know what passed
        self.update(())

    def update(self, of: tuple[dict[str, Any], ...]) -> None:
        self.manifest = _manifest(of)
        self.rules.plan = {each["name"]: each for each in of}

    async def step(self, step: tuple[Any, ...]) -> None:
        consents = self.room.consents
        match step:
            case ("decide", name, granted) if name in self.rules.plan:
                consents.decide(APP, [self.manifest.data_plan.by_name[name]], granted=granted, who="test")
                self.rules.decide(name, granted)
            case ("agree",):
                for name in self.rules.plan:
                    await self.step(("decide", name, True))
            case ("plausible", drawn) if self.rules.plan:
                await self.step(plausible(list(self.rules.plan.values()), drawn))
            case ("switch", profile):
                consents.switch(cast("Profile", profile))
                self.rules.switch(profile)
            case ("see", category):
                self.room.labels.mark(APP, cast("Category", category))
                self.rules.seen.add(category)
            case ("update", of):
                self.update(of)
            case ("day",):
                self.room.now += 86_400
                self.rules.told = 0.0
            case ("event", name, values):
                await self._call("telemetry", {"name": name, "values": values})
            case ("request", path, query, header, body):
                arguments = {"url": f"{ORIGIN}{path}?{query}", "header": dict(header)}
                await self._call("request", arguments | ({"method": "POST", "data": body} if body is not None else {}))

    async def _call(self, name: str, arguments: dict[str, Any]) -> None:
        events, requests, left = len(self.events), len(self.network.sent), len(self.left)
        with contextlib.suppress(CygnetError):
            await self.gate.invoke(Caller(APP, self.manifest), name, arguments)
        out = len(self.events) - events + len(self.network.sent) - requests
        assert out == len(self.left) - left, "what left is what passed"
        for told, values in self.events[events:]:
            assert not self.rules.event_fault(told, {key: each for key, each in values.items() if each is not None})
        for url, body, header in self.network.sent[requests:]:
            assert not self.rules.request_fault(url, body, header), (url, body, header)

    def check_ledger(self) -> None:
        sent = [entry for entry in self.room.written() if entry.act == "send"]
        assert {entry.item for entry in sent} <= {"a", "b", "c"}
        assert sum(entry.bytes for entry in sent) >= sum(outflow.size for outflow in self.left)
        assert list(self.room.ledger.faults()) == []


def plausible(of: list[Mapping[str, Any]], drawn: int) -> tuple[Any, ...]:
    """A call that the plan covers, or nearly."""
    item = of[drawn % len(of)]
    values: dict[str, Any] = {}
    for at, (name, field) in enumerate(item["fields"].items()):
        pick = drawn >> 4 * at + 2
        if pick % 8:  # else it is left out
            values[name] = some_value(field, pick // 8)
    if item["destination"] == "fleet":
        return ("event", item["name"], values)
    path = item["paths"][drawn // 4 % len(item["paths"])]
    if drawn % 3 == 0:
        return ("request", path, "", {}, values)
    texts = {name: json.dumps(value) if not isinstance(value, str) else value for name, value in values.items()}
    return ("request", path, "&".join(f"{name}={quote(text)}" for name, text in texts.items()), {}, None)


def some_value(field: Mapping[str, Any], pick: int) -> object:
    match field["type"]:
        case "boolean":
            return pick % 2 == 0
        case "choice":
            return field["of"][pick % len(field["of"])]
        case "integer":
            return field["min"] + pick % 4 * field["step"]
        case _:
            return "ab é&"[: pick % 6]


def _manifest(of: tuple[dict[str, Any], ...]) -> Manifest:
    document = {
        "app_id": APP, "name": "Weather", "version": {"code": 1, "name": "1"}, "platform_version": {"min_code": 1},
        "pages": ["pages/index"], "icons": [], "req_permissions": [{"name": "request", "reason": "x"}],
        "cygnet": {"data_plan": list(of), "network": {"request": [ORIGIN], "socket": []}},
    }  # fmt: skip
    return parse_manifest(json.dumps(document))


def _play(of: tuple[dict[str, Any], ...], steps: list[tuple[Any, ...]]) -> None:
    async def play(folder: Path) -> None:
        program = Program(folder)
        program.update(of)
        for step in steps:
            await program.step(step)
        program.check_ledger()
        program.room.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))


@given(PLANS, STEPS)
@settings(max_examples=80)
def test_nothing_leaves_that_the_rules_do_not_allow(
    of: tuple[dict[str, Any], ...], steps: list[tuple[Any, ...]]
) -> None:
    _play(of, steps)


@pytest.mark.slow
@given(PLANS, STEPS)
@settings(max_examples=600)
def test_nothing_leaves_that_the_rules_do_not_allow_in_a_long_trial(
    of: tuple[dict[str, Any], ...], steps: list[tuple[Any, ...]]
) -> None:
    _play(of, steps)


# -- one form of each value -----------------------------------------------------------------------------------------

STEPPED = plan(
    item(
        "way", destination=ORIGIN, paths=["/p", "/p/{n}"],
        fields={
            "n": {"type": "number", "min": -20, "max": 20, "step": 0.1},
            "i": {"type": "integer", "min": -20, "max": 20},
            "c": {"type": "choice", "of": ["one two", "x&y", "é"]},
        },
    ),
)  # fmt: skip


def forms(number: float) -> set[str]:
    """Many ways to write one number."""
    shortest = repr(number)
    ways = {
        shortest, str(int(number)), f"{number:.1f}", f"{number:.2f}", f"{number:.17f}", f"{number:e}", f"{number:g}",
        f"{number:E}", f"+{shortest}", f"0{shortest}", f" {shortest}", f"{shortest} ", f"{shortest}e0", f"{shortest}_0",
        repr(number + 1e-13), repr(number - 1e-13), f"-{shortest}", shortest.rstrip("0"), shortest.lstrip("0"),
    }  # fmt: skip
    return {way for way in ways if _number(way) is not None and abs((_number(way) or 0.0) - number) < 1e-6}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def passes(url: str, body: bytes | None = None) -> bool:
    try:
        match(STEPPED, request_outflow("POST" if body else "GET", URL(url), {}, body))
    except UnplannedError:
        return False
    return True


@given(st.integers(-205, 205), st.sampled_from("ni"))
def test_a_number_that_is_admitted_has_exactly_one_written_form(tenths: int, name: str) -> None:
    number = tenths / 10
    exact = tenths % 10 == 0
    within = abs(tenths) <= 200 and (name == "n" or exact)
    ways = forms(number)
    in_query = [way for way in ways if passes(f"{ORIGIN}/p?{name}={way.replace('+', '%2B')}")]
    in_json = [way for way in ways if passes(f"{ORIGIN}/p", f'{{"{name}": {way}}}'.encode())]
    assert (len(in_query), len(in_json)) == ((1, 1) if within else (0, 0)), (in_query, in_json)
    if name == "n":
        in_path = [way for way in ways if passes(f"{ORIGIN}/p/{way.replace('+', '%2B')}")]
        assert in_path == in_query


@given(st.floats(-20, 20), st.sampled_from([0.1, 0.25, 0.3, 1.0, 2.5]))
def test_a_number_of_an_event_leaves_in_one_form_however_it_was_reckoned(number: float, step: float) -> None:
    of = DataField("number", least=-30.0, most=30.0, step=step)
    nearest = round(number / step)
    reckoned = [nearest * step, step * nearest + 0.0, nearest * step + 1e-14, nearest / (1 / step), -(-nearest * step)]
    left = {repr(of.settled(value)) for value in reckoned if not of.refusal(value)}
    assert len(left) <= 1


@given(st.sampled_from(["one two", "x&y", "é"]), st.integers(0, 255), st.booleans())
def test_a_text_that_is_admitted_is_written_in_one_of_two_styles(text: str, mask: int, lower: bool) -> None:
    """Blanks are ``+`` or ``%20`` in a query, for all of it: that is counted as a bit."""
    pieces = [f"%{byte:02X}" if byte > 127 or mask >> at & 1 else chr(byte) for at, byte in enumerate(text.encode())]
    escaped = "".join(pieces)
    url = URL(f"{ORIGIN}/p?c={escaped.lower() if lower else escaped}")
    if passes(str(url)):
        assert url.raw_query_string in {"c=one+two", "c=one%20two", "c=x%26y", "c=%C3%A9"}


@given(st.text(max_size=8), st.text(max_size=8))
def test_no_text_around_an_admitted_query_goes_with_it(before: str, after: str) -> None:
    try:
        url = URL(f"{ORIGIN}/p?{before}c=x%26y{after}")
        if url.path != "/p":
            return
    except ValueError:
        return
    if passes(str(url)):
        assert url.raw_query_string in {"c=x%26y", ""}
