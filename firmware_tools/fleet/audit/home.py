"""What is done at the fleet's home past its API: the log has it too, under the name of the user of that machine."""

import getpass
import os
from collections.abc import Mapping
from typing import Any

from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.audit.log import record_at_home
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.sign.keys import load_private_key


def record_from_home(home: FleetHome, action: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Append an entry to the log of a fleet that may be served meanwhile; that one, or the next, signs it.

    Raises:
        FleetError: the settings or the database cannot be used.
    """
    database = _open(home)
    try:
        with database.transaction() as connection:
            record_at_home(connection, unix_user(), action, subject, detail)
    finally:
        database.close()


def accept_restored(home: FleetHome, reason: str) -> str:
    """Go on with a log that ends before what the fleet signed last, as after an older database was restored.

    Returns:
        What was missing, in a sentence, which the log now says as well.

    Raises:
        FleetError: the log is whole, or something else is wrong with it than a missing end.
    """
    keeper, database = keeper_at_home(home)
    try:
        verdict = keeper.verify_now()
        if verdict.fault is None:
            raise FleetError("the audit log is whole; there is nothing to accept")
        if verdict.fault.kind != "cut off":
            raise FleetError(f"only a missing end can be accepted, but {verdict.fault.sentence}")
        lost = {"from": verdict.fault.number, "reason": reason, "found": verdict.fault.sentence}
        with database.transaction() as connection:
            record_at_home(connection, unix_user(), "audit.accept", "", lost)
        keeper.accept_now()
        return verdict.fault.sentence
    finally:
        database.close()


def unix_user() -> str:
    """The name of the user of this process; its number where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def keeper_at_home(home: FleetHome) -> tuple[AuditKeeper, Database]:
    """Whoever can check and sign the log of a fleet that nobody serves; close the database afterwards.

    Raises:
        FleetError: the settings or the database cannot be used.
        PrivateKeyError: the fleet's key cannot be read.
    """
    settings, key = home.settings(), load_private_key(home.key_file)
    database = _open(home)
    return AuditKeeper(database, settings.fleet, key, home.former_keys(), home.audit_file), database


def _open(home: FleetHome) -> Database:
    return Database(home.settings().database or f"sqlite:///{home.database_file.absolute()}")
