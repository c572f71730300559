"""What grows for ever loses what is old, a little at a time: telemetry, as long as settings and plans say, and the
devices of rollouts."""

from dataclasses import dataclass

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.events import retention as telemetry
from firmware_tools.fleet.events.retention import Retention
from firmware_tools.fleet.privacy import retention as planned_retention
from firmware_tools.fleet.rollouts import retention as rollouts

_AT_ONCE, _RUNS_AT_ONCE = 2_000, 1_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Pruning:
    """``retention``: how long telemetry is kept; ``rollout_days``: for how many days after its end the devices of a
    rollout are, 0 for ever."""

    database: Database
    retention: Retention
    rollout_days: int

    def some(self, now: float) -> bool:
        """Delete a portion of what is too old at ``now`` (Unix seconds); whether there is more to delete at once.

        Raises:
            StorageError: the database refuses.
        """
        # A transaction each: neither holds its locks while the other works.
        with self.database.transaction() as connection:
            records = telemetry.prune_some(connection, self.retention, now, _AT_ONCE)
        with self.database.transaction() as connection:
            planned = planned_retention.prune_planned(connection, now, _RUNS_AT_ONCE)
            if self.retention.event and not planned and records < _AT_ONCE:  # once a turn: it looks at all of them
                planned_retention.prune_told(connection, now - self.retention.event * _DAY)
        with self.database.transaction() as connection:
            devices = rollouts.prune_some(connection, self.rollout_days, now, _AT_ONCE)
        return records == _AT_ONCE or planned or devices > 0
