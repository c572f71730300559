"""What pages of tools may ask for, done."""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from device_runtime.capability.storage import MAX_PROGRAM_BYTES
from device_runtime.errors import CygnetError
from device_runtime.host.board import board_names, find_board
from device_runtime.values import Value
from firmware_tools.simulator.boards import for_a_desk, with_size
from firmware_tools.simulator.messages import Command

if TYPE_CHECKING:
    from firmware_tools.simulator.simulator import Simulator

Answer = Mapping[str, Any] | None
_LARGEST, _SMALLEST = 4320, 120


class Commands:
    """Does what one checked message asks for, and gives the answer for the page that asked, if there is one."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    async def act(self, command: Command) -> Answer:
        """Do it.

        Raises:
            CygnetError: it cannot be done; the sentence is for the developer.
        """
        answer: Answer = await getattr(self, f"_do_{command.name}")(**command.values)
        return answer

    async def _do_reload(self) -> Answer:
        self._simulator.spawn(self._simulator.restart())
        return None

    async def _do_clear(self, panel: str) -> Answer:
        self._simulator.inspector.clear(panel)
        return None

    # ------------------------------------------------------------------ storage

    async def _do_storage(self) -> Answer:
        simulator = self._simulator
        app_id, storage = simulator.app_id, simulator.device.storage
        used = await storage.used(app_id)
        entries = await asyncio.to_thread(storage.load, app_id)
        return {
            "type": "storage",
            "entries": [
                [key, value, len(json.dumps(value, ensure_ascii=False).encode())] for key, value in entries.items()
            ],
            "used": used,
            "quota": MAX_PROGRAM_BYTES,
        }

    async def _do_storage_set(self, key: str, value: str) -> Answer:
        if not key:
            raise CygnetError("a key must not be empty")
        try:
            parsed: Value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise CygnetError(f"the value is not JSON: {error}; a text stands in double quotes") from error
        await self._simulator.device.storage.set(self._simulator.app_id, key, parsed)
        return self._edited({"key": key, "value": parsed, "removed": False})

    async def _do_storage_remove(self, key: str) -> Answer:
        await self._simulator.device.storage.remove(self._simulator.app_id, key)
        return self._edited({"key": key, "value": None, "removed": True})

    async def _do_storage_clear(self) -> Answer:
        await self._simulator.device.storage.clear(self._simulator.app_id)
        return self._edited({"key": None, "value": None, "removed": True})

    def _edited(self, change: dict[str, Value]) -> Answer:
        """The program holds its values in memory; it reads the new ones from now on."""
        session = self._simulator.device.desk.running(self._simulator.app_id)
        if session is not None:
            session.capability_event("storageEdited", change)
        self._simulator.tools.publish({"type": "storage_changed"})
        return None

    # ------------------------------------------------------------------ rules

    async def _do_permission(self, name: str, allowed: bool | None) -> Answer:
        _choose(self._simulator.rules.permissions, name, allowed)
        self._simulator.tell_surroundings()
        return None

    async def _do_origin(self, kind: str, origin: str, allowed: bool | None) -> Answer:
        rules = self._simulator.rules.origins.get(kind)
        if rules is None:
            raise CygnetError(f"{kind!r} is no kind of origin; known are request and socket")
        _choose(rules, origin, allowed)
        self._simulator.tell_surroundings()
        return None

    # ------------------------------------------------------------------ looking

    async def _do_page(self, page: int, owner: int, what: str) -> Answer:
        if what not in ("data", "nodes", "components"):
            raise CygnetError(f"{what!r} is nothing that a page has; known are data, nodes and components")
        self._simulator.session().inspect(page=page, owner=owner, what=what)
        return None

    async def _do_entry(self, id: int) -> Answer:  # noqa: A002 the protocol's word
        entry = self._simulator.inspector.network.entry(id)
        return {"type": "entry", "entry": entry} if entry is not None else None

    async def _do_source(self, file: str) -> Answer:
        text = self._simulator.sources.read(file)
        if text is None:
            raise CygnetError(f"{file} is no text in the program's folder")
        return {"type": "source", "file": file, "path": str(self._simulator.sources.find(file)), "text": text}

    # ------------------------------------------------------------------ acting

    async def _do_open(self, path: str) -> Answer:
        self._simulator.session().open(path)
        return None

    async def _do_say(self, text: str) -> Answer:
        self._simulator.spawn(self._simulator.device.conversation.typed(text))
        return None

    async def _do_board(self, board: str) -> Answer:
        if board not in board_names():
            raise CygnetError(f"there is no board {board!r}; known are {', '.join(board_names())}")
        current = self._simulator.board
        chosen = for_a_desk(find_board(board), voice=current.voice.enabled, organisation=self._simulator.organisation)
        self._simulator.spawn(self._simulator.use_board(chosen))
        return None

    async def _do_size(self, width: int, height: int) -> Answer:
        if not (_SMALLEST <= width <= _LARGEST and _SMALLEST <= height <= _LARGEST):
            raise CygnetError(f"a screen is {_SMALLEST} to {_LARGEST} pixels wide and high, not {width} x {height}")
        self._simulator.spawn(self._simulator.use_board(with_size(self._simulator.board, width, height)))
        return None

    async def _do_theme(self, theme: str) -> Answer:
        if theme not in ("light", "dark"):
            raise CygnetError(f"{theme!r} is no theme; known are light and dark")
        self._simulator.spawn(self._simulator.use_theme("dark" if theme == "dark" else "light"))
        return None

    async def _do_offline(self, offline: bool) -> Answer:
        await self._simulator.use_network(offline=offline)
        return None


def _choose(rules: dict[str, bool], name: str, allowed: bool | None) -> None:
    """``None`` is what the manifest says."""
    if allowed is None:
        rules.pop(name, None)
    else:
        rules[name] = allowed
