"""The addresses of screen and tools that can be opened, whatever the server listens on."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from device_runtime.host.screen.http import is_loopback

# Addresses of examples. To ask for the way there sends nothing.
_FAR = {4: (socket.AF_INET, "192.0.2.1"), 6: (socket.AF_INET6, "2001:db8::1")}


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the developer opens. ``elsewhere`` is the screen for other machines; empty where it is ``screen``, too, and
    where they have no way here."""

    tools: str
    screen: str
    elsewhere: str = ""


def is_guarded(listen: str) -> bool:
    """Whether others than this machine can come here, so that the screen wants the token, too."""
    return listen != "localhost" and not is_loopback(listen)


def addresses(url: str, token: str) -> Addresses:
    """What to open of a server that listens at ``url``, whose host is an address."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    query = f"?token={token}" if is_guarded(host) else ""
    near, far = host, ""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:  # it listens everywhere, which is no address to open
        near = "127.0.0.1" if address.version == 4 else "::1"
        far = _own_address(*_FAR[address.version])
    return Addresses(
        f"{_base(near, port)}dev?token={token}",
        f"{_base(near, port)}{query}",
        f"{_base(far, port)}{query}" if far else "",
    )


def _base(host: str, port: int | None) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _own_address(family: socket.AddressFamily, example: str) -> str:
    """The address of this machine in its network; empty if it is in none."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((example, 9))
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
    return "" if is_loopback(address) else address
