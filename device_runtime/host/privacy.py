"""The privacy of one device: its file, its gate, and who is asked."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from device_runtime.host.dialogs import Dialogs
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.counting import Counts
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.gate import PrivacyGate
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Ledger
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value

logger = logging.getLogger(__name__)

ASK_SECONDS = 60.0


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
        self.gate = PrivacyGate(self.consents, self.labels, self.ledger, record)
        self.counts = Counts(self._file, self.gate)

    def close(self) -> None:
        """The device stops."""
        self.gate.close()
        self._file.close()


class ScreenAsker:
    """Asks on the screen, and aloud where the board speaks. The first answer counts; no answer is none."""

    def __init__(
        self,
        dialogs: Dialogs,
        name_of: Callable[[str], str],
        question: Callable[[str, Sequence[DataItem]], str],
        seconds: float = ASK_SECONDS,
    ) -> None:
        """
        Args:
            dialogs: where questions are shown.
            name_of: the name of a program, by its app id.
            question: what is asked about items of a program with this name.
            seconds: after which a question is taken back.
        """
        self._dialogs, self._name_of, self._question, self._seconds = dialogs, name_of, question, seconds

    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:
        """What somebody tapped; ``None``: nobody did."""
        shown = {
            "title": "",
            "content": self._question(self._name_of(app), items),
            "confirmText": "Allow",
            "cancelText": "Do not",
            "confirmColor": "",
        }
        answer = await self._dialogs.ask(shown, self._seconds)
        if not isinstance(answer, dict):
            return None
        return answer.get("confirm") is True


def question(name: str, items: Sequence[DataItem]) -> str:
    """What a person is asked about items of a program."""
    return f"May {name} send {', '.join(item.name for item in items)}?"
