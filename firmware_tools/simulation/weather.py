"""What goes wrong around simulated devices, how often, and for each device its own fate, the same for one seed."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from device_runtime.errors import CygnetError

_HOUR = 3600.0
_DAY = 86_400.0


class WeatherError(CygnetError):
    """A weather that cannot be; the sentence says which figure, and what it may be."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Rates are of one device, an hour; shares are from 0 to 1; lengths of time are in seconds."""

    cuts: float = 0.0
    """Connections that end without a goodbye, an hour."""
    reboots: float = 0.0
    """Power cuts, an hour; nothing but the disk is left."""
    dark: float = 5.0
    """How long a device is without power then, at most."""
    full_disks: float = 0.0
    """Spells in which downloads find no room, an hour."""
    full: float = 20.0
    """How long such a spell is, at most."""
    loss: float = 0.0
    """The share of QoS 0 messages (blocks of content and what asks for them) that are lost."""
    repeats: float = 0.0
    """The share of messages that come twice."""
    spoilt: float = 0.0
    """The share of blocks of content in which a bit arrives as the other one."""
    delay: float = 0.0
    """How late a message may be; each is late by itself, so that they overtake each other."""
    behind: float = 0.0
    """How far a device's clock may be behind; one that was never set is so by years."""
    ahead: float = 0.0
    """How far a device's clock may be ahead. By more than a desired document is good for, it refuses them all."""

    def but(self, changes: Mapping[str, float]) -> "Weather":
        """The same with other figures.

        Raises:
            WeatherError: there is no such figure, or it cannot be that.
        """
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise WeatherError(f"a weather has no {name!r}; it has {', '.join(sorted(known))}")
            most = 1.0 if name in ("loss", "repeats", "spoilt") else math.inf
            if not (0 <= value <= most and math.isfinite(value)):
                expected = "a share from 0 to 1" if most == 1.0 else "a number from 0 on"
                raise WeatherError(f"{name} of a weather is {expected}, not {value:g}")
        return replace(self, **changes)


WEATHERS: Mapping[str, Weather] = {
    "calm": Weather(),
    "rough": Weather(
        cuts=20,
        reboots=6,
        full_disks=6,
        loss=0.02,
        repeats=0.02,
        spoilt=0.01,
        delay=0.2,
        behind=300,
        ahead=300,
    ),
    "storm": Weather(
        cuts=200,
        reboots=60,
        full_disks=40,
        loss=0.2,
        repeats=0.2,
        spoilt=0.1,
        delay=1.0,
        behind=400 * _DAY,
        ahead=10 * _DAY,
    ),
}
"""By name. In a storm a device is cut off every 18 seconds and without power every minute."""


class Fate:
    """The chances of one device: all that is random about it comes from here."""

    def __init__(self, seed: int, device: str, weather: Weather) -> None:
        self._random = random.Random(f"{seed} {device}")  # noqa: S311 - no secret
        self.weather = weather
        self.skew = self._random.uniform(-weather.behind, weather.ahead)

    def calm_down(self) -> None:
        """From now on nothing goes wrong any more, but that the clock stays wrong."""
        self.weather = Weather()

    def is_lost(self) -> bool:
        """Whether the next QoS 0 message is lost."""
        return self._random.random() < self.weather.loss

    def is_repeated(self) -> bool:
        """Whether the next message comes twice."""
        return self._random.random() < self.weather.repeats

    def arrives(self, payload: bytes) -> bytes:
        """The next answer of the fleet, as it arrives. What comes after its line of JSON may be spoilt."""
        begin = payload.find(b"\n") + 1
        if not 0 < begin < len(payload) or self._random.random() >= self.weather.spoilt:
            return payload
        place = self._random.randrange(begin, len(payload))
        return payload[:place] + bytes([payload[place] ^ 1 << self._random.randrange(8)]) + payload[place + 1 :]

    def delay(self) -> float:
        """How late the next message is, in seconds."""
        return self._random.uniform(0, self.weather.delay) if self.weather.delay else 0.0

    def next_event(self) -> tuple[float, str]:
        """What goes wrong next, and in how many seconds: ``cut``, ``reboot`` or ``full``; ``""``: nothing ever."""
        weather = self.weather
        rates = {"cut": weather.cuts, "reboot": weather.reboots, "full": weather.full_disks}
        total = sum(rates.values())
        if not total:
            return math.inf, ""
        kind = self._random.choices(list(rates), list(rates.values()))[0]
        return self._random.expovariate(total / _HOUR), kind

    def lasts(self, longest: float) -> float:
        """How long a spell is, in seconds."""
        return self._random.uniform(0.1 * longest, longest)
