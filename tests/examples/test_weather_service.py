"""The demo's weather is plausible, steady, and served over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.request import HttpClient
from firmware_tools.demo.weather_service import CITIES, WeatherService, forecast
from tests.capability.conftest import MakeCaller, make_caller  # noqa: F401 a fixture
from tests.open_privacy import OpenPrivacy

NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=UTC)


def days(city: str, start: datetime) -> list[dict[str, Any]]:
    listed: Any = forecast(CITIES[city], start)["days"]
    return list(listed)


@pytest.mark.parametrize("city", sorted(CITIES))
def test_every_day_of_a_year_is_within_the_possible(city: str) -> None:
    for week in range(52):
        for day in days(city, NOVEMBER + timedelta(weeks=week)):
            assert -30 < day["low"] <= day["high"] < 45
            assert 0 <= day["rain_chance"] <= 95
            assert (day["rain"] > 0) == (day["rain_chance"] > 50)
            assert day["condition"] in {"sun", "partly", "cloud", "fog", "rain", "snow", "storm"}
            if day["condition"] == "snow":
                assert day["low"] < 1


def test_seasons_are_those_of_each_hemisphere() -> None:
    def mean(city: str, month: int) -> float:
        listed = days(city, datetime(2026, month, 10, tzinfo=UTC))
        return float(sum(day["low"] + day["high"] for day in listed)) / len(listed) / 2

    assert mean("oslo", 1) < 3 < 12 < mean("oslo", 7)
    assert mean("sydney", 7) < mean("sydney", 1)
    assert mean("oslo", 11) < mean("nairobi", 11)


def test_it_rains_and_it_stays_dry() -> None:
    for city in CITIES:
        wet = [day["rain_chance"] > 50 for week in range(52) for day in days(city, NOVEMBER + timedelta(weeks=week))]
        assert 0.1 < sum(wet) / len(wet) < 0.9


def test_the_same_moment_has_the_same_weather_and_tomorrow_is_where_it_was() -> None:
    assert forecast(CITIES["tokyo"], NOVEMBER) == forecast(CITIES["tokyo"], NOVEMBER)
    assert days("tokyo", NOVEMBER)[1] == days("tokyo", NOVEMBER + timedelta(days=1))[0]


async def test_the_service_answers_over_http() -> None:
    service = WeatherService(lambda: NOVEMBER)
    origin = await service.start()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{origin}/cities") as response:
            assert "Oslo" in (await response.json())["cities"]
        async with session.get(f"{origin}/forecast", params={"city": " new york "}) as response:
            body = await response.json()
            assert (body["city"], len(body["hours"]), len(body["days"])) == ("New York", 12, 7)
            assert body["issued"] == "2026-11-23T07:00"
        async with session.get(f"{origin}/forecast", params={"city": "Atlantis"}) as response:
            assert response.status == 404
            assert "no forecast for 'Atlantis'" in (await response.json())["error"]
    await service.stop()


async def test_a_program_reaches_it_under_the_name_that_its_manifest_declares(make_caller: MakeCaller) -> None:  # noqa: F811
    service = WeatherService(lambda: NOVEMBER)
    client = HttpClient(NetworkPolicy(hosts={"https://weather.example": await service.start()}), OpenPrivacy())
    caller = make_caller(permissions=("request",), domains=("https://weather.example",))
    answer: Any = await client.request(caller, {"url": "https://weather.example/forecast", "data": {"city": "Oslo"}})
    assert answer["data"]["city"] == "Oslo"
    await client.close()
    await service.stop()
