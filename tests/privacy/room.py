"""A gate with all its parts on a real file, and a person who answers as a test says."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from device_runtime.privacy.consents import Consents
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.gate import PrivacyGate
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Entry, Ledger
from device_runtime.program.data_plan import DataItem, DataPlan
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.values import Value

APP = "org.example.weather"
ORIGIN = "https://api.weather.example"


def item(name: str, **members: Any) -> dict[str, Any]:
    """An item of a plan, as a manifest has it: usage for the fleet, unless ``members`` say otherwise."""
    return {
        "name": name, "category": "usage", "fields": {"station": "text"}, "purpose": "improvement",
        "reason": "To see which stations are heard", "retention_days": 30, "destination": "fleet",
    } | members  # fmt: skip


def plan(*items: Mapping[str, Any], origins: Sequence[str] = (ORIGIN,)) -> DataPlan:
    """The plan of a manifest with these items."""
    return manifest(data_plan=list(items), network={"request": list(origins), "socket": []}).data_plan


def manifest(**cygnet: Any) -> Manifest:
    """A manifest with these members under ``cygnet``."""
    document = {
        "app_id": APP, "name": "Weather", "version": {"code": 1, "name": "1"}, "platform_version": {"min_code": 1},
        "pages": ["pages/index"], "icons": [], "cygnet": cygnet,
    }  # fmt: skip
    return parse_manifest(json.dumps(document))


class Person:
    """Answers questions; ``None`` is no answer. ``asked`` are the names of the items of each question."""

    def __init__(self, answer: bool | None) -> None:
        self.answer, self.asked = answer, list[list[str]]()
        self.thinks: asyncio.Event | None = None

    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:  # noqa: ARG002 - one program
        self.asked.append([each.name for each in items])
        if self.thinks is not None:
            await self.thinks.wait()
        return self.answer


class Room:
    """A device's privacy, at Unix time ``now``."""

    def __init__(self, folder: Path, answer: bool | None = None, organisation: str = "") -> None:
        self.now = 1_800_000_000.0
        self.told: list[tuple[str, Mapping[str, Value]]] = []
        self.file = PrivacyFile(folder)
        self.ledger = Ledger(self.file, lambda: self.now)
        self.consents = Consents(self.file, self.ledger, organisation=organisation, clock=lambda: self.now)
        self.labels = Labels(self.file, lambda: self.now)
        self.gate = PrivacyGate(
            self.consents, self.labels, self.ledger, lambda _source, name, values: self.told.append((name, values)),
            lambda: self.now,
        )  # fmt: skip
        self.person = Person(answer)
        self.gate.asker = self.person

    def allow(self, of: DataPlan, *names: str) -> None:
        """The owner said yes to these items, or to all."""
        self.consents.decide(
            APP, [each for each in of.items if not names or each.name in names], granted=True, who="owner"
        )

    def refuse(self, of: DataPlan, *names: str) -> None:
        """The owner said no, or changed their mind."""
        self.consents.decide(
            APP, [each for each in of.items if not names or each.name in names], granted=False, who="owner"
        )

    def written(self) -> list[Entry]:
        """The ledger without its first line."""
        self.ledger.flush()
        return self.ledger.entries()[1:]

    def acts(self) -> list[tuple[str, str]]:
        """What it says, and of which item."""
        return [(entry.act, entry.item) for entry in self.written()]

    def close(self) -> None:
        self.gate.close()
        self.file.close()
