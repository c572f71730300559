"""The fleet's home directory: its settings, database, content, key and operator token.

```
fleet.toml        fleet id, broker, address of the operator page, database; `cygnet fleet init` makes it, people edit it
fleet.db          the database, if fleet.toml names no other
content/          package files by SHA-256
keys/trust/       keys of the repository's roles for which the fleet signs by itself (firmware_tools/fleet/trust)
trust/            the repository of The Update Framework, once `cygnet fleet trust init` made it
keys/fleet.key    Ed25519, mode 0600: signs releases and what devices should have
operator.token    mode 0600: whoever holds it may do everything the operator page does
audit.head        the newest signed head of the audit log (firmware_tools/fleet/audit)
```
"""

import json
import os
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.sync.addresses import AddressError, split_addresses
from device_runtime.sync.messages import check_identifier
from firmware_tools.fleet.access.settings import AccessSettings, access_settings
from firmware_tools.fleet.credentials import secret_path
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.retention import Retention
from firmware_tools.fleet.rollouts.judge import FOLLOWED_DAYS
from firmware_tools.sign.keys import create_private_key, load_private_key

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
DEFAULT_LISTEN = "127.0.0.1:8420"
_TELEMETRY_DAYS, _MINUTES_DAYS, _HOURS_DAYS = 90, 90, 730
_ROLLOUT_DAYS, _LONGEST_DAYS = 400, 36_500
_MEMBERS = {"fleet", "broker", "http", "database", "telemetry", "rollouts", "content", "access", "identity"}

_TEMPLATE = """\
# The settings of this fleet. Restart `cygnet fleet serve` after a change.

fleet = {fleet}

[broker]
url = {broker}                # mqtt://host:port, or mqtts://host:port; "mqtts://a,mqtts://b" for nodes of a cluster
# device_url = "mqtts://…"    # how devices reach the same broker, if that differs
# username = "fleet"
# password_file = "/etc/cygnet/broker.password"
# ca = "/etc/cygnet/ca.pem"   # mqtts: who signed the broker's certificate
# cert = "/etc/cygnet/fleet.pem"
# key = "/etc/cygnet/fleet.pem.key"

[http]
listen = {listen}             # the operator page and the API
# hosts = ["fleet.example"]   # further names under which browsers reach this address

[telemetry]
days = 90                     # older records are deleted; 0 keeps them for ever
# alarm_days = 730            # the same for alarms and metrics on their own
# metric_days = 30
# minutes_days = 90           # sums by minute; by hour (hours_days, 730) and by day (days_days, 0: for ever)

[rollouts]
device_days = 400             # so long after its end a rollout's devices are kept one by one; 0 keeps them for ever

# [content]
# workers = 2                 # so many `cygnet fleet content-worker` give content to devices; 0: this service does it
# forms_megabytes = 1024      # what compressed content and differences between versions may take; 0: there are none

# [access]
# proxies = ["127.0.0.1"]     # whose X-Forwarded-For and X-Forwarded-Proto are believed; docs/operators.md
# idle_minutes = 60           # who does nothing for so long is signed out; after session_hours (12) everybody is

# [identity]                  # certificates of devices: `cygnet fleet identity --help`
# device_days = 730           # how long one is good; it is renewed when a third of that is left
# broker = "mosquitto"        # whose configuration is kept up to date: mosquitto, nats or rabbitmq
# broker_folder = "/etc/cygnet/broker"
# broker_pid_file = "/run/mosquitto.pid"   # told to read it again (SIGHUP)

# [database]
# url = "postgresql+psycopg://…"   # PostgreSQL; without it, fleet.db in this directory
"""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How the fleet reaches its broker; ``device_url`` is how devices reach the same one."""

    url: str
    device_url: str
    username: str
    password_file: Path | None
    ca: Path | None
    cert: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """A checked ``fleet.toml``. ``database`` is a SQLAlchemy URL, empty for ``fleet.db`` in the home;
    ``retention`` is how long telemetry is kept, ``rollout_days`` how long the devices of an ended rollout are (0 for
    ever). ``content_workers`` give content to devices, 0: the service does;
    ``forms_bytes`` is what its shorter forms may take of the disk."""

    fleet: str
    broker: BrokerSettings
    http_host: str
    http_port: int
    http_names: frozenset[str]
    database: str
    retention: Retention
    rollout_days: int
    content_workers: int
    forms_bytes: int
    access: AccessSettings = field(default_factory=AccessSettings)


@dataclass(frozen=True, slots=True)
class FleetHome:
    """Where everything of one fleet lies."""

    directory: Path

    @property
    def settings_file(self) -> Path:
        return self.directory / "fleet.toml"

    @property
    def database_file(self) -> Path:
        return self.directory / "fleet.db"

    @property
    def content(self) -> Path:
        return self.directory / "content"

    @property
    def key_file(self) -> Path:
        return self.directory / "keys" / "fleet.key"

    def former_keys(self) -> list[Ed25519PrivateKey]:
        """Keys that were the fleet's before this one; devices that have not heard of the newest believe them.

        Raises:
            PrivateKeyError: one cannot be read.
        """
        return [load_private_key(path) for path in sorted(self.key_file.parent.glob("fleet.key.former-*"))]

    @property
    def token_file(self) -> Path:
        return self.directory / "operator.token"

    @property
    def audit_file(self) -> Path:
        """The newest signed head of the audit log, beside the database that holds the log."""
        return self.directory / "audit.head"

    @property
    def erasures_file(self) -> Path:
        """What was erased, beside the database: an older copy of that which is put back has it done anew."""
        return self.directory / "erasures.jsonl"

    @property
    def lock_file(self) -> Path:
        return self.directory / "serve.lock"

    def settings(self) -> FleetSettings:
        """Read and check ``fleet.toml``.

        Raises:
            FleetError: there is none, or a member is unknown, missing or wrong.
        """
        return _read_settings(self.settings_file)

    def token(self) -> str:
        """The operator token.

        Raises:
            FleetError: it is missing, or readable by others.
        """
        try:
            if self.token_file.stat().st_mode & 0o077:
                raise FleetError(f"{self.token_file} is readable by others; run: chmod 600 {self.token_file}")
            return self.token_file.read_text().strip()
        except OSError as error:
            raise FleetError(f"the operator token {self.token_file} cannot be read: {error.strerror}") from error


def default_home() -> Path:
    """``$CYGNET_FLEET_HOME``, else ``$XDG_DATA_HOME/cygnet/fleet``, by default under ``~/.local/share``."""
    if explicit := os.environ.get("CYGNET_FLEET_HOME"):
        return Path(explicit)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "cygnet" / "fleet"


def init_home(
    directory: Path, fleet: str, broker: str = DEFAULT_BROKER, listen: str = DEFAULT_LISTEN, database: str = ""
) -> FleetHome:
    """Make a fleet's home.

    Raises:
        FleetError: a fleet lives there already, an argument is wrong, or the directory cannot be written.
        ProtocolError: ``fleet`` is no id.
    """
    check_identifier("fleet", fleet)
    check_broker_url(broker, "the broker")
    split_address(listen)
    home = FleetHome(directory)
    if home.settings_file.exists():
        raise FleetError(f"{directory} already holds a fleet; choose another directory with --home")
    text = _TEMPLATE.format(fleet=toml_string(fleet), broker=toml_string(broker), listen=toml_string(listen))
    if database:
        text = text[: text.index("# [database]")] + f"[database]\nurl = {toml_string(database)}\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        home.content.mkdir(exist_ok=True)
        if not home.key_file.exists():
            create_private_key(home.key_file)
        _write_secret(home.token_file, secrets.token_urlsafe(32))
        # Last, since its presence is what says that a fleet lives here.
        home.settings_file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FleetError(f"the fleet's home {directory} cannot be written: {error.strerror}") from error
    return home


def toml_string(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's, but TOML wants DEL escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def split_address(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as its two parts; port 0 is any free one.

    Raises:
        FleetError: it is not of that form.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.path or parts.query or parts.username is not None:
        raise FleetError(f"{text!r} is not an address; write host:port, such as {DEFAULT_LISTEN}")
    return host, port


def check_broker_url(text: str, what: str) -> None:
    """Refuse what is not ``mqtt://host[:port]`` or ``mqtts://host[:port]``, or several of one kind with commas between.

    Raises:
        FleetError: it is not, or it carries a password.
    """
    try:
        urls = split_addresses(text)
    except AddressError as error:
        raise FleetError(f"{what} {error}, such as mqtts://a.example:8883,mqtts://b.example:8883") from error
    for url in urls:
        _check_one_broker_url(url, what)


def _check_one_broker_url(text: str, what: str) -> None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"mqtt", "mqtts"} or parts.path not in {"", "/"}:
        raise FleetError(f"{what} {text!r} must be a URL such as {DEFAULT_BROKER} or mqtts://broker.example:8883")
    if parts.username is not None:
        raise FleetError(f"{what} must not carry a user or password in its URL; use username and password_file")


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")


def _read_settings(path: Path) -> FleetSettings:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FleetError(f"no fleet lives in {path.parent}; make one with `cygnet fleet init FLEET`") from error
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} is not TOML: {error}") from error
    _only(document, _MEMBERS, path, "")
    broker, http, database, telemetry, content = (
        _table(document, name, path) for name in ("broker", "http", "database", "telemetry", "content")
    )
    _only(content, {"workers", "forms_megabytes"}, path, "content.")
    _only(broker, {"url", "device_url", "username", "password_file", "ca", "cert", "key"}, path, "broker.")
    _only(http, {"listen", "hosts"}, path, "http.")
    _only(database, {"url"}, path, "database.")
    retention = _retention(telemetry, path)
    host, port = split_address(_text(http, "listen", path, "http.", DEFAULT_LISTEN))
    hosts = http.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(name, str) for name in hosts):
        raise FleetError(f'{path}: http.hosts must be a list of names, such as ["fleet.example"]')
    return FleetSettings(
        fleet=check_identifier("fleet", _text(document, "fleet", path, "")),
        broker=_broker(broker, path),
        http_host=host,
        http_port=port,
        http_names=frozenset(name.lower() for name in hosts),
        database=_text(database, "url", path, "database.", "-").removeprefix("-"),
        retention=retention,
        rollout_days=_rollout_days(_table(document, "rollouts", path), path),
        content_workers=_whole(content, "workers", 0, 1_000, f"{path}: content.workers", "0 (none)"),
        forms_bytes=_whole(content, "forms_megabytes", 1024, 1_000_000, f"{path}: content.forms_megabytes") * 2**20,
        access=access_settings(_table(document, "access", path), path),
    )


def _retention(table: dict[str, Any], path: Path) -> Retention:
    defaults = {"days": _TELEMETRY_DAYS, "minutes_days": _MINUTES_DAYS, "hours_days": _HOURS_DAYS, "days_days": 0}
    _only(table, {*defaults, "alarm_days", "metric_days"}, path, "telemetry.")

    def days(name: str, default: int) -> int:
        value = table.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST_DAYS:
            raise FleetError(f"{path}: telemetry.{name} must be a whole number from 0 (for ever) to {_LONGEST_DAYS}")
        return value

    usual, minutes, hours, longest = (days(name, default) for name, default in defaults.items())
    return Retention(
        alarm=days("alarm_days", usual),
        event=usual,
        metric=days("metric_days", usual),
        minutes=minutes,
        hours=hours,
        days=longest,
    )


def _rollout_days(table: dict[str, Any], path: Path) -> int:
    _only(table, {"device_days"}, path, "rollouts.")
    days = _whole(table, "device_days", _ROLLOUT_DAYS, _LONGEST_DAYS, f"{path}: rollouts.device_days", "0 (for ever)")
    if 0 < days <= FOLLOWED_DAYS:
        raise FleetError(
            f"{path}: rollouts.device_days must be 0 (for ever) or more than {FOLLOWED_DAYS}: so long are devices of "
            "an ended rollout followed"
        )
    return days


def _broker(table: dict[str, Any], path: Path) -> BrokerSettings:
    url = _text(table, "url", path, "broker.", DEFAULT_BROKER)
    device_url = _text(table, "device_url", path, "broker.", url)
    check_broker_url(url, f"{path}: broker.url")
    check_broker_url(device_url, f"{path}: broker.device_url")

    def file(name: str) -> Path | None:
        return secret_path(_text(table, name, path, "broker."), path.parent) if name in table else None

    username = _text(table, "username", path, "broker.") if "username" in table else ""
    return BrokerSettings(url, device_url, username, file("password_file"), file("ca"), file("cert"), file("key"))


def _only(table: dict[str, Any], known: set[str], path: Path, prefix: str) -> None:
    if unknown := sorted(table.keys() - known):
        expected = ", ".join(sorted(known))
        raise FleetError(f"{path}: {prefix}{unknown[0]} is not a member of this file; known here are: {expected}")


def _table(document: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise FleetError(f"{path}: {name} must be a table: [{name}]")
    return table


def _whole(table: dict[str, Any], name: str, default: int, high: int, where: str, low: str = "0") -> int:
    value = table.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise FleetError(f"{where} must be a whole number from {low} to {high}")
    return value


def _text(table: dict[str, Any], name: str, path: Path, prefix: str, default: str = "") -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or not value:
        raise FleetError(f"{path}: {prefix}{name} must be a string that is not empty")
    return value
