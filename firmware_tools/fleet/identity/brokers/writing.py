"""Writing a broker's files: each whole, and only where something changed; then the broker is told."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from device_runtime.sealed.durable import disk_sentence, write_secret, write_whole
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.brokers import mosquitto, nats, rabbitmq
from firmware_tools.fleet.identity.brokers.rights import Rights
from firmware_tools.fleet.identity.settings import BrokerKind

DEFAULT_LISTEN = "0.0.0.0:8883"
_PROCESSES: Mapping[BrokerKind, str] = {"mosquitto": "mosquitto", "nats": "nats-server", "rabbitmq": "beam"}
"""What the kernel calls each broker's process; RabbitMQ's is Erlang's."""


def write_all(
    kind: BrokerKind,
    folder: Path,
    authority: Authority,
    rights: Rights,
    revoked: bytes,
    listen: str,
    as_if: Path | None,
) -> list[str]:
    """Write everything that the broker needs; the names of files that changed.

    Args:
        kind: which broker.
        folder: where to.
        authority: whose certificates.
        rights: who may do what.
        revoked: the revocation lists, in PEM.
        listen: address and port for MQTT over TLS.
        as_if: where the files will lie, if they are copied to another place.

    Raises:
        FleetError: the broker has no certificate yet, or a file cannot be written.
    """
    place = as_if or folder.absolute()
    main: dict[str, bytes] = {}
    if kind == "mosquitto":
        main["mosquitto.conf"] = mosquitto.configuration(place, listen).encode()
    elif kind == "nats":
        main["nats-server.conf"] = nats.configuration(place, listen, str(place / "jetstream")).encode()
    else:
        main["rabbitmq.conf"] = rabbitmq.configuration(place, listen).encode()
    if not authority.server.certificate.exists():
        raise FleetError("the broker has no certificate yet; make one with `cygnet fleet identity server NAME`")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        main["server.pem"] = authority.server.certificate.read_bytes()
        main["server.key"] = authority.server.key.read_bytes()
    except OSError as error:
        raise FleetError(f"{folder} cannot be written, or the broker's certificate not read: {error}") from error
    return _write(folder, main) + write_changing(kind, folder, authority, rights, revoked)


def write_changing(kind: BrokerKind, folder: Path, authority: Authority, rights: Rights, revoked: bytes) -> list[str]:
    """Write what changes with devices and certificates; the names of files that changed.

    Raises:
        FleetError: a file cannot be written.
    """
    files = {"ca.pem": authority.for_brokers()}
    if kind == "mosquitto":
        files |= {"crl.pem": revoked, "rights": mosquitto.rights_file(rights).encode()}
    elif kind == "nats":
        files[nats.AUTHORIZATION] = nats.authorization_file(rights).encode()
        if (folder / nats.FORMER).exists():
            files[nats.FORMER] = nats.former_file(rights).encode()
    else:
        files |= {
            "definitions.json": rabbitmq.definitions(rights).encode(),
            "revoked.txt": rabbitmq.revoked_file(rights).encode(),
        }
    return _write(folder, files)


def outdated(kind: BrokerKind, folder: Path) -> str:
    """A sentence, where a broker may still read a file of a form that is not made any more; else an empty one."""
    if kind == "nats" and (folder / nats.FORMER).exists():
        return f"In {folder}, {nats.FORMER_SENTENCE}."
    return ""


def tell_broker(kind: BrokerKind, pid_file: Path) -> None:
    """Have the broker whose process id is in this file read its files again.

    A broker that was killed leaves its file behind, and its number may be another process's by now, which SIGHUP would
    end: a process of another name is left alone.

    Raises:
        FleetError: there is no such process, or it is no broker of this kind, or another user's.
    """
    try:
        pid = _process_id(pid_file)
        name = _name_of(pid)
        if name and not name.startswith(_PROCESSES[kind]):
            raise FleetError(
                f"the broker of {pid_file} cannot be told to read its files again: process {pid} is {name}, and not "
                f"{_PROCESSES[kind]}; start the broker again, or correct the file's path"
            )
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        raise FleetError(
            f"the broker of {pid_file} cannot be told to read its files again: {error.strerror}"
        ) from error


def _process_id(pid_file: Path) -> int:
    text = pid_file.read_text(errors="replace").strip()
    # 0 and negative numbers are groups of processes to kill(2).
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise FleetError(f"{pid_file} holds no process id")
    return int(text)


def _name_of(pid: int) -> str:
    """What the kernel calls a process (proc(5), ``comm``); empty where that cannot be known."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    changed = []
    for name, data in files.items():
        path = folder / name
        try:
            if path.exists() and path.read_bytes() == data:
                continue
            (write_secret if name.endswith(".key") else write_whole)(path, data)
        except OSError as error:
            raise FleetError(f"{path} cannot be written: {disk_sentence(error)}") from error
        changed.append(name)
    return changed
