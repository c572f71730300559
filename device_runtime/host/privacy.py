"""The privacy of one device: its file, its gate, and who is asked."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import Desk
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.privacy_desk import PrivacyDesk
from device_runtime.host.privacy_folder import ORGANISATION
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.host.screen.server import ScreenServer
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.counting import Budget, Counts
from device_runtime.privacy.erasures import Erasures
from device_runtime.privacy.file import PrivacyFile, PrivacyFileError
from device_runtime.privacy.gate import PrivacyGate
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Ledger
from device_runtime.privacy.telling import LedgerTelling
from device_runtime.privacy.words import question, spoken
from device_runtime.program.data_plan import SENSITIVE, DataItem
from device_runtime.program.manifest import Manifest
from device_runtime.values import Value

logger = logging.getLogger(__name__)

ASK_SECONDS = 60.0
_PRESUMED = "presumed"
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
        if self.ledger.noted(ORGANISATION) != settings.organisation:
            self.ledger.note(ORGANISATION, settings.organisation)
        self.consents = Consents(self._file, self.ledger, organisation=settings.organisation)
        self.labels = Labels(self._file)
        self.erasures = Erasures(self._file, self.ledger)
        self.on_look: list[Callable[[], None]] = []
        """Called again and again while the device runs: another process may have changed something."""
        self.gate = PrivacyGate(self.consents, self.labels, self.ledger, record)
        self.counts = Counts(self._file, self.gate)
        self._watching: asyncio.Task[None] | None = None
        self._manifests: Callable[[], Sequence[Manifest]] = tuple
        self._telling = LedgerTelling(self.gate, record)

    def serve(
        self,
        dialogs: Dialogs,
        conversation: Conversation,
        desk: Desk,
        screen: ScreenServer,
        manifests: Callable[[], Sequence[Manifest]],
    ) -> PrivacyDesk:
        """Ask and hear the person at the device from now on; the result is what they see and change."""
        owner = PrivacyDesk(manifests, self.consents, self.labels, self.ledger, Budget(self._file))
        self.consents.on_change.append(lambda _app: screen.privacy_changed())
        self.erasures.on_change = screen.privacy_changed

        self._manifests = manifests

        def name_of(app_id: str) -> str:
            session = desk.running(app_id)
            return session.manifest.name if session is not None else app_id

        async def command(intent: str) -> str:
            if intent == "privacy":
                screen.show_privacy("")
                return "Here is what your programs may send."
            front = desk.front
            if front is None:
                return "Open the program that shall send nothing, and say it again."
            owner.decide(front, [], granted=False)
            return f"{name_of(front)} may not send or collect anything any more."

        self.gate.asker = PersonAsker(dialogs, conversation.question, name_of)
        conversation.on_command = command
        return owner

    def _presume(self) -> None:
        """Nobody knows any more what programs have heard or seen, and they have kept what they stored: what a plan or a
        permission let them have, they are taken to have had."""
        for manifest in self._manifests():
            had = {category for item in manifest.data_plan.items for category in item.covers if category in SENSITIVE}
            if "record" in manifest.permissions:
                had |= {"voice", "speech"}
            for category in sorted(had):
                self.labels.mark(manifest.app_id, category)

    def start(self) -> None:
        """Notice what the owner's command changes while the device runs.

        Raises:
            PrivacyFileError: the file cannot be written.
        """
        if self.ledger.began_after_a_broken_file and not self.ledger.noted(_PRESUMED):
            self._presume()
            self.ledger.note(_PRESUMED, "yes")
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name="privacy")

    async def _watch(self) -> None:
        while True:
            for look in (self.consents.look, self._telling.tell, *self.on_look):
                try:
                    look()
                except PrivacyFileError as error:
                    logger.error("%s", error)
                except Exception:  # a fault in one must not keep a no from being heard
                    logger.exception("the privacy of the device goes on after a fault")
            await asyncio.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """The device stops."""
        if self._watching is not None:
            self._watching.cancel()
        self.gate.close()
        self._file.close()


class PersonAsker:
    """Asks on the screen, and aloud where the board speaks. The first answer counts; no answer is none."""

    def __init__(
        self,
        dialogs: Dialogs,
        aloud: Callable[[str], Coroutine[Any, Any, bool]],
        name_of: Callable[[str], str],
        seconds: float = ASK_SECONDS,
    ) -> None:
        """
        Args:
            dialogs: where questions are shown.
            aloud: asks in words, and waits for a word.
            name_of: the name of a program, by its app id.
            seconds: after which a question is taken back.
        """
        self._dialogs, self._aloud, self._name_of, self._seconds = dialogs, aloud, name_of, seconds

    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:
        """What somebody tapped or said; ``None``: nobody did."""
        name = self._name_of(app)
        async with asyncio.TaskGroup() as group:
            shown = group.create_task(self._show(question(items, name)))
            said = group.create_task(self._say(spoken(items, name)))
            await asyncio.wait([shown, said], return_when=asyncio.FIRST_COMPLETED)
            answer = said.result() if said.done() and not shown.done() else await shown
            shown.cancel()
            said.cancel()
        return answer

    async def _say(self, text: str) -> bool:
        try:
            return await self._aloud(text)
        except Exception:  # the screen asks all the same
            logger.exception("a question could not be asked aloud")
            await asyncio.Event().wait()
            return False

    async def _show(self, text: str) -> bool | None:
        words: dict[str, Value] = {
            "title": "", "content": text, "confirmText": "Allow", "cancelText": "Do not allow", "guarded": True,
        }  # fmt: skip
        answer = await self._dialogs.ask(words, self._seconds)
        return answer.get("confirm") is True if isinstance(answer, dict) else None
