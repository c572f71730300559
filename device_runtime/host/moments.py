"""What a device sees of the moment, for whoever asks whether it is a good one to switch to another version."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from device_runtime.capability.audio import Player
from device_runtime.capability.device import linux_battery
from device_runtime.capability.parts import Sensor
from device_runtime.update.machine import Update
from device_runtime.update.moment import Sight, objection
from device_runtime.update.records import Kind
from device_runtime.update.rules import Obstacle, RulesInForce

_NO = frozenset({"", "0", "false", "no", "off"})


class HeardPlayer:
    """A loudspeaker, and whether it sounds."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._sounds = 0

    @property
    def sounds(self) -> bool:
        """Whether something plays now."""
        return self._sounds > 0

    async def play(self, wav: bytes) -> float:
        """See :meth:`device_runtime.host.audio.AudioSink.play`."""
        self._sounds += 1
        try:
            return await self._player.play(wav)
        finally:
            self._sounds -= 1


class Moments:
    """Looks at the device with the rules that hold.

    Args:
        rules: those that hold.
        sensors: of the board, by name.
        in_front: the id of the program in front.
        users: the running programs that ask for a model.
        sounding: whether sound plays, or somebody is being listened to or answered.
        battery: charge in percent and whether it is on mains; None without a battery.
        clock: seconds that only rise.
        minute: of the day, by the board's own clock.
    """

    def __init__(
        self,
        rules: RulesInForce,
        sensors: Mapping[str, Sensor],
        in_front: Callable[[], str | None],
        users: Callable[[str], Collection[str]],
        sounding: Callable[[], bool],
        battery: Callable[[], tuple[int, bool] | None] = linux_battery,
        clock: Callable[[], float] = time.monotonic,
        minute: Callable[[], int] = lambda: time.localtime().tm_hour * 60 + time.localtime().tm_min,
    ) -> None:
        self._rules, self._sensors, self._in_front, self._users = rules, sensors, in_front, users
        self._sounding, self._battery, self._clock, self._minute = sounding, battery, clock, minute
        self._used_at: float | None = None

    def used(self) -> None:
        """Somebody touched a screen, or spoke."""
        self._used_at = self._clock()

    async def objection(self, kind: Kind, name: str, update: Update) -> str:
        """Why now is no good moment to switch this, or empty."""
        front = self._in_front()
        concerned = {name} if kind == "programs" else set(self._users(name))
        obstacles, battery = await asyncio.to_thread(self._look)
        sight = Sight(
            in_use=front is not None and front in concerned,
            idle=float("inf") if self._used_at is None else self._clock() - self._used_at,
            sound=self._sounding(),
            battery=battery,
            obstacles=obstacles,
            minute=self._minute(),
        )
        return objection(self._rules.now, sight, update)

    def _look(self) -> tuple[dict[str, str], int | None]:
        obstacles = {}
        for name, obstacle in self._rules.now.obstacles.items():
            why = self._obstacle(obstacle)
            if why is not None:
                obstacles[name] = why
        found = self._battery() if self._rules.now.battery_percent else None
        return obstacles, None if found is None or found[1] else found[0]

    def _obstacle(self, obstacle: Obstacle) -> str | None:
        """The end of a sentence, where it stands in the way: it is so, or it cannot be told."""
        try:
            if obstacle.file:
                words = Path(obstacle.file).read_text().split(maxsplit=1)
                return "" if (words[0] if words else "").lower() not in _NO else None
            value, unit = self._sensors[obstacle.sensor]()
        except (OSError, ValueError, KeyError) as error:
            return f": it cannot be told ({error})"
        return f" (it reads {value:g} {unit})".replace(" )", ")") if value > obstacle.above else None
