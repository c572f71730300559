"""What one process of a fleet changes, told to the others: by PostgreSQL's NOTIFY, within the transaction that changes.

A notice is a hint, and the database the authority: whoever was not connected for a while reads anew.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, func, make_url, select

log = logging.getLogger(__name__)

CHANNEL = "cygnet_fleet"
MOST_BYTES = 7_900
"""PostgreSQL takes payloads of less than 8000 bytes."""
_AGAIN_SECONDS = 1.0


def tell(connection: Connection, sender: str, document: Mapping[str, Any]) -> None:
    """Tell, once the transaction is committed. What is too long for a notice becomes "read anew"."""
    payload = json.dumps({**document, "from": sender}, separators=(",", ":"))
    if len(payload) > MOST_BYTES:
        payload = json.dumps({"changed": None, "from": sender})
    connection.execute(select(func.pg_notify(CHANNEL, payload)))


class Notices:
    """Hears what others tell, on a connection of its own."""

    def __init__(self, url: str, me: str, hear: Callable[[Mapping[str, Any] | None], None]) -> None:
        """``url``: SQLAlchemy's. ``hear`` is called on the event loop with what others tell, and with None whenever
        something may have been missed, as at the beginning."""
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._me, self._hear = me, hear

    async def run(self) -> None:
        """Listen, until cancelled; a connection that ends is made again."""
        import psycopg  # here: a fleet on SQLite need not have it

        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._hear(None)
                    async for notice in connection.notifies():
                        self._note(notice.payload)
            except psycopg.Error as error:
                log.debug("notices of other processes are not heard: %s", error)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _note(self, payload: str) -> None:
        try:
            document = json.loads(payload)
        except ValueError:
            return  # somebody else's, on a channel of the same name
        if not isinstance(document, dict) or document.get("from") == self._me:
            return
        changed = document.get("changed")
        is_list = isinstance(changed, list) and all(isinstance(device, str) for device in changed)
        if is_list or changed is None:
            self._hear(document)
