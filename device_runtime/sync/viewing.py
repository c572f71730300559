"""A device's end of being looked at: which orders of the fleet count, and the way of its answers.

It decides nothing: whoever is given the orders (the host) asks the person at the device. A device that has nobody to
ask refuses.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from device_runtime.keys import KeyRing
from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.link import TransportError
from device_runtime.sync.screen_messages import (
    OrderTimeError,
    Reason,
    ScreenOrder,
    ScreenUpdate,
    SignedScreenOrder,
    encode_update,
    verify_screen_order,
)

_MOST_IDS = 256


class Viewing:
    """Orders that are signed, for this device, for now, and new.

    Attributes:
        on_order: takes each; set by who can ask a person.
        on_disconnected: told when the connection has gone.
    """

    def __init__(
        self,
        fleet: str,
        device: str,
        trusted: KeyRing,
        now: Callable[[], float],
        send: Callable[[bytes], Awaitable[None]],
        refuse: Callable[[str], None],
        keep: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """
        Args:
            fleet: this device's.
            device: its id.
            trusted: keys that may sign orders: those that sign what is desired.
            now: Unix time in seconds, as the device knows it.
            send: publishes a payload, once, and raises :class:`TransportError` where there is no connection.
            refuse: is told in a sentence of what is no order.
            keep: begins work that ends by itself.
        """
        self._fleet, self._device, self._trusted, self._now = fleet, device, trusted, now
        self._send, self._refuse, self._keep = send, refuse, keep
        self._began = now()
        self._used: dict[str, float] = {}
        self.on_order: Callable[[ScreenOrder], None] | None = None
        self.on_disconnected: Callable[[], None] = lambda: None

    def hear(self, signed: SignedScreenOrder) -> None:
        """An order, or what pretends to be one."""
        now = self._now()
        try:
            order = verify_screen_order(signed, self._trusted, self._fleet, self._device, now)
            self._check_new(order, now)
        except OrderTimeError as error:
            self._refuse(str(error))
            if error.order.act == "ask":
                self._answer(error.order, "clock")
            return
        except ProtocolError as error:
            self._refuse(str(error))
            return
        if self.on_order is not None:
            self.on_order(order)
        elif order.act == "ask":
            self._answer(order, "unsupported")

    def _check_new(self, order: ScreenOrder, now: float) -> None:
        """An order from before this start may have been carried out then. A clock that was put back since has put the
        start back with it."""
        self._began = min(self._began, now)
        if order.issued < int(self._began):
            raise OrderTimeError(order, "screen: the order is older than this start of the device")
        if order.act != "ask":
            return  # these name no view, or one that is open: carried out twice they do nothing new
        self._used = {name: expires for name, expires in self._used.items() if expires >= now}
        if order.id in self._used:
            raise ProtocolError(f"screen: the order {order.id} has come before: it is refused")
        if len(self._used) >= _MOST_IDS:
            raise ProtocolError("screen: orders come faster than anybody can answer: one is refused")
        self._used[order.id] = order.expires

    def _answer(self, order: ScreenOrder, reason: Reason) -> None:
        self._keep(self._try_to_send(ScreenUpdate(order.id, 1, "refused", reason)))

    async def _try_to_send(self, update: ScreenUpdate) -> None:
        try:
            await self.send(update)
        except TransportError:
            return  # whoever asked hears by the silence

    async def send(self, update: ScreenUpdate) -> int:
        """Send an update, once; gives its bytes.

        Raises:
            ProtocolError: it is too long.
            TransportError: there is no connection.
        """
        payload = encode_update(update)
        await self._send(payload)
        return len(payload)
