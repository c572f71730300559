"""The one gate between a program and the board: known here? allowed by the manifest? then the part's own code."""

import gc
import sys

from .. import clock
from ..program.errors import CapabilityError

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..services import Services
        from .shapes import Pins, Provider, Values
except ImportError:
    pass

PERMISSIONS = {"led.set": "led", "inference.listen": "record", "inference.stop": "record"}
"""Capabilities that a manifest has to ask for, as on Linux."""
_METHODS = {"storage": ("get", "set", "remove"), "inference": ("open", "run", "close", "listen", "stop")}


class Gate:
    """What one program may ask of this board. ``pins`` are the board's (``pins.hardware``); parts are made, and
    their code is loaded, when :meth:`load` names them or they are first asked for. The program lies in ``folder``;
    ``lend`` is told how many bytes more of memory are taken for it that do not count as its own. ``has_plan``: its
    manifest has a data plan."""

    def __init__(
        self,
        root: str,
        board: "dict[str, Any]",
        services: "Services",
        pins: "Pins",
        app_id: str,
        permissions: "list[str]",
        folder: str = "",
        lend: "Callable[[int], None] | None" = None,
        has_plan: bool = False,
    ) -> None:
        self._root = root
        self._board = board
        self._services = services
        self._pins = pins
        self._app_id = app_id
        self._permissions = permissions
        self._folder, self._lend, self._has_plan = folder, lend, has_plan
        self._parts: dict[str, Any] = {}
        self._started = clock.ticks_ms()

    def load(self, names: "list[str]") -> None:
        """Load the code behind these names now: deep in a program's call a board has no stack left to load it."""
        for name in names:
            provider = self._provider(name)
            if name == "inference.listen" and provider is not None:
                self._part("privacy")
                self._parts["inference"].prepare_listening()

    def invoke(self, name: str, values: "Values") -> "Any":
        """Carry out one call.

        Raises:
            CapabilityError: not on this board, not declared by the program, or it failed.
        """
        provider = self._provider(name)
        if provider is None:
            raise CapabilityError("not supported on this host")
        permission = PERMISSIONS.get(name)
        if permission is not None and permission not in self._permissions:
            raise CapabilityError(f"the manifest does not ask for the permission {permission}")
        return provider(values)

    def flush(self) -> str:
        """The program's turn is over: write what it wants kept; a sentence about what went wrong, or an empty text."""
        said = ""
        for kind in ("storage", "privacy", "telemetry"):
            part = self._parts.get(kind)
            if part is None:
                continue
            if kind == "telemetry" and self._parts["privacy"].is_due:
                part.drop()
            said = part.flush() or said
        return said

    @property
    def listens(self) -> bool:
        """Whether a model of the program hears."""
        part = self._parts.get("inference")
        return part is not None and part.listens

    def heard(self) -> "dict[str, Any] | None":
        """The oldest ``inference.result`` that the program was not told yet."""
        part = self._parts.get("inference")
        privacy = self._parts.get("privacy")
        if part is None or (privacy is not None and privacy.is_due):
            return None  # what it has heard must be known after a power cut, too
        return part.take()  # type: ignore[no-any-return]

    def end(self) -> None:
        """The program is over: nothing sounds on, and nobody hears."""
        inference, privacy = self._parts.get("inference"), self._parts.get("privacy")
        if inference is not None:
            inference.end()
        if privacy is not None:
            said = privacy.end()
            if said:
                self._say("warning", said)
        buzzer = self._parts.get("buzzer")
        if buzzer is not None:
            buzzer.silence()

    def _provider(self, name: str) -> "Provider | None":
        if name == "device.info":
            return self._info
        kind, _, method = name.partition(".")
        if name == "led.set":
            part: Provider | None = self._part("leds")
        elif name == "buzzer.play":
            part = self._part("buzzer")
        elif name == "sensor.read":
            part = self._part("sensors")
        elif method in _METHODS.get(kind, ()):
            return getattr(self._part(kind), method)  # type: ignore[no-any-return]
        elif name == "telemetry":
            part = self._part(name)
        else:
            part = None
        return part

    def _part(self, kind: str) -> "Any":
        part = self._parts.get(kind)
        if part is None:
            part = self._parts[kind] = self._make(kind)
        return part

    def _make(self, kind: str) -> "Any":
        if kind == "storage":
            from .storage import Storage

            return Storage(self._root, self._app_id)
        if kind == "telemetry":
            from .telemetry import Telemetry

            return Telemetry(self._services.telemetry, self._app_id, self._part("privacy").permit)
        if kind == "privacy":
            from ..privacy.outflow import Privacy

            organisation = self._board.get("organisation", "")
            tell = self._services.telemetry
            return Privacy(self._root, self._folder, self._app_id, self._has_plan, organisation, tell)
        if kind == "inference":
            from .inference import Inference

            return Inference(self._folder, self._board, self._pins, self._lent, self._say, self._collect)
        described = self._board.get(kind)
        if not described:
            return None
        if kind == "leds":
            from .leds import Leds

            return Leds(described, self._pins)
        if kind == "buzzer":
            from .buzzer import Buzzer

            return Buzzer(described, self._pins)
        from .sensors import Sensors

        return Sensors(described, self._pins)

    def _lent(self, count: int) -> None:
        if self._lend is not None:
            self._lend(count)

    def _collect(self, category: str) -> None:
        self._part("privacy").collect(category)

    def _say(self, level: str, sentence: str) -> None:
        self._services.log(level, self._app_id, sentence)

    def _info(self, _: "Values") -> "dict[str, Any]":
        """``device.info``: facts about the board."""
        version = sys.implementation.version
        return {
            "name": self._board.get("name", ""),
            "system": f"MicroPython {version[0]}.{version[1]}",
            "memory_free": gc.mem_free(),  # type: ignore[attr-defined]
            "seconds": clock.ticks_diff(clock.ticks_ms(), self._started) // 1000,
        }
