"""Names of shared subscriptions that nobody can guess.

A broker gives a message of a shared subscription to one of its members, and where that one may not read it, the message
is gone (mosquitto 2.0.11 does so). A device that knew the name could join and swallow what others send to the fleet.
So the name ends in a secret of the fleet's database.
"""

import contextlib
import secrets

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from firmware_tools.fleet.schema import fleet_meta

_NAME = "share_secret"


def share_group(connection: Connection, base: str) -> str:
    """The name of a group, the same for all that have this database; made at the first call."""
    query = select(fleet_meta.c.value).where(fleet_meta.c.name == _NAME)
    secret = connection.scalar(query)
    if secret is None:
        with contextlib.suppress(IntegrityError), connection.begin_nested():  # another process may just have made it
            connection.execute(insert(fleet_meta).values(name=_NAME, value=secrets.token_hex(8)))
        secret = connection.scalar(query)
    return f"{base}-{secret}"
