"""The table ``[identity]`` of ``fleet.toml``."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from firmware_tools.fleet.errors import FleetError

BrokerKind = Literal["mosquitto", "nats", "rabbitmq"]
DEVICE_DAYS, SERVICE_DAYS, CLAIM_DAYS = 730, 825, 3650
_MOST_DAYS = 5000


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """The configuration that the service keeps up to date: ``pid_file`` names the process that is told (SIGHUP)."""

    kind: BrokerKind
    folder: Path
    pid_file: Path | None


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """How long certificates are good, in days, and which broker's files are kept up to date, if any."""

    device_days: int = DEVICE_DAYS
    service_days: int = SERVICE_DAYS
    claim_days: int = CLAIM_DAYS
    broker: BrokerFiles | None = None


def read_identity_settings(path: Path) -> IdentitySettings:
    """Read the table from ``fleet.toml``.

    Raises:
        FleetError: a member is unknown or wrong, or the file cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("identity", {})
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} is not TOML: {error}") from error
    if not isinstance(table, dict):
        raise FleetError(f"{path}: identity must be a table: [identity]")
    known = {"device_days", "service_days", "claim_days", "broker", "broker_folder", "broker_pid_file"}
    if unknown := sorted(table.keys() - known):
        raise FleetError(
            f"{path}: identity.{unknown[0]} is not a member of this file; known here are: {', '.join(sorted(known))}"
        )
    return IdentitySettings(
        device_days=_days(table, "device_days", DEVICE_DAYS, path),
        service_days=_days(table, "service_days", SERVICE_DAYS, path),
        claim_days=_days(table, "claim_days", CLAIM_DAYS, path),
        broker=_broker(table, path),
    )


def broker_kind(text: str) -> BrokerKind:
    """The kind of this name.

    Raises:
        FleetError: there is none.
    """
    for kind in get_args(BrokerKind):
        if text == kind:
            return kind  # type: ignore[no-any-return]  # it is one of the literals
    raise FleetError(f"{text!a} is no broker; known are {', '.join(get_args(BrokerKind))}")


def _broker(table: dict[str, Any], path: Path) -> BrokerFiles | None:
    if "broker" not in table:
        return None
    kind = table["broker"]
    if kind not in get_args(BrokerKind):
        raise FleetError(f"{path}: identity.broker must be one of {', '.join(get_args(BrokerKind))}")
    if "broker_folder" not in table:
        raise FleetError(f"{path}: identity.broker needs identity.broker_folder, where its configuration goes")
    pid_file = _file(table, "broker_pid_file", path) if "broker_pid_file" in table else None
    return BrokerFiles(kind, _file(table, "broker_folder", path), pid_file)


def _file(table: dict[str, Any], name: str, path: Path) -> Path:
    value = table[name]
    if not isinstance(value, str) or not value:
        raise FleetError(f"{path}: identity.{name} must be a path")
    return path.parent / value


def _days(table: dict[str, Any], name: str, default: int, path: Path) -> int:
    value = table.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_DAYS:
        raise FleetError(f"{path}: identity.{name} must be a whole number from 1 to {_MOST_DAYS}")
    return value
