"""NATS with MQTT: the user is the alternative name of a certificate, so each certificate is a user of its own.

NATS has no patterns and no revocation lists: every good certificate is listed, and the list is written and read again
(SIGHUP) at each change. A certificate that is not in it any more loses its connection at once. MQTT's ``/`` is ``.`` in
a subject, and a ``.`` in a topic is ``//``.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from firmware_tools.fleet.identity.brokers.rights import Client, Rights

_OF_SUBSCRIPTIONS = "$MQTT.sub.>"
"""What the server delivers QoS 1 through; it lets no client subscribe to it by itself."""


def configuration(folder: Path, listen: str, store: str) -> str:
    """``nats-server.conf``; ``store`` is where JetStream, on which MQTT is built, keeps its files."""
    text = json.dumps
    return f"""\
# Made by `cygnet fleet broker-config nats`, and written anew by it.
server_name: "cygnet"
# Nobody may log in here: every user below is one of MQTT.
listen: "127.0.0.1:-1"
pid_file: {text(str(folder / "nats-server.pid"))}
jetstream {{ store_dir: {text(store)} }}
mqtt {{
  listen: {text(listen)}
  tls {{
    cert_file: {text(str(folder / "server.pem"))}
    key_file: {text(str(folder / "server.key"))}
    ca_file: {text(str(folder / "ca.pem"))}
    verify_and_map: true
  }}
}}
include "users.conf"
"""


def users_file(rights: Rights) -> str:
    """``users.conf``: all who may come in, and what they may do."""
    lines = ["# Made by `cygnet fleet broker-config nats`, and written anew by it.", "authorization {", "  users: ["]
    for client in (*rights.services, *rights.claimers, *rights.devices):
        permissions = _permissions(client)
        lines += [
            f'    {{ user: {json.dumps(urn)}, allowed_connection_types: ["MQTT"], permissions: {permissions} }}'
            for urn in client.urns
        ]
    return "\n".join([*lines, "  ]", "}", ""])


def subject(topic: str) -> str:
    """An MQTT topic filter as a subject."""
    words = {"+": "*", "#": ">"}
    return ".".join(words.get(level, level.replace(".", "//")) for level in topic.split("/"))


def _permissions(client: Client) -> str:
    return f"{{ publish: {_allow(client.write)}, subscribe: {_allow([*client.read], _OF_SUBSCRIPTIONS)} }}"


def _allow(topics: Iterable[str], *further: str) -> str:
    subjects = [name for topic in topics for name in _subjects(topic)]
    if not (subjects or further):
        return '{ deny: [">"] }'  # an empty list allows everything
    return f"{{ allow: {json.dumps([*subjects, *further])} }}"


def _subjects(topic: str) -> list[str]:
    """``a/#`` is ``a`` as well as all below it (MQTT 3.1.1, 4.7.1.2); ``a.>`` is not."""
    whole = subject(topic)
    return [whole.removesuffix(".>"), whole] if whole.endswith(".>") else [whole]
