"""Pictures, sound and fonts that a program shows, wherever they lie: in its package, among its files, on a server.

What comes from a server is fetched by the host, with the program's own rights: only origins in ``network.request``,
with the permission ``request``. A screen never reaches another origin than the device.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping

import aiohttp

from device_runtime.capability.arguments import texts
from device_runtime.capability.files import MAX_PROGRAM_BYTES, ProgramFiles
from device_runtime.capability.origin import parse_url
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.request import MAX_URL_CHARACTERS, HttpCall, HttpClient, read_body
from device_runtime.values import Value

logger = logging.getLogger(__name__)

MAX_PRELOADED = 20
CACHE_BYTES = 16 * 1024 * 1024
CACHE_SECONDS = 600.0


class ProgramMedia:
    """Reads what programs show. Answers of servers are kept for a while, since every screen asks for them."""

    def __init__(self, files: ProgramFiles, client: HttpClient) -> None:
        self._files = files
        self._client = client
        self._kept: OrderedDict[tuple[str, str], tuple[float, bytes]] = OrderedDict()

    async def read(self, caller: Caller, address: str, name: str = "src") -> bytes:
        """The content at a path of the package, a ``wxfile:`` address or an address of a declared origin.

        Raises:
            CapabilityError: there is none, it is too large, or the program may not have it.
        """
        if not address.startswith(("http://", "https://")):
            return await self._files.read(caller, address, name)
        key = (caller.app_id, address)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < CACHE_SECONDS:
            return kept[1]
        content = await self._fetch(caller, address)
        self._keep(key, content)
        return content

    def capabilities(self) -> list[Capability]:
        """``media.preload {sources}``: fetch what pages will show; what cannot be had is passed over."""

        async def preload(caller: Caller, arguments: Mapping[str, Value]) -> Value:
            for source in texts(arguments, "sources", MAX_PRELOADED, MAX_URL_CHARACTERS):
                try:
                    await self.read(caller, source)
                except CapabilityError as error:
                    logger.info("%s cannot preload %s: %s", caller.app_id, source[:200], error)
            return None

        return [Capability("media.preload", preload)]

    def _keep(self, key: tuple[str, str], content: bytes) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (time.monotonic(), content)
        while sum(len(data) for _, data in self._kept.values()) > CACHE_BYTES:
            self._kept.popitem(last=False)

    async def _fetch(self, caller: Caller, address: str) -> bytes:
        if "request" not in caller.manifest.permissions:
            raise CapabilityError("the manifest does not ask for the permission request")
        if len(address) > MAX_URL_CHARACTERS:
            raise CapabilityError(f"an address has at most {MAX_URL_CHARACTERS} characters")
        received: list[bytes] = []

        async def read(hop: HttpCall, response: aiohttp.ClientResponse) -> Value:  # noqa: ARG001 a reader's shape
            if response.status != 200:
                raise CapabilityError(f"the server answered {response.status}")
            received.append(await read_body(response, MAX_PROGRAM_BYTES))
            return None

        await self._client.run(caller, HttpCall("GET", parse_url(address), {}, None), read, {}, whole_file=True)
        return received[0]
