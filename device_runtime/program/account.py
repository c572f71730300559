"""What the host keeps account of for one worker: what it sends, what it asks, what it uses."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from device_runtime.program.allowance import Allowance
from device_runtime.program.limits import Limits
from device_runtime.program.usage import Usage

_MIB: Final = 1024 * 1024
# What a worker may send at once, as a part of what it may send in a second: so long nobody else is served.
_BURST: Final = 0.1
# The clock is looked at after so many messages or bytes: one message by itself is none of this.
_LOOK_MESSAGES: Final = 16
_LOOK_BYTES: Final = 64 * 1024
# What is left of its processor time when a program is warned, as a part of all.
_NEARLY: Final = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to say to a program, if anything; and whether it is to be ended for it."""

    text: str = ""
    ends: bool = False


_WELL: Final = Verdict()


class Account:
    """One worker's account; its own numbers do not enter into it."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._calls = Allowance(limits.calls_a_second, limits.calls_a_second, clock)
        self._messages = Allowance(limits.messages_a_second, limits.messages_a_second * _BURST, clock)
        sent = limits.sent_mb_a_second * _MIB
        self._sent = Allowance(sent, sent * _BURST, clock)
        self._processor = Allowance(limits.cpu_seconds_a_minute / 60.0, limits.cpu_seconds_a_minute, clock)
        self._new_messages = self._new_bytes = 0
        self._spent = 0.0
        self._warned = False

    def seconds_to_wait(self, size: int) -> float:
        """It has sent a message of this size: how long nothing more is taken from it."""
        self._new_messages += 1
        self._new_bytes += size
        if self._new_messages < _LOOK_MESSAGES and self._new_bytes < _LOOK_BYTES:
            return 0.0
        seconds = max(self._messages.owe(self._new_messages), self._sent.owe(self._new_bytes))
        self._new_messages = self._new_bytes = 0
        return seconds

    def may_call(self) -> bool:
        """It asks for a capability."""
        return self._calls.spend()

    def judge(self, usage: Usage) -> Verdict:
        """What its process has used until now."""
        limits = self._limits
        spent, self._spent = usage.cpu_seconds - self._spent, usage.cpu_seconds
        most = f"{limits.cpu_seconds_a_minute:g} s of processor time that it may use in a minute"
        if self._processor.owe(spent) > 0:
            return Verdict(f"it needs more than the {most}", ends=True)
        if usage.memory_bytes > limits.worker_memory_bytes:
            text = f"it needs more than the {limits.worker_memory_mb} MB of memory that it may have in all"
            return Verdict(text, ends=True)
        if self._processor.left >= limits.cpu_seconds_a_minute * _NEARLY:
            self._warned = False
            return _WELL
        if self._warned:
            return _WELL
        self._warned = True
        return Verdict(f"the program has nearly used up the {most}, and is ended if it goes on")
