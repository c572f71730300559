"""Talking to a running fleet over its JSON API."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from firmware_tools.fleet.errors import FleetError, SilentFleetError

_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=10)


class FleetClient:
    """One fleet, by the URL of its operator page and its operator token."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token
        self._headers = {"Authorization": f"Bearer {token}"}

    def page_link(self) -> str:
        """The operator page, signed in: browsers never send what follows the ``#``."""
        return f"{self._url}/#token={self._token}"

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        data: bytes | None = None,
    ) -> Any:
        """One request of the API, and the JSON that it answers.

        Raises:
            FleetError: nobody answers, or the fleet refuses; the sentence is the fleet's own.
        """
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=_TIMEOUT) as session,
                session.request(method, self._url + path, params=params, json=body, data=data) as response,
            ):
                return await self._answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._silence(error) from error

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """All that happens in the fleet from now on, until it goes.

        Raises:
            FleetError: nobody answers, or the fleet refuses.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_read=60)
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session,
                session.get(self._url + "/api/live") as response,
            ):
                if response.status != 200:
                    await self._answer(response)
                async for line in response.content:
                    if line.startswith(b"data: "):
                        yield json.loads(line[6:])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._silence(error) from error

    async def lines(self, path: str, params: Mapping[str, str]) -> AsyncIterator[bytes]:
        """A long answer, line by line as it comes.

        Raises:
            FleetError: nobody answers, or the fleet refuses or breaks off.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_read=120)
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=timeout, read_bufsize=2**20) as session,
                session.get(self._url + path, params=params) as response,
            ):
                if response.status != 200:
                    await self._answer(response)
                async for line in response.content:
                    yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._silence(error) from error

    async def _answer(self, response: aiohttp.ClientResponse) -> Any:
        try:
            document = await response.json()
        except (aiohttp.ContentTypeError, ValueError) as error:
            raise FleetError(f"what answers at {self._url} is no fleet (HTTP {response.status})") from error
        if response.status >= 400:
            raise FleetError(str(document.get("error", f"HTTP {response.status}")), response.status)
        return document

    def _silence(self, error: Exception) -> FleetError:
        if isinstance(error, aiohttp.InvalidURL):
            return FleetError(f"{self._url!r} is not the URL of a fleet; write http://host:port")
        if isinstance(error, aiohttp.ClientConnectorError | ConnectionError):
            return SilentFleetError(f"no fleet answers at {self._url}; start one with `cygnet fleet serve`")
        reason = "it took too long" if isinstance(error, TimeoutError | asyncio.TimeoutError) else str(error)
        return SilentFleetError(f"the fleet at {self._url} broke off: {reason}")


def segment(text: str) -> str:
    """A text as one segment of a URL's path."""
    return quote(text, safe="")
