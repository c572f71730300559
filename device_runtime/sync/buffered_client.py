"""paho's client, reading ahead: paho asks the kernel for each part of a packet, four times for a small message."""

import paho.mqtt.client as paho

_AHEAD_BYTES = 64 * 1024
_LARGE_BYTES = 4 * 1024
"""Parts from this size on come straight from the socket: a copy would cost more than a call of the kernel."""


class BufferedClient(paho.Client):
    """A client of one connection; its socket may have nothing more to read while :attr:`has_read_ahead`."""

    _ahead = memoryview(b"")

    @property
    def has_read_ahead(self) -> bool:
        """There is something that came from the socket and is not processed."""
        return len(self._ahead) > 0

    # paho 2.2 takes all that it reads by this method, which is not public; a test counts how often it asks the kernel.
    def _sock_recv(self, bufsize: int) -> bytes:
        if not self._ahead:
            if bufsize >= _LARGE_BYTES:
                return super()._sock_recv(bufsize)
            self._ahead = memoryview(super()._sock_recv(_AHEAD_BYTES))
        part, self._ahead = self._ahead[:bufsize], self._ahead[bufsize:]
        return bytes(part)
