"""A fleet's database with devices in it that say what a test tells them to say, and a clock that a test moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.engine import AT_ONCE, Step, advance
from firmware_tools.fleet.rollouts.records import Counted, Rollout
from firmware_tools.fleet.rollouts.store import RolloutStore
from firmware_tools.fleet.rollouts.verbs import RolloutVerbs
from firmware_tools.fleet.schema import assignments, devices, programs, releases

APP = "org.example.lamp"
START = 1_800_000_000.0


@dataclass
class Scene:
    """``report`` is how devices answer: by device, the phase and the further members of their report of the program."""

    database: Database
    now: float = START
    told: list[str] = field(default_factory=list)

    def enroll(self, count: int, status: str = "online") -> list[str]:
        names = [f"d{number:05}" for number in range(count)]
        rows = [
            {"id": name, "name": "", "enrolled_at": 1.0, "desired_version": 1, "status": status, "board": "speaker"}
            for name in names
        ]
        with self.database.transaction() as connection:
            connection.execute(insert(devices), rows)
        return names

    def publish(self, *codes: int) -> None:
        with self.database.transaction() as connection:
            if connection.scalar(select(programs.c.app_id)) is None:
                connection.execute(insert(programs).values(app_id=APP, name="Lamp"))
            for code in codes:
                connection.execute(
                    insert(releases).values(
                        app_id=APP,
                        version_code=code,
                        version_name=f"1.{code}",
                        sha256=f"{code:064}",
                        size=1000,
                        published_at=1.0,
                    )
                )

    def assign(self, chosen: Sequence[str], code: int) -> None:
        with self.database.transaction() as connection:
            release = connection.scalar(select(releases.c.id).where(releases.c.version_code == code))
            assert release is not None
            Registry(connection).bulk.assign_program(chosen, release, launch=False)

    def rollout(self, code: int = 2, **plan: Any) -> int:
        """Make one and start it."""
        number = self.make(code, **plan)
        self.verbs("ada", "start", number)
        return number

    def make(self, code: int = 2, **plan: Any) -> int:
        if not {"group", "query", "devices"} & plan.keys():
            plan["query"] = "all"
        with self.database.transaction() as connection:
            store = RolloutStore(connection)
            return store.create("program", APP, code, plan, "", "ada", self.now).id

    def verbs(self, actor: str, verb: str, *arguments: Any, **options: Any) -> Any:
        with self.database.transaction() as connection:
            return getattr(RolloutVerbs(connection, actor, self.now), verb)(*arguments, **options)

    def step(self, number: int, at_once: int = AT_ONCE) -> Step:
        with self.database.transaction() as connection:
            step = advance(connection, number, self.now, at_once)
        self.told += step.told
        return step

    def settle(self, number: int) -> Rollout:
        """Let it go as far as it goes now."""
        for _ in range(200):
            if not self.step(number).changed:
                return self.get(number)
        raise AssertionError("it does not come to rest")

    def get(self, number: int) -> Rollout:
        with self.database.transaction() as connection:
            return RolloutStore(connection).rollout(number)

    def states(self, number: int) -> dict[Counted, int]:
        """How many devices are in each state."""
        with self.database.transaction() as connection:
            return RolloutStore(connection).counts_of([number])[number]

    def who(self, number: int, state: str) -> list[str]:
        with self.database.transaction() as connection:
            store = RolloutStore(connection)
            return [found.device for found in store.devices(store.rollout(number), state=state, limit=1000)]

    def events(self, number: int) -> list[tuple[str, str]]:
        with self.database.transaction() as connection:
            store = RolloutStore(connection)
            return [(event.actor, event.action) for event in store.events(store.rollout(number))]

    def should(self) -> dict[str, int]:
        """The version that each device should have."""
        query = select(assignments.c.device, releases.c.version_code).join(
            releases, releases.c.id == assignments.c.release_id
        )
        with self.database.transaction() as connection:
            return {row.device: row.version_code for row in connection.execute(query)}

    def say(self, chosen: Sequence[str], phase: str = "installed", code: int | None = None, **more: Any) -> None:
        """These devices know what they should have, and report it in this phase (with ``code``: this version)."""
        wanted = self.should()
        with self.database.transaction() as connection:
            for device in chosen:
                version = connection.scalar(select(devices.c.desired_version).where(devices.c.id == device))
                has = code if code is not None else wanted.get(device)
                report = {"version_code": has, "version_name": "x", "phase": phase, **more}
                reported = {"desired_version": version, "programs": {APP: report} if has else {}, "models": {}}
                connection.execute(update(devices).where(devices.c.id == device).values(reported=reported))

    def set_status(self, chosen: Sequence[str], status: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(devices).where(devices.c.id.in_(chosen)).values(status=status))

    def obey(self, number: int) -> Rollout:
        """All devices that were handed something have it at once, and time passes until they have soaked."""
        for _ in range(40):
            self.settle(number)
            handed = self.who(number, "handed")
            self.say(handed)
            self.settle(number)
            self.now += 3600
            if not self.step(number).changed and not handed:
                break
        return self.settle(number)
