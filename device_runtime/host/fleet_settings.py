"""The settings that the fleet desires, followed: in place of the board file's, at once, and told back."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from device_runtime.host.desk import SOURCE
from device_runtime.host.settings import DAILY_BYTES, fault_of, rules_with
from device_runtime.sync.settings_messages import SettingReport
from device_runtime.update.rules import RulesInForce, UpdateRules
from device_runtime.values import Value

logger = logging.getLogger(__name__)

_LONGEST = 256


class Metered(Protocol):
    """The queue of telemetry."""

    def set_daily_bytes(self, count: int) -> None:
        """Change what a day's telemetry may use on the wire, in bytes; 0 for any number."""


class FleetSettings:
    """Follows the fleet.

    Args:
        board: the rules of the board file, which hold where the fleet sets nothing.
        daily_bytes: of the board file.
        queue: whose bytes are counted.
        record: ``record(source, name, values)`` notes telemetry.

    Attributes:
        rules: for all that has to do with updates.
    """

    def __init__(
        self,
        board: UpdateRules,
        daily_bytes: int,
        queue: Metered,
        record: Callable[[str, str, Mapping[str, Value]], object],
    ) -> None:
        self._board, self._daily_bytes, self._queue, self._record = board, daily_bytes, queue, record
        self.rules = RulesInForce(board)
        self._reports: dict[str, SettingReport] = {}

    def hear(self, settings: Mapping[str, Value]) -> None:
        """All that the fleet wants set now. What cannot be followed leaves the others alone; the fleet is told."""
        faults = {name: fault_of(name, value) for name, value in settings.items()}
        good = {name: value for name, value in settings.items() if not faults[name]}
        daily = good.get(DAILY_BYTES)
        self._queue.set_daily_bytes(daily if isinstance(daily, int) else self._daily_bytes)
        self.rules.now = rules_with(self._board, good)
        before = self._reports
        self._reports = {name: SettingReport(_shown(value), faults[name]) for name, value in settings.items()}
        for name, report in self._reports.items():
            if report.error and before.get(name) != report:
                logger.warning("a setting of the fleet is not followed: %s", report.error)
        refused = sorted(name for name, fault in faults.items() if fault)
        if refused:
            self._record(SOURCE, "settings_ignored", {"names": ", ".join(refused)[:300]})

    def reports(self) -> dict[str, SettingReport]:
        """Each setting that the fleet wants: its value, and why it is not followed."""
        return dict(self._reports)


def _shown(value: Value) -> Value:
    """The value, if it is of a size that one of a setting may have."""
    return value if len(json.dumps(value)) <= _LONGEST else None
