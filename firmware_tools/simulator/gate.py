"""The gate of a simulated device: it tells what the program asks of the host, and lets the developer change the rules.

What the developer changes counts for the running tools only; a real device knows nothing but the manifest.
"""

import dataclasses
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from yarl import URL

from device_runtime.capability.registry import Caller, Capability, CapabilityError, CapabilityGate
from device_runtime.program.manifest import Manifest, Permission
from device_runtime.values import Value

NETWORK_CALLS = {"request": "request", "downloadFile": "download", "uploadFile": "upload", "connectSocket": "socket"}
_ABOUT_TASKS = frozenset({"socket.send", "socket.close"})
_ORIGIN_KINDS = ("request", "socket")


@dataclass(slots=True)
class Rules:
    """What the developer has changed: permissions and origins by name, ``True`` for allowed; and the network."""

    permissions: dict[str, bool] = field(default_factory=dict)
    origins: dict[str, dict[str, bool]] = field(default_factory=lambda: {kind: {} for kind in _ORIGIN_KINDS})
    offline: bool = False

    def manifest(self, manifest: Manifest) -> Manifest:
        """The manifest as if it said what the developer chose."""
        permissions = dict(manifest.permissions)
        for name, allowed in self.permissions.items():
            if allowed:
                permissions.setdefault(name, Permission(name, ""))
            else:
                permissions.pop(name, None)
        return dataclasses.replace(
            manifest,
            permissions=permissions,
            request_domains=self._origins("request", manifest.request_domains),
            socket_domains=self._origins("socket", manifest.socket_domains),
        )

    def _origins(self, kind: str, declared: tuple[str, ...]) -> tuple[str, ...]:
        rules = self.origins[kind]
        kept = [origin for origin in declared if rules.get(origin, True)]
        return (*kept, *(origin for origin, allowed in rules.items() if allowed and origin not in kept))


class Watcher(Protocol):
    """Who is told of calls. ``call`` is a number that is theirs alone."""

    def call_started(self, call: int, name: str, permission: str | None, arguments: Mapping[str, Value]) -> None:
        """A program asks for something."""

    def call_ended(self, call: int, value: Value, reason: str | None, milliseconds: float) -> None:
        """It got ``value``, or was refused or failed for ``reason``."""

    def task_event(self, name: str, payload: Value) -> None:
        """A provider told the program of something, such as a message on a socket."""


class WatchedGate(CapabilityGate):
    """Decides as a device's gate does, by the manifest that ``rules`` make of the program's own."""

    def __init__(self, capabilities: Iterable[Capability], rules: Rules, watcher: Watcher) -> None:
        super().__init__(capabilities)
        self._rules = rules
        self._watcher = watcher
        self._calls = 0

    async def invoke(self, caller: Caller, name: str, arguments: Mapping[str, Value]) -> Value:
        """As the gate's own; what happens is told."""
        self._calls += 1
        call, started = self._calls, time.perf_counter()
        capability = self._capabilities.get(name)
        self._watcher.call_started(call, name, capability.permission if capability else None, arguments)
        value: Value = None
        reason: str | None = "the program ended"
        try:
            value = await self._invoke(self._watched(caller), name, arguments)
            reason = None
        except CapabilityError as error:
            reason = str(error)
            raise
        finally:
            self._watcher.call_ended(call, value, reason, (time.perf_counter() - started) * 1e3)
        return value

    async def _invoke(self, caller: Caller, name: str, arguments: Mapping[str, Value]) -> Value:
        if self._rules.offline:
            if name == "getNetworkType":
                return {"networkType": "none"}
            if name in NETWORK_CALLS:
                raise CapabilityError(f"no address for {_host(arguments)}: the device is offline")
            if name in _ABOUT_TASKS:
                raise CapabilityError("the socket is not open")
        return await super().invoke(caller, name, arguments)

    def _watched(self, caller: Caller) -> Caller:
        async def emit(name: str, payload: Value) -> None:
            self._watcher.task_event(name, payload)
            await caller.emit(name, payload)

        return dataclasses.replace(caller, manifest=self._rules.manifest(caller.manifest), emit=emit)


def _host(arguments: Mapping[str, Value]) -> str:
    try:
        return URL(str(arguments.get("url"))).host or "no host"
    except ValueError:
        return "no host"
