"""When a device says what it has: at once when that has changed, and while something is on its way ever more seldom.

The report is retained and replaces the one before, so nothing is lost by waiting; but thousands of devices that take
the same release at the same time would tell their fleet of each step each second.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from device_runtime.errors import CygnetError
from device_runtime.sync.messages import Reported, encode
from device_runtime.sync.pace import Pace
from device_runtime.sync.transport import TransportError

log = logging.getLogger(__name__)

_ON_ITS_WAY = frozenset({"downloading", "trial"})


class Reporting:
    """Runs for ever; :meth:`look` when something may have changed."""

    def __init__(
        self,
        pace: Pace,
        compose: Callable[[], Reported],
        online: Callable[[], Awaitable[None]],
        send: Callable[[bytes], Awaitable[None]],
        refuse: Callable[[str], None],
    ) -> None:
        """
        Args:
            pace: how often.
            compose: what there is now.
            online: waits for a connection.
            send: sends a report; raises :class:`TransportError`.
            refuse: hears why a report cannot be made or may not be sent.
        """
        self._pace, self._compose, self._online, self._send, self._refuse = pace, compose, online, send, refuse
        self._woken = asyncio.Event()
        self._must_repeat = True

    def look(self) -> None:
        """Something may have changed."""
        self._woken.set()

    def repeat(self) -> None:
        """The fleet may not have the last report: say it all again, changed or not."""
        self._must_repeat = True
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: report what changed, by what somebody said or by looking now and then."""
        last: Reported | None = None
        gap, next_step = self._pace.report, 0.0
        while True:
            await self._wait(max(0.0, next_step - _now()))
            await self._online()
            self._woken.clear()
            reported = self._compose()
            if reported == last and not self._must_repeat:
                continue
            under_way = _is_under_way(reported)
            if under_way and _now() < next_step and not self._must_repeat:
                await asyncio.sleep(self._pace.report)  # each block that comes wakes us
                continue
            self._must_repeat = False
            try:
                await self._send(encode(reported))
            except TransportError as error:
                log.debug("a report is sent again: %s", error)
                self.repeat()
            except CygnetError as error:
                self._refuse(str(error))
            else:
                last = reported
                gap = min(2 * gap, self._pace.progress) if under_way else self._pace.report
                next_step = _now() + gap if under_way else 0.0
            await asyncio.sleep(self._pace.report)

    async def _wait(self, until_next_step: float) -> None:
        """Until something may have changed, it is time to look, or a step that was held back may be told."""
        patience = min(self._pace.watch, until_next_step or self._pace.watch)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._woken.wait()


def _is_under_way(reported: Reported) -> bool:
    """Whether there is soon more to tell of something: not if it waits, for a good moment or for another try."""
    programs = any(report.phase in _ON_ITS_WAY for report in reported.programs.values())
    return programs or any(report.phase in _ON_ITS_WAY for report in (reported.models or {}).values())


def _now() -> float:
    return asyncio.get_running_loop().time()
