"""Wi-Fi, on a board that has it: one of the networks of ``identity.json``, whichever lets us in."""

import asyncio

try:
    from typing import Any
except ImportError:
    pass

_PATIENCE = 15
"""Seconds until a network counts as not there."""


class Wifi:
    """Connects when asked; whoever asks waits between two tries."""

    def __init__(self, networks: "list[dict[str, str]]", country: str) -> None:
        """
        Args:
            networks: ``ssid`` and ``password`` of each, in order of preference.
            country: two letters, for the channels that are allowed, or empty.
        """
        self._networks = networks
        self._radio: Any = None
        if networks:
            try:
                import network

                if country:
                    network.country(country)
                self._radio = network.WLAN(network.STA_IF)
            except (ImportError, AttributeError):
                pass  # the unix port: the computer is connected

    async def connect(self) -> None:
        """Return when there is a connection. Raises :class:`OSError` with a sentence when no network lets us in."""
        radio = self._radio
        if radio is None or radio.isconnected():
            return
        radio.active(True)
        for each in self._networks:
            if each.get("password"):
                radio.connect(each["ssid"], each["password"])
            else:
                radio.connect(each["ssid"])
            for _ in range(_PATIENCE * 5):
                if radio.isconnected():
                    return
                await asyncio.sleep(0.2)
            radio.disconnect()
        names = ", ".join([each["ssid"] for each in self._networks])
        raise OSError(f"none of the Wi-Fi networks {names} lets us in: are they in reach, and the passwords right?")
