"""A fleet with something to see: devices in every state, groups, releases, rollouts under way and ended, telemetry."""

import time
from collections.abc import Mapping, Sequence

from device_runtime.sync.certificates import Holder, new_key
from device_runtime.sync.messages import (
    ProgramReport,
    Reported,
    State,
    TelemetryBatch,
    TelemetryRecord,
)
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import DAY, Claims
from firmware_tools.fleet.identity.profiles import issue_client
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.telemetry import TelemetryStore
from firmware_tools.fleet.traffic.counting import Sums
from firmware_tools.fleet.traffic.store import add
from tests.fleet.devices import eventually
from tests.fleet.packages import small_package
from tests.inference.model_packages import digits_package

ROOMS = ("kitchen", "hall", "lobby", "garage", "office", "studio", "library", "terrace")
LAMP, RADIO, MAPS = "org.example.lamp", "org.example.radio", "org.example.maps"
HOSTILE = '<img src=x onerror="document.title=1"> \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 ' + "W" * 60
SENTENCE = "it did not show its first page within 10 s"


async def enroll(fleet: RunningFleet, names: Mapping[str, str]) -> None:
    """Let many devices in at once; by id, what people call them."""

    def work(registry: Registry) -> None:
        for device, name in names.items():
            registry.enroll(device, name, time.time() - 86_400 * 40)

    await fleet.service.change(work, list(names))


async def appear(fleet: RunningFleet, chosen: Sequence[str], status: str = "online", ago: float = 0.0) -> None:
    """Devices say so."""

    def work(registry: Registry) -> None:
        for device in chosen:
            registry.record_states({device: (State(status, 1), time.time() - ago)})  # type: ignore[arg-type]

    await fleet.service.change(work)


async def report(
    fleet: RunningFleet,
    chosen: Sequence[str],
    programs: Mapping[str, ProgramReport],
    board: str = "speaker",
    error: str = "",
) -> None:
    """Devices report what they should have seen, and these programs."""

    def work(registry: Registry) -> None:
        for device in chosen:
            version = registry.device(device).desired_version
            document = Reported(1, version, board, "0.4.1", programs, error, models={})
            registry.record_reports({device: (document, time.time())})

    await fleet.service.change(work)


async def tell(
    fleet: RunningFleet, device: str, records: Sequence[tuple[float, str, str, Mapping[str, object]]]
) -> None:
    """Store records of a device: seconds ago, source, name, values."""
    now = time.time()
    batch = tuple(
        TelemetryRecord(number, now - ago, source, name, dict(values))  # type: ignore[arg-type]
        for number, (ago, source, name, values) in enumerate(records, 1)
    )

    def work(registry: Registry) -> None:
        for start in range(0, len(batch), 100):
            some = TelemetryBatch("00112233aabbccdd", batch[start : start + 100])
            TelemetryStore(registry.connection).store(device, some, now)

    await fleet.service.change(work)


def running(code: int, name: str) -> ProgramReport:
    return ProgramReport(code, name, "running")


async def populate(fleet: RunningFleet, home: FleetHome) -> None:
    """Fill the fleet. Takes some seconds."""
    names = {f"{room}-{number}": f"{room.title()} speaker {number}" for room in ROOMS for number in range(1, 6)}
    await enroll(fleet, {**names, "pico-1": "Door sensor", "hostile": HOSTILE[:100]})
    for code in (1, 2, 3):
        await fleet.operations.publish(small_package(LAMP, code), "lamp.ma")
    for code in (4, 5):
        await fleet.operations.publish(small_package(RADIO, code), "radio.ma")
    await fleet.operations.publish(small_package(MAPS, 1, size=900_000), "maps.ma")
    await fleet.operations.publish_model(digits_package(2, "digits"), "digits.ma")
    ids = sorted(names)
    await fleet.service.change(lambda registry: [registry.assign(device, LAMP, 2, False) for device in ids])
    await appear(fleet, ids)
    await appear(fleet, ["hall-3", "garage-5"], "lost", 4_000)
    await appear(fleet, ["terrace-1", "terrace-2", "terrace-3"], "offline", 90_000)
    await report(fleet, ids, {LAMP: running(2, "1.2.0")})
    for device in ids[::3]:
        await fleet.rollouts.tag(device, ["beta"], [])
    for device in ids[:10]:
        await fleet.rollouts.tag(device, ["floor:1", "lobby"], [])
    await fleet.rollouts.create_group("beta", "tag = beta", [], "Who tries new things first")
    await fleet.rollouts.create_group("everybody", "all", [], "")
    await fleet.rollouts.create_group("demo-room", None, ["kitchen-1", "hall-1"], "The devices on the table")
    await _rollouts(fleet, ids)
    await _telemetry(fleet)
    failing = ProgramReport(5, "1.5.0", "failed", error="the disk is full: 812 KB are free, 940 KB are needed")
    back = ProgramReport(1, "1.1.0", "rolled-back", error=SENTENCE, cause="health")
    for device, app, code, found in (("office-2", RADIO, 5, failing), ("studio-4", MAPS, 1, back)):
        await fleet.service.change(lambda r, d=device, a=app, c=code: r.assign(d, a, c, False))  # type: ignore[misc]
        await report(fleet, [device], {LAMP: running(2, "1.2.0"), app: found})
    half = ProgramReport(1, "1.1.0", "downloading", 400_000, 900_000)
    await fleet.service.change(lambda registry: registry.assign("library-1", MAPS, 1, False))
    await report(fleet, ["library-1"], {LAMP: running(2, "1.2.0"), MAPS: half})
    await identities(fleet, home)
    await count_traffic(fleet, "kitchen-1")


async def _rollouts(fleet: RunningFleet, ids: Sequence[str]) -> None:
    done = await fleet.rollouts.create(
        "program", RADIO, 4, {"group": "demo-room", "soak": "0s"}, "Radio for the demo room", "ada"
    )
    await fleet.rollouts.start(done.id, "ada")
    await _reach(fleet, done.id, {RADIO: running(4, "1.4.0"), LAMP: running(2, "1.2.0")})
    await until(fleet, done.id, "done")
    plan = {
        "query": "not status = never",
        "stages": ["4", "50%", {"size": "100%", "approval": True}],
        "soak": "0s",
        "errors": "4",
        "window": {"spans": ["00:00-24:00"], "zone": "Europe/Berlin"},
        "success": "75%",
    }
    going = await fleet.rollouts.create("program", LAMP, 3, plan, "", "ada")
    await fleet.rollouts.start(going.id, "ada")
    await _reach(fleet, going.id, {LAMP: running(3, "1.3.0")})
    await _handed(fleet, going.id, 2)
    handed = [one.device for one in await fleet.rollouts.devices(going.id, state="handed")]
    await report(fleet, handed[:9], {LAMP: running(3, "1.3.0")})
    both = [device for device in ("hall-1", "kitchen-1") if device in handed[:9]]
    await report(fleet, both, {LAMP: running(3, "1.3.0"), RADIO: running(4, "1.4.0")})
    rest = [device for device in ("hall-1", "kitchen-1") if device not in handed[:9]]
    await report(fleet, rest, {LAMP: running(2, "1.2.0"), RADIO: running(4, "1.4.0")})
    failed = ProgramReport(3, "1.3.0", "failed", error=SENTENCE, cause="health")
    await report(fleet, handed[9:11], {LAMP: failed})
    await report(fleet, handed[11:13], {LAMP: ProgramReport(3, "1.3.0", "downloading", 90_000, 200_000)})
    await fleet.rollouts.advance_all()
    await fleet.rollouts.create("program", MAPS, 1, {"group": "beta", "stages": ["1", "100%"]}, "Maps for beta", "bob")


async def _handed(fleet: RunningFleet, number: int, stage: int) -> None:
    for _ in range(20):
        await fleet.rollouts.advance_all()
        if (await fleet.rollouts.document(number))["stage"] >= stage:
            return
    raise AssertionError(f"rollout {number} does not come to stage {stage}")


async def _reach(fleet: RunningFleet, number: int, programs: Mapping[str, ProgramReport]) -> None:
    await fleet.rollouts.advance_all()
    handed = [one.device for one in await fleet.rollouts.devices(number, state="handed")]
    assert handed
    await report(fleet, handed, programs)
    await fleet.rollouts.advance_all()


async def until(fleet: RunningFleet, number: int, state: str) -> None:
    """Let rollouts go on until one is in this state."""
    for _ in range(20):
        await fleet.rollouts.advance_all()
        if (await fleet.rollouts.document(number))["state"] == state:
            return
    raise AssertionError((await fleet.rollouts.document(number))["reason"])


async def _telemetry(fleet: RunningFleet) -> None:
    kitchen: list[tuple[float, str, str, Mapping[str, object]]] = [
        (3_500 - 60 * minute, LAMP, "temperature", {"degrees": 20 + (minute * 7 % 11) / 4}) for minute in range(58)
    ]
    kitchen += [
        (3_000 - 500 * step, LAMP, "button_pressed", {"button": "on" if step % 2 else "off"}) for step in range(6)
    ]
    kitchen.append((900, "device", "program_started", {"app_id": LAMP, "version": "1.2.0", "milliseconds": 112}))
    kitchen.append((30, "telemetry", "records_dropped", {"records": 1_200, "priority": "metric"}))
    await tell(fleet, "kitchen-1", kitchen)
    for number, device in enumerate(("hall-1", "lobby-2", "office-1")):
        await tell(
            fleet, device, [(3_400 - 90 * step, RADIO, "tuned", {"station": number + step % 3}) for step in range(36)]
        )


async def answer_counts(fleet: RunningFleet) -> None:
    """What 120 devices answered at random to an item of the radio: most say one, some two, few anything else."""
    now = time.time()
    said = ["one"] * 52 + ["two"] * 42 + [HOSTILE] * 26

    def work(registry: Registry) -> None:
        for number, value in enumerate(said):
            registry.enroll(f"counted-{number:03}", "", now - 86_400)
            record = TelemetryRecord(1, now - 7_200, RADIO, "favourite", {"answer": f"4/1/{value}"})
            batch = TelemetryBatch("00112233aabbccdd", (record,))
            TelemetryStore(registry.connection).store(f"counted-{number:03}", batch, now)

    await fleet.service.change(work)


async def identities(fleet: RunningFleet, home: FleetHome) -> None:
    """A CA, certificates of devices of which one expires soon, and claims in every state."""
    now = time.time()
    authority = Authority(home.directory, "north", clock=lambda: now - 820 * DAY)  # the broker's expires in 5 days
    authority.found(None)
    authority.issue_server(["localhost"])
    issuer = authority.issuer()

    def work(registry: Registry) -> None:
        certificates, claims = Certificates(registry.connection), Claims(registry.connection)
        for device, since, days in (("kitchen-1", 0, 730), ("hall-3", 715, 730), ("garage-5", 40, 30)):
            holder, key = Holder("north", "device", device), new_key()
            certificate = issue_client(issuer, holder, key.public_key(), now - since * DAY, days)
            certificates.record(certificate, issuer.id, now - since * DAY)
        claims.create(2, None, ["batch:6"], 10, now - 20 * DAY)
        old = claims.create(1, "terrace-1", [], 30, now - 2 * DAY)
        claims.revoke(old[0].claim.id, now)
        used = claims.create(1, "kitchen-1", ["room:kitchen"], 30, now - DAY)
        claims.use(used[0].claim.id, "kitchen-1", "1", now - 3_600)
        claims.create(30, None, ["batch:7", "line:2"], 90, now)

    await fleet.service.change(work)


async def count_traffic(fleet: RunningFleet, device: str) -> None:
    """Bytes of a device on each of the last 30 days, more in the week, and a program that came a week ago."""
    today = int(time.time() // DAY)

    def sums(ago: int) -> Sums:
        telemetry = 180_000 if (today - ago) % 7 > 1 else 40_000
        return [telemetry - 900 * ago, 640, 5_300, 2_100, 0, 1_450, 900_000 if ago == 7 else 0, 9_700, 310, 290]

    def work(registry: Registry) -> None:
        add(registry.connection, [(device, today - ago, sums(ago)) for ago in range(30)])

    await fleet.service.change(work)


async def connected(fleet: RunningFleet) -> None:
    await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
