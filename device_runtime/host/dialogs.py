"""What programs put over their pages: shown on every screen; the first answer counts."""

import asyncio
import itertools
from collections.abc import Mapping

from device_runtime.host.screen.server import ScreenServer
from device_runtime.values import Value

_ANSWERED = frozenset({"showModal", "showActionSheet"})


class Dialogs:
    """Sends user interface of programs to the screens and gives their answers back to the programs."""

    def __init__(self) -> None:
        self._screen: ScreenServer | None = None
        self._numbers = itertools.count(1)
        self._open: dict[str, tuple[str, asyncio.Future[Value]]] = {}

    def use(self, screen: ScreenServer) -> None:
        """Draw on this screen from now on."""
        self._screen = screen

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:
        """Show one thing; where it asks something, wait for the answer, ``None`` for dismissed.

        See :class:`device_runtime.capability.ui.UserInterface`.
        """
        if self._screen is None:
            return None
        if name not in _ANSWERED:
            self._screen.ui(app_id, name, arguments)
            return None
        dialog = f"d{next(self._numbers)}"
        answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._open[dialog] = (app_id, answer)
        try:
            self._screen.ui(app_id, name, arguments, dialog)
            return await answer
        finally:
            self._open.pop(dialog, None)
            self._screen.close_dialog(dialog)

    async def ask(self, arguments: Mapping[str, Value], seconds: float) -> Value:
        """A question of the device itself, as ``showModal`` has it; ``None`` where nobody answers in time."""
        complete: dict[str, Value] = {
            "showCancel": True, "cancelColor": "", "confirmColor": "", "editable": False, "placeholderText": "",
        }  # fmt: skip
        try:
            async with asyncio.timeout(seconds):
                return await self.ui("", "showModal", complete | dict(arguments))
        except TimeoutError:
            return None

    def answer(self, app_id: str, dialog: str, result: Value) -> None:
        """A screen answered; an answer to what is no longer asked is dropped."""
        asked_by, waiting = self._open.get(dialog, ("", None))
        if waiting is not None and asked_by == app_id and not waiting.done():
            waiting.set_result(result)

    def dismiss_all(self, app_id: str) -> None:
        """The program ended: nobody waits for its answers any more."""
        for asked_by, waiting in list(self._open.values()):
            if asked_by == app_id and not waiting.done():
                waiting.set_result(None)
