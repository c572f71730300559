"""A weather service for the demo: real HTTP and JSON, so that the weather program has somebody to ask.

The figures are computed from each city's climate normals (rounded from public tables) and a fixed pseudo-random
course of days; they are plausible for the season and honest about it in the member ``source``. A board's
``[request.hosts]`` table maps the origin that the program declares to this service:

    [request.hosts]
    "https://weather.example" = "http://127.0.0.1:8371"

``GET /cities`` -> ``{"cities": [name, …]}``; ``GET /forecast?city=NAME`` -> see :func:`forecast`; an unknown city is
a 404 with ``{"error": sentence}``. Temperatures are in degrees Celsius, wind in m/s, rain in mm, chances in percent.
"""

import asyncio
import contextlib
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
from aiohttp import web

from device_runtime.values import Value

HOURS = 12
DAYS = 7


@dataclass(frozen=True, slots=True)
class City:
    """Climate normals: ``mean`` and ``swing`` of the daily mean temperature over the year, ``spread`` between a
    day's low and high (all in degrees Celsius), ``wet`` the share of days with rain; ``hour`` is the offset of its
    winter clock from UTC."""

    name: str
    country: str
    latitude: float
    hour: int
    mean: float
    swing: float
    spread: float
    wet: float


CITIES = {
    city.name.lower(): city
    for city in (
        City("Beijing", "China", 39.9, 8, 13.1, 15.5, 10.0, 0.19),
        City("Berlin", "Germany", 52.5, 1, 10.1, 9.8, 8.0, 0.31),
        City("London", "United Kingdom", 51.5, 0, 11.6, 6.9, 7.0, 0.35),
        City("Nairobi", "Kenya", -1.3, 3, 19.0, 1.6, 11.0, 0.27),
        City("New York", "United States", 40.7, -5, 13.2, 12.4, 8.0, 0.33),
        City("Oslo", "Norway", 59.9, 1, 6.7, 10.9, 7.0, 0.33),
        City("Shanghai", "China", 31.2, 8, 17.4, 12.0, 7.0, 0.35),
        City("Sydney", "Australia", -33.9, 10, 18.2, 5.2, 8.0, 0.30),
        City("Tokyo", "Japan", 35.7, 9, 16.0, 10.8, 8.0, 0.31),
    )
}


def forecast(city: City, now: datetime) -> dict[str, Value]:
    """The forecast for ``city`` at ``now`` (an aware time): ``now``, ``hours`` (the next ``HOURS``, from the present
    one) and ``days`` (``DAYS`` from today), in the city's own winter time."""
    local = now.astimezone(UTC).replace(tzinfo=None) + timedelta(hours=city.hour)
    start = local.replace(minute=0, second=0, microsecond=0)
    hours = [_hour(city, start + timedelta(hours=offset)) for offset in range(HOURS)]
    midnight = start.replace(hour=0)
    return {
        "city": city.name,
        "country": city.country,
        "issued": local.isoformat(timespec="minutes"),
        "source": "computed from climate normals for demonstration; not a measurement",
        "now": {
            "temperature": _tenth(_temperature(city, local)),
            "condition": _condition(city, local),
            "wind": _tenth(1 + 7 * _course(city, "wind", local, 9)),
            "humidity": round(45 + 45 * _course(city, "wet", local, 14)),
        },
        "hours": [*hours],
        "days": [_day(city, midnight + timedelta(days=offset)) for offset in range(DAYS)],
    }


def _hour(city: City, time: datetime) -> dict[str, Value]:
    return {
        "time": time.isoformat(timespec="minutes"),
        "temperature": _tenth(_temperature(city, time)),
        "condition": _condition(city, time),
        "rain_chance": _rain_chance(city, time),
    }


def _day(city: City, midnight: datetime) -> dict[str, Value]:
    times = [midnight + timedelta(hours=hour) for hour in range(24)]
    temperatures = [_temperature(city, time) for time in times]
    wettest = max(times, key=lambda time: _rain_chance(city, time))
    wet = _rain_chance(city, wettest) > 50
    rain = sum(max(0, _rain_chance(city, time) - 50) * 0.02 for time in times)
    noon = midnight + timedelta(hours=13)
    return {
        "date": midnight.date().isoformat(),
        "low": _tenth(min(temperatures)),
        "high": _tenth(max(temperatures)),
        "condition": _condition(city, wettest if wet else noon),
        "rain_chance": _rain_chance(city, wettest),
        "rain": max(0.1, _tenth(rain)) if wet else 0.0,
    }


def _temperature(city: City, time: datetime) -> float:
    """The season's mean, the hour's place in the day, and a drift of some days."""
    day = time.timetuple().tm_yday + time.hour / 24
    warmest = 200 if city.latitude >= 0 else 17
    season = city.mean + city.swing * math.cos(2 * math.pi * (day - warmest) / 365.25)
    hour = time.hour + time.minute / 60
    daily = city.spread / 2 * math.cos(2 * math.pi * (hour - 15) / 24)
    drift = 6 * (_course(city, "drift", time, 60) - 0.5)
    return season + daily + drift


def _rain_chance(city: City, time: datetime) -> int:
    """Percent; above 50 it rains."""
    wetness = _course(city, "wet", time, 14)
    # Wetness is even from 0 to 1 over time; the wettest share of it, `city.wet`, is rain.
    return min(95, max(0, round(50 + 90 * (wetness - (1 - city.wet)))))


def _condition(city: City, time: datetime) -> str:
    chance, temperature = _rain_chance(city, time), _temperature(city, time)
    if chance > 50:
        if temperature < 1:
            return "snow"
        return "storm" if chance > 75 and temperature > 20 else "rain"
    clouds = 0.6 * _course(city, "clouds", time, 18) + 0.4 * chance / 50
    if clouds > 0.72 and 2 <= time.hour <= 9 and temperature < 12:
        return "fog"
    return "cloud" if clouds > 0.6 else "partly" if clouds > 0.32 else "sun"


def _course(city: City, quantity: str, time: datetime, period_hours: float) -> float:
    """A smooth pseudo-random course from 0 to 1: cosine interpolation between fixed points every ``period_hours``."""
    position = (time - datetime(2020, 1, 1)) / timedelta(hours=period_hours)  # noqa: DTZ001 the city's own clock
    index = math.floor(position)
    weight = (1 - math.cos(math.pi * (position - index))) / 2
    return _point(city, quantity, index) * (1 - weight) + _point(city, quantity, index + 1) * weight


def _point(city: City, quantity: str, index: int) -> float:
    digest = hashlib.blake2b(f"{city.name}/{quantity}/{index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 0xFFFFFFFF


def _tenth(value: float) -> float:
    return round(value, 1)


def _system_clock() -> datetime:
    return datetime.now(UTC)


def weather_application(clock: Callable[[], datetime] = _system_clock) -> web.Application:
    """The service as an aiohttp application; ``clock`` says what time it is."""

    async def list_cities(request: web.Request) -> web.Response:  # noqa: ARG001 a handler's shape
        return web.json_response({"cities": [city.name for city in CITIES.values()]})

    async def give_forecast(request: web.Request) -> web.Response:
        wanted = request.query.get("city", "")
        city = CITIES.get(wanted.strip().lower())
        if city is None:
            known = ", ".join(item.name for item in CITIES.values())
            return web.json_response({"error": f"no forecast for {wanted[:80]!r}; known are {known}"}, status=404)
        return web.json_response(forecast(city, clock()))

    application = web.Application()
    application.router.add_get("/cities", list_cities)
    application.router.add_get("/forecast", give_forecast)
    return application


class WeatherService:
    """The service on a port of this machine."""

    def __init__(self, clock: Callable[[], datetime] = _system_clock) -> None:
        self._runner = web.AppRunner(weather_application(clock), access_log=None)
        self.origin = ""

    async def start(self, port: int = 0) -> str:
        """Listen on ``127.0.0.1``; port 0 takes a free one. Returns the origin, ``http://127.0.0.1:PORT``.

        Raises:
            OSError: the port is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.origin

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


@click.command()
@click.option("--port", default=0, show_default=True, help="Port of the loopback address; 0 takes a free one.")
def main(port: int) -> None:
    """Serve the weather on this machine until it is stopped."""

    async def serve() -> None:
        service = WeatherService()
        click.echo(f"The weather is at {await service.start(port)}")
        try:
            await asyncio.Event().wait()
        finally:
            await service.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
