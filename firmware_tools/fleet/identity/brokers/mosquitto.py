"""mosquitto: the user is the common name of the certificate, and so is the client's id, whatever a client says it is.

The rights of devices are patterns, so the files change only where a certificate is revoked or a service comes or goes.
mosquitto reads rights and revocation lists again at SIGHUP. It then lets nobody in whose certificate is revoked; a
connection that stands goes on, so a revoked device is denied its topics as well.
"""

from pathlib import Path

from device_runtime.sync.messages import FROM_DEVICE, TO_DEVICE
from firmware_tools.fleet.identity.brokers.rights import Client, Rights


def configuration(folder: Path, listen: str) -> str:
    """``mosquitto.conf``; ``folder`` is where the files will lie, ``listen`` an address and a port."""
    host, _, port = listen.rpartition(":")
    return "\n".join(
        [
            "# Made by `cygnet fleet broker-config mosquitto`, and written anew by it.",
            "per_listener_settings false",
            "set_tcp_nodelay true",
            "persistence false",
            f"listener {port} {host.strip('[]')}",
            "allow_anonymous false",
            f"cafile {folder / 'ca.pem'}",
            f"certfile {folder / 'server.pem'}",
            f"keyfile {folder / 'server.key'}",
            f"crlfile {folder / 'crl.pem'}",
            "tls_version tlsv1.2",
            "require_certificate true",
            "use_identity_as_username true",
            "use_username_as_clientid true",
            f"acl_file {folder / 'rights'}",
            "",
        ]
    )


def rights_file(rights: Rights) -> str:
    """The ``acl_file``."""
    lines = ["# Made by `cygnet fleet broker-config mosquitto`, and written anew by it."]
    for service in rights.services:
        lines += ["", f"user {service.user}", *_grants(service)]
    for claimer in rights.claimers:
        denied = [f"topic deny {rights.prefix}/{claimer.user}/{channel}" for channel in rights.denied_to_claimers()]
        lines += ["", f"user {claimer.user}", *denied]
    for device in rights.barred:
        lines += ["", f"user {device}", f"topic deny {rights.prefix}/{device}/#"]
    lines += ["", "# Each client the topics of its own name."]
    lines += [f"pattern write {rights.prefix}/%u/{channel}" for channel in FROM_DEVICE]
    lines += [f"pattern read {rights.prefix}/%u/{channel}" for channel in TO_DEVICE]
    return "\n".join([*lines, ""])


def _grants(client: Client) -> list[str]:
    both = [topic for topic in client.write if topic in client.read]
    return [
        *(f"topic readwrite {topic}" for topic in both),
        *(f"topic write {topic}" for topic in client.write if topic not in both),
        *(f"topic read {topic}" for topic in client.read if topic not in both),
    ]
