"""The hardware watchdog, where the board has one: it resets the board when nobody fed it for some seconds."""

try:
    from typing import Any
except ImportError:
    pass

_LONGEST_MS = 8_000
"""The RP2040 counts no further than 8.3 s."""
_HOLD_MS = 1_000


class Watchdog:
    """Fed by the event loop's own task: a loop that hangs starves it."""

    def __init__(self, seconds: int) -> None:
        """Start it; ``seconds`` = 0, or a port without one (the unix port), means none."""
        self._timer: Any = None
        self._device: Any = None
        if seconds:
            try:
                from machine import WDT

                self._device = WDT(timeout=min(seconds * 1000, _LONGEST_MS))
            except (ImportError, ValueError, OSError):
                pass  # the board goes on without

    def feed(self) -> None:
        """Show that we are there."""
        if self._device is not None:
            self._device.feed()

    def allow(self, seconds: int) -> None:
        """Something that blocks for up to so long is about to happen (a name look-up, a TLS handshake)."""
        self._feed_by_timer(seconds)

    def hold(self) -> None:
        """Somebody at the keyboard stopped the runtime: keep the board up as long as they work at it."""
        self._feed_by_timer(0)

    def _feed_by_timer(self, seconds: int) -> None:
        """Have a timer feed it, for so many seconds or (0) for ever. Timers of boards go on while Python waits in C."""
        if self._device is None:
            return
        self.feed()
        left = seconds

        def tick(timer: "Any") -> None:
            nonlocal left
            self.feed()
            left -= 1
            if left == 0:
                timer.deinit()
                self._timer = None

        try:
            from machine import Timer

            if self._timer is not None:
                self._timer.deinit()
            self._timer = Timer(-1)
            self._timer.init(period=_HOLD_MS, callback=tick)
        except (ImportError, ValueError, OSError, TypeError):
            pass  # a port without such timers: what blocks must be shorter than the watchdog


def restart() -> bool:
    """Reset the board; False on a port that cannot (the unix port), where the process is to end."""
    try:
        from machine import reset
    except ImportError:
        return False
    reset()
    return True
