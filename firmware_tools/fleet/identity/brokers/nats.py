"""NATS with MQTT: the user is the alternative name of a certificate, so each certificate is a user of its own.

NATS has no patterns and no revocation lists: every good certificate is listed, and the list is written and read again
(SIGHUP) at each change. A certificate that is not in it any more loses its connection at once. MQTT's ``/`` is ``.`` in
a subject, and a ``.`` in a topic is ``//``.

The list is a file of its own that is included inside ``authorization { }``: who may write it decides who may come in,
and no other setting of the server, which refuses one there. Before, it was ``users.conf``, included where any setting
may stand.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from firmware_tools.fleet.identity.brokers.rights import Client, Rights

AUTHORIZATION, FORMER = "authorization.conf", "users.conf"
"""The list of users, and its name and form where the server's configuration was made before."""
FORMER_SENTENCE = (
    f"{FORMER} is for a nats-server.conf that includes it outside of all braces, where it may hold any setting; put "
    f'`authorization {{ include "{AUTHORIZATION}" }}` there in its place, and delete {FORMER}, '
    "which is then written no more"
)
_MADE = "# Made by `cygnet fleet broker-config nats`, and written anew by it."
_OF_SUBSCRIPTIONS = "$MQTT.sub.>"
"""What the server delivers QoS 1 through; it lets no client subscribe to it by itself."""


def configuration(folder: Path, listen: str, store: str) -> str:
    """``nats-server.conf``; ``store`` is where JetStream, on which MQTT is built, keeps its files."""
    text = json.dumps
    return f"""\
{_MADE}
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
# Nothing but users may stand in this file, since it is included here and not further out.
authorization {{
  include "{AUTHORIZATION}"
}}
"""


def authorization_file(rights: Rights) -> str:
    """``authorization.conf``: all who may come in, and what they may do."""
    return "\n".join([_MADE, *_users(rights), ""])


def former_file(rights: Rights) -> str:
    """``users.conf``: the same, for a configuration that includes it outside of all braces."""
    return "\n".join([_MADE, f"# {FORMER_SENTENCE}", "authorization {", *_users(rights), "}", ""])


def _users(rights: Rights) -> list[str]:
    lines = ["users: ["]
    for client in (*rights.services, *rights.claimers, *rights.devices):
        permissions = _permissions(client)
        lines += [
            f'  {{ user: {json.dumps(urn)}, allowed_connection_types: ["MQTT"], permissions: {permissions} }}'
            for urn in client.urns
        ]
    return [*lines, "]"]


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
