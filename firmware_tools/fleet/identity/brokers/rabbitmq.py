"""RabbitMQ with MQTT: the user is the common name of the certificate; each has to be a user of RabbitMQ's own.

The rights are topic permissions on ``amq.topic``, a user each: RabbitMQ's ``{username}`` would be read as a pattern, in
which the dot of one device's id stands for any letter of another's. Users that are not in
the definitions any more are not taken away by importing them: ``revoked.txt`` lists whom to delete.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from firmware_tools.fleet.identity.brokers.rights import Client, Rights

_VHOST = "/"
_QUEUES = r"^mqtt-subscription-.*$"
_QUEUES_AND_TOPICS = r"^(amq\.topic|mqtt-subscription-.*)$"


def configuration(folder: Path, listen: str) -> str:
    """``rabbitmq.conf``."""
    return f"""\
# Made by `cygnet fleet broker-config rabbitmq`, and written anew by it.
# Enable the plugins rabbitmq_mqtt and rabbitmq_auth_mechanism_ssl.
load_definitions = {folder / "definitions.json"}
listeners.tcp = none
mqtt.listeners.tcp = none
mqtt.listeners.ssl.default = {listen}
mqtt.allow_anonymous = false
mqtt.ssl_cert_login = true
mqtt.vhost = {_VHOST}
mqtt.exchange = amq.topic
ssl_cert_login_from = common_name
ssl_options.cacertfile = {folder / "ca.pem"}
ssl_options.certfile = {folder / "server.pem"}
ssl_options.keyfile = {folder / "server.key"}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.depth = 2
"""


def definitions(rights: Rights) -> str:
    """``definitions.json``: users, and what each may do."""
    clients = [*rights.services, *rights.claimers, *rights.devices]
    return json.dumps(
        {
            "vhosts": [{"name": _VHOST}],
            "users": [{"name": client.user, "password_hash": "", "tags": ""} for client in clients],
            "permissions": [
                {
                    "user": client.user,
                    "vhost": _VHOST,
                    "configure": _QUEUES,
                    "write": _QUEUES_AND_TOPICS,
                    "read": _QUEUES_AND_TOPICS,
                }
                for client in clients
            ],
            "topic_permissions": [
                {"user": client.user, "vhost": _VHOST, "exchange": "amq.topic", **_of(client)} for client in clients
            ],
        },
        indent=1,
    )


def revoked_file(rights: Rights) -> str:
    """``revoked.txt``: a user a line, for ``rabbitmqctl delete_user``."""
    return "".join(f"{user}\n" for user in (*rights.barred, *rights.withdrawn))


def _of(client: Client) -> dict[str, str]:
    return {"write": _any_of(client.write), "read": _any_of(client.read)}


def _any_of(topics: Iterable[str]) -> str:
    # RabbitMQ writes MQTT's / as a dot, and leaves dots as they are.
    patterns = {"+": r"[^.]+", "#": ".*"}
    found = [r"\.".join(patterns.get(level, re.escape(level)) for level in topic.split("/")) for topic in topics]
    return f"^({'|'.join(found)})$"
