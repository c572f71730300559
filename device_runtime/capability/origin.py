"""Origins (scheme, host, port) that a manifest declares, and which of them a program may reach on this board."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from device_runtime.capability.registry import CapabilityError

HTTP = ("http", "https")
WEB_SOCKET = ("ws", "wss")

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse_url(text: str, schemes: tuple[str, ...] = HTTP) -> URL:
    """An absolute address of one of ``schemes`` without user name and fragment.

    Raises:
        CapabilityError: it is none.
    """
    try:
        url = URL(text)
    except ValueError as error:
        raise CapabilityError(f'invalid url "{text[:200]}"') from error
    if url.scheme not in schemes or not url.host or url.port is None:
        raise CapabilityError(f'invalid url "{text[:200]}"')
    if url.user is not None or url.password is not None:
        raise CapabilityError("invalid url: it must not hold a user name or password")
    return url.with_fragment(None)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What the board adds to a manifest's word.

    ``allow_insecure`` lets declared ``http`` origins be used beyond the board itself; ``hosts`` maps a declared
    origin to the origin that answers for it here (a local server, a proxy): the operator's word, so any address.
    """

    allow_insecure: bool = False
    hosts: Mapping[str, str] = field(default_factory=dict)

    def address(self, url: URL, declared: tuple[str, ...]) -> URL:
        """Where a request for ``url`` really goes.

        Raises:
            CapabilityError: its origin is not one of ``declared``, or plain ``http`` is not allowed here.
        """
        origin = url.origin()
        if not any(_same(origin, entry) for entry in declared):
            raise CapabilityError(f"url not in domain list: the manifest does not declare {origin}")
        for name, target in self.hosts.items():
            if _same(origin, name):
                mapped = parse_url(target, HTTP + WEB_SOCKET)
                return url.with_scheme(mapped.scheme).with_host(mapped.host or "").with_port(mapped.port)
        if url.scheme in ("http", "ws") and not self.allow_insecure and not _loopback(url.host or ""):
            raise CapabilityError(f"{origin} is not encrypted and this board allows {url.scheme}s only")
        return url

    @property
    def trusted_names(self) -> frozenset[str]:
        """The names that the board's own configuration gives, which may lead anywhere."""
        return frozenset(parse_url(target, HTTP + WEB_SOCKET).host or "" for target in self.hosts.values())


def _same(origin: URL, declared: str) -> bool:
    """Whether ``declared`` names exactly this scheme, host and port, and nothing more."""
    try:
        entry = URL(declared)
        return entry.origin() == origin and entry.path in ("", "/") and not entry.query_string and not entry.fragment
    except ValueError:
        return False


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def public_address(text: str) -> bool:
    """Whether an IP address belongs to the internet, and not to this board, its home or its operator's network."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return public_address(str(embedded))
    return address.is_global and not address.is_multicast


class PublicResolver(AbstractResolver):
    """Name resolution that never leads inside: a declared name whose owner points it at a private address is
    refused (DNS rebinding). ``trusted`` names, which the board's own configuration gives, may be anywhere."""

    def __init__(self, trusted: frozenset[str], inner: AbstractResolver | None = None) -> None:
        self._trusted = trusted | {"localhost"}
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that a program may be connected to.

        Raises:
            OSError: there are none.
        """
        found = await self._inner.resolve(host, port, family)
        if host in self._trusted:
            return found
        public = [result for result in found if public_address(result["host"])]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        """Release the inner resolver."""
        await self._inner.close()
