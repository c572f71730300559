"""The one gate between a program and everything with authority.

A call travels: worker --Request--> host --> :meth:`CapabilityGate.invoke`: registered? permitted by the manifest?
--> provider --> value or :class:`CapabilityError`. Nothing else on the host acts for a program.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import Manifest
from device_runtime.values import Value


class CapabilityError(CygnetError):
    """A call was refused or failed; the message is what follows ``<name>:fail `` in the program's ``errMsg``."""


async def _emit_nothing(name: str, payload: Value) -> None:
    """The program is not running: nobody hears it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the host knows it from the socket the request came over, never from the request.

    ``entries`` are the files of its package. ``emit(name, payload)`` tells the program of something, and waits while
    the program is slow to take it. ``keep(coroutine)`` goes on with a piece of work when the call has been answered,
    and ends it with the program. Two runs of one program are two callers; ``run`` tells them apart.
    """

    app_id: str
    manifest: Manifest
    entries: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    emit: Callable[[str, Value], Awaitable[None]] = field(default=_emit_nothing, repr=False)
    keep: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"] = field(default=asyncio.create_task, repr=False)
    run: object = field(default_factory=object, repr=False)


Provider: TypeAlias = Callable[[Caller, Mapping[str, Value]], Awaitable[Value]]


@dataclass(frozen=True, slots=True)
class Capability:
    """One name that a program may call.

    ``permission`` is the ``req_permissions`` name that the manifest must hold; ``None`` for what needs none.
    """

    name: str
    provider: Provider
    permission: str | None = None


class CapabilityGate:
    """Decides each call, and passes on what it allows."""

    def __init__(self, capabilities: Iterable[Capability]) -> None:
        self._capabilities: dict[str, Capability] = {}
        for capability in capabilities:
            if capability.name in self._capabilities:
                raise ValueError(f"capability {capability.name} is registered twice")
            self._capabilities[capability.name] = capability

    @property
    def names(self) -> frozenset[str]:
        """What this board offers."""
        return frozenset(self._capabilities)

    async def invoke(self, caller: Caller, name: str, arguments: Mapping[str, Value]) -> Value:
        """Run one call for one program.

        Raises:
            CapabilityError: not on this board, not declared by the program, or the provider failed.
        """
        capability = self._capabilities.get(name)
        if capability is None:
            raise CapabilityError("not supported on this host")
        if capability.permission is not None and capability.permission not in caller.manifest.permissions:
            raise CapabilityError(f"the manifest does not ask for the permission {capability.permission}")
        try:
            return await capability.provider(caller, arguments)
        except CapabilityError:
            raise
        except CygnetError as error:  # an expected failure of another room, such as a voice that cannot speak
            raise CapabilityError(str(error)) from error
