"""What a fleet's service needs to know of others that do the same work; one that is alone needs nobody."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from device_runtime.errors import CygnetError


class FencedError(CygnetError):
    """Others have taken over what this process was about to store."""


class Team(Protocol):
    """The processes that hear and store for a fleet, as one of them sees it."""

    shared: bool
    """Telemetry and requests come through shared subscriptions: what is heard is meant for this process. Else each
    hears all, and takes those of its own devices."""

    @property
    def is_alone(self) -> bool:
        """There are no others and will be none."""

    @property
    def leads(self) -> bool:
        """This process does what is to be done once: publish everything at a connect, find lost devices, prune."""

    def owns(self, device: str) -> bool:
        """This process stores state and reports of a device."""

    def fence(self, connection: Connection) -> None:
        """Hold the distribution of devices until this transaction ends.

        Raises:
            FencedError: it has changed since :meth:`owns` was asked.
        """

    def tell(self, connection: Connection, document: Mapping[str, Any]) -> None:
        """Tell the others, once this transaction is committed."""

    async def look(self) -> None:
        """Find out at once how things stand."""

    def set_hearing(self, *, hears: bool) -> None:
        """This process hears devices now, or no longer; what it does not hear others have to store."""

    def watch(self, on_change: Callable[[bool], None], on_told: Callable[[Mapping[str, Any] | None], None]) -> None:
        """``on_change`` is called on the event loop when devices were distributed anew, and told whether a process is
        gone without goodbye; ``on_told`` with what others tell, and with None when some of it may have been missed."""


class Alone:
    """Nobody else is there."""

    shared = True
    is_alone = True
    leads = True

    def owns(self, device: str) -> bool:
        """Every device."""
        del device
        return True

    def fence(self, connection: Connection) -> None:
        """Nothing to hold."""

    def tell(self, connection: Connection, document: Mapping[str, Any]) -> None:
        """Nobody to tell."""

    async def look(self) -> None:
        """Nothing to see."""

    def set_hearing(self, *, hears: bool) -> None:
        """Nobody has to know."""

    def watch(self, on_change: Callable[[bool], None], on_told: Callable[[Mapping[str, Any] | None], None]) -> None:
        """Nothing will happen."""
