"""Asking the fleet for blocks of content; imported only while something is fetched."""

import asyncio
import binascii
import os

from .messages import SyncError, encode
from .mqtt import MqttError

try:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .link import Link
    from .work import Work
except ImportError:
    pass

_MOST = 2048


def reader(
    work: "Work", desired: "dict[str, Any]", target: "dict[str, Any]"
) -> "Callable[[int, int], Awaitable[bytes]]":
    """``read(offset, length)`` of the package of ``target``, as long as ``desired`` is what is followed."""
    link = work.link
    assert link is not None, "the runtime sets it"  # noqa: S101 - for the type checker

    async def read(offset: int, length: int) -> bytes:
        data = b""
        while len(data) < length:  # most are one block; a list of files may be more
            some = min(_MOST, length - len(data))
            data += await content(
                link, target["sha256"], target["size"], offset + len(data), some, lambda: work.memory.desired is desired
            )
        return data

    return read


async def content(
    link: "Link",
    sha256: str,
    size: int,
    offset: int,
    length: int,
    wanted: "Callable[[], bool]",
    patience: int = 10,
) -> bytes:
    """A block of content; without a connection this waits for one, as long as ``wanted()``.

    Raises:
        SyncError: the fleet does not have it or does not answer, or it is not wanted any more.
    """
    unanswered = 0
    while unanswered < 6:
        if not wanted():
            raise SyncError("something else is desired now")
        if not link.connected:
            await asyncio.sleep(0.1)
            continue
        link.waiting = binascii.hexlify(os.urandom(8)).decode()
        link.answer = None
        link.answered.clear()
        request = {"type": "content", "id": link.waiting, "sha256": sha256, "offset": offset, "length": length}
        try:
            await link.publish("request", [encode(request)], qos=0)
            await asyncio.wait_for(link.answered.wait(), patience)
        except MqttError:
            await asyncio.sleep(0.1)
            continue
        except asyncio.TimeoutError:
            unanswered += 1
            continue
        finally:
            link.waiting = ""
        if link.answer is None:
            continue  # the connection ended
        header, data = link.answer
        link.answer = None
        if header.get("error"):
            raise SyncError(f"the fleet does not give the content {sha256[:12]}: {str(header['error'])[:200]}")
        came = (header.get("sha256"), header.get("offset"), header.get("size"), len(data))
        if came != (sha256, offset, size, length):
            raise SyncError(f"the fleet gave {len(data)} bytes of the content {sha256[:12]}, asked for {length}")
        return data
    raise SyncError(f"the fleet did not answer {unanswered} requests for the content {sha256[:12]}")
