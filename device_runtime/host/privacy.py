"""The privacy of one device: its file, its gate, and who is asked."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from device_runtime.host.dialogs import Dialogs
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.erasures import Erasures
from device_runtime.privacy.file import PrivacyFile, PrivacyFileError
from device_runtime.privacy.gate import SOURCE, PrivacyGate
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Ledger
from device_runtime.privacy.words import question
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value

logger = logging.getLogger(__name__)

ASK_SECONDS = 60.0
DECISIONS = frozenset({"grant", "refuse", "revoke", "profile"})
"""The acts of the ledger of which the fleet is told, each as an event of its name."""
_TOLD = "told_the_fleet"
_TOLD_AT_ONCE = 200
_HEAD_SECONDS = 3_600.0
_LOOK_SECONDS = 0.4
"""A word of the owner counts within a second, wherever it was said."""


class DevicePrivacy:
    """Everything about privacy that lives as long as the device runs."""

    def __init__(
        self, state: Path, settings: PrivacySettings, record: Callable[[str, str, Mapping[str, Value]], object]
    ) -> None:
        """
        Args:
            state: the folder of the device's state.
            settings: of its board.
            record: takes telemetry.

        Raises:
            PrivacyFileError: the file cannot be used.
        """
        self._file = PrivacyFile(state)
        self.ledger = Ledger(self._file)
        self.consents = Consents(self._file, self.ledger, organisation=settings.organisation)
        self.labels = Labels(self._file)
        self.erasures = Erasures(self._file, self.ledger)
        self.on_look: list[Callable[[], None]] = []
        """Called again and again while the device runs: another process may have changed something."""
        self.gate = PrivacyGate(self.consents, self.labels, self.ledger, record)
        self._watching: asyncio.Task[None] | None = None
        self._record = record
        self._told = int(self.ledger.noted(_TOLD) or 0)
        self._head_told, self._head_at = 0, -_HEAD_SECONDS

    def start(self) -> None:
        """Notice what the owner's command changes while the device runs."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name="privacy")

    async def _watch(self) -> None:
        while True:
            try:
                self.consents.look()
                self._tell()
                for look in self.on_look:
                    look()
            except PrivacyFileError as error:
                logger.error("%s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    def _tell(self) -> None:
        """Tell the fleet what people decided since the last time, and now and then how far the ledger is: who changes
        it later cannot change what the fleet has."""
        number, digest = self.ledger.head
        while self._told < number and (entries := self.ledger.entries(self._told, _TOLD_AT_ONCE)):
            for entry in entries:
                if entry.act in DECISIONS:
                    values: dict[str, Value] = {"app_id": entry.app, "item": entry.item, "who": entry.who}
                    self._record(SOURCE, entry.act, values | {"number": entry.number, "hash": entry.hash})
            self._told = entries[-1].number
            self.ledger.note(_TOLD, str(self._told))
        now = time.monotonic()
        if number != self._head_told and now - self._head_at >= _HEAD_SECONDS:
            self._record(SOURCE, "head", {"number": number, "hash": digest})
            self._head_told, self._head_at = number, now

    def close(self) -> None:
        """The device stops."""
        if self._watching is not None:
            self._watching.cancel()
        self.gate.close()
        self._file.close()


class ScreenAsker:
    """Asks on the screen, and aloud where the board speaks. The first answer counts; no answer is none."""

    def __init__(
        self,
        dialogs: Dialogs,
        name_of: Callable[[str], str],
        seconds: float = ASK_SECONDS,
    ) -> None:
        """
        Args:
            dialogs: where questions are shown.
            name_of: the name of a program, by its app id.
            seconds: after which a question is taken back.
        """
        self._dialogs, self._name_of, self._seconds = dialogs, name_of, seconds

    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:
        """What somebody tapped; ``None``: nobody did."""
        shown = {
            "title": "",
            "content": question(items, self._name_of(app)),
            "confirmText": "Allow",
            "cancelText": "Do not",
            "confirmColor": "",
        }
        answer = await self._dialogs.ask(shown, self._seconds)
        if not isinstance(answer, dict):
            return None
        return answer.get("confirm") is True
