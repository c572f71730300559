"""Models reach a device as programs do, over a real broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from device_runtime.inference.card import Version
from device_runtime.sync.messages import ModelReport
from tests.brokers import Mosquitto, running_mosquitto
from tests.sync.fleet_end import FleetEnd, model_of, running_fleet, target_of
from tests.sync.model_shelf import ModelShelf
from tests.sync.shelf import Shelf
from tests.sync.test_agent import BLOCK, kiosk, package
from tests.sync.waiting import until

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
async def fleet(broker: Mosquitto) -> AsyncIterator[FleetEnd]:
    async with running_fleet(broker.url) as running:
        await running.transport.online()
        yield running


async def test_a_model_is_downloaded_installed_reported_and_taken_away(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data, shelf = fleet.add(package(3 * BLOCK + 17)), ModelShelf()
    async with kiosk(broker.url, tmp_path, models=shelf) as device:
        await fleet.desire({}, models={"commands_en": model_of(data, 2)})
        await until(lambda: fleet.model("commands_en") == ("installed", 2))
        assert fleet.bytes_asked() == len(data), "each byte is asked for once"
        assert list((tmp_path / "sync" / "content").iterdir()) == [], "what is installed is not kept twice"
        await fleet.desire({})
        await until(lambda: not shelf.models and fleet.reported[-1].models == {})
        await until(lambda: device.telemetry.pending() == 0)
    assert [name for name in fleet.names() if name.startswith("model")] == ["model_installed", "model_removed"]


async def test_models_come_before_the_programs_that_ask_for_them_and_go_after_these(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    model, program = fleet.add(package(BLOCK)), fleet.add(package(BLOCK))
    order: list[str] = []

    class Watched(ModelShelf):
        async def install(self, *arguments: object) -> None:
            order.append("model comes")
            await super().install(*arguments)  # type: ignore[arg-type]

        async def remove(self, name: str) -> None:
            order.append("model goes")
            await super().remove(name)

    class WatchedPrograms(Shelf):
        async def install(self, *arguments: object) -> None:
            order.append("program comes")
            await super().install(*arguments)  # type: ignore[arg-type]

        async def remove(self, app_id: str) -> None:
            order.append("program goes")
            await super().remove(app_id)

    async with kiosk(broker.url, tmp_path, WatchedPrograms(tmp_path / "shelf"), Watched()):
        await fleet.desire({"weather": target_of(program)}, models={"commands_en": model_of(model)})
        await until(lambda: fleet.phase("weather") == "installed")
        await fleet.desire({})
        await until(lambda: len(order) == 4)
    assert order == ["model comes", "program comes", "program goes", "model goes"]


async def test_a_version_that_the_device_has_kept_is_not_fetched_again(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    first, second, shelf = fleet.add(package(BLOCK)), fleet.add(package(BLOCK)), ModelShelf()
    async with kiosk(broker.url, tmp_path, models=shelf):
        for data, code in ((first, 1), (second, 2), (first, 1)):
            await fleet.desire({}, models={"commands_en": model_of(data, code)})
            await until(lambda code=code: fleet.model("commands_en") == ("installed", code))  # type: ignore[misc]
    assert shelf.installs == [("commands_en", 1), ("commands_en", 2)]
    assert fleet.bytes_asked() == len(first) + len(second)


@pytest.mark.parametrize(("own", "phase"), [(1, ("installed", 2)), (2, ("built-in", 2)), (3, ("built-in", 3))])
async def test_a_model_that_came_with_the_device_in_this_version_or_a_higher_one_is_not_fetched(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path, own: int, phase: tuple[str, int]
) -> None:
    data, shelf = fleet.add(package(BLOCK)), ModelShelf(own={"digits": Version(own, f"{own}.0")})
    async with kiosk(broker.url, tmp_path, models=shelf):
        desired = await fleet.desire({}, models={"digits": model_of(data, 2)})
        await until(lambda: fleet.reported and fleet.reported[-1].desired_version == desired.version)
        await until(lambda: fleet.model("digits") == phase)
    assert bool(fleet.requests) is (phase[0] == "installed")


async def test_a_model_of_the_fleet_goes_when_the_device_is_updated_past_it(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data, shelf = fleet.add(package(BLOCK)), ModelShelf()
    async with kiosk(broker.url, tmp_path, models=shelf):
        await fleet.desire({}, models={"digits": model_of(data, 2)})
        await until(lambda: fleet.model("digits") == ("installed", 2))
    shelf.own["digits"] = Version(3, "3.0")
    async with kiosk(broker.url, tmp_path, models=shelf):
        await until(lambda: fleet.model("digits") == ("built-in", 3))
        await fleet.desire({}, models={"digits": model_of(fleet.add(package(BLOCK)), 3)})
        await until(lambda: not shelf.models)


async def test_a_model_that_fails_is_reported_the_others_go_on_and_it_is_tried_again(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    good, bad, program = fleet.add(package(BLOCK)), fleet.add(package(BLOCK)), fleet.add(package(BLOCK))
    shelf = ModelShelf(refuse={"alarm": "model alarm: input x has another shape"})
    async with kiosk(broker.url, tmp_path, models=shelf):
        await fleet.desire(
            {"weather": target_of(program)}, models={"alarm": model_of(bad), "commands_en": model_of(good)}
        )
        await until(lambda: fleet.model("alarm")[0] == "failed" and fleet.phase("weather") == "installed")
        await until(lambda: fleet.model("commands_en") == ("installed", 1))
        report = (fleet.reported[-1].models or {})["alarm"]
        assert report.error == "model alarm: input x has another shape"
        shelf.refuse.clear()
        await until(lambda: fleet.model("alarm") == ("installed", 1))
    assert fleet.bytes_asked() == len(good) + len(bad) + len(program), "what had come was kept"


async def test_a_model_that_the_fleet_does_not_have_any_more_fails_and_the_earlier_one_stays(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    first, shelf = fleet.add(package(BLOCK)), ModelShelf()
    async with kiosk(broker.url, tmp_path, models=shelf):
        await fleet.desire({}, models={"digits": model_of(first, 1)})
        await until(lambda: fleet.model("digits") == ("installed", 1))
        await fleet.desire({}, models={"digits": model_of(package(BLOCK), 2)})
        await until(lambda: fleet.model("digits") == ("failed", 2))
        assert shelf.models["digits"].version_code == 1
        assert "there is no such content" in (fleet.reported[-1].models or {})["digits"].error
        await fleet.desire({}, models={"digits": model_of(first, 1)})
        await until(lambda: fleet.model("digits") == ("installed", 1))


async def test_a_download_goes_on_after_a_restart_and_a_broker_crash(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data, shelf = fleet.add(package(8 * BLOCK)), ModelShelf()
    released = asyncio.Event()
    fleet.alter = lambda block: block if block.offset < 3 * BLOCK or released.is_set() else None
    async with kiosk(broker.url, tmp_path, models=shelf):
        await fleet.desire({}, models={"digits": model_of(data)})
        await until(lambda: fleet.model("digits")[0] == "downloading")
        await until(lambda: (fleet.reported[-1].models or {})["digits"].received == 3 * BLOCK)
    broker.kill()
    fleet.requests.clear()
    released.set()
    async with kiosk(broker.url, tmp_path, models=shelf):
        broker.start_again()
        await until(lambda: fleet.model("digits") == ("installed", 1))
    assert min(request.offset for request in fleet.requests) == 3 * BLOCK


async def test_a_device_that_can_run_no_models_says_so_of_each(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(BLOCK))
    shelf = ModelShelf(why_not="this device runs no models: install one", own={"digits": Version()})
    async with kiosk(broker.url, tmp_path, models=shelf):
        await fleet.desire({}, models={"digits": model_of(data)})
        await until(lambda: fleet.model("digits")[0] == "failed")
    failed = ModelReport(1, "1.0", "failed", 0, len(data), "this device runs no models: install one", "refused")
    assert fleet.reported[-1].models == {"digits": failed}
    assert fleet.requests == []


async def test_a_device_that_takes_no_models_does_not_mention_any(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data, model = fleet.add(package(BLOCK)), fleet.add(package(BLOCK))
    async with kiosk(broker.url, tmp_path):
        await fleet.desire({"weather": target_of(data)}, models={"digits": model_of(model)})
        await until(lambda: fleet.phase("weather") == "installed")
    assert fleet.reported[-1].models is None


async def test_a_model_found_damaged_at_the_start_is_told_once(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(BLOCK))
    shelf = ModelShelf(faults={"digits": "model digits 2.0 is damaged on this device's disk"})
    async with kiosk(broker.url, tmp_path, models=shelf) as device:
        await fleet.desire({}, models={"digits": model_of(data, 2)})
        await until(lambda: fleet.model("digits") == ("installed", 2))
        await until(lambda: device.telemetry.pending() == 0)
    assert fleet.names().count("model_failed") == 1
