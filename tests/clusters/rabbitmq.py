"""A three-node RabbitMQ cluster that speaks MQTT, on loopback: processes with a home, ports, a cookie and a port mapper
(epmd) of their own; the system's service, if there is one, is left alone."""

import json
import os
import re
import secrets
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.brokers import free_port
from tests.clusters.cluster import Cluster, Node, ask, put

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's ``/usr/sbin/rabbitmq-server`` becomes the system's user first; this is what it then starts."""
CONFIGURATION = Path(__file__).parents[2] / "deploy/rabbitmq.conf"
OPERATIONS = CONFIGURATION.parents[1] / "docs/operations.md"
_NAMES = ("r1", "r2", "r3")
_MORE = """\
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
collect_statistics_interval = 1000
log.file.level = info
"""
_ERLANG = "-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
"""Loopback alone, one scheduler a node, and none that waits by spinning."""


def policy() -> tuple[str, str, Any]:
    """Name, pattern and definition of the policy that docs/operations.md has set with ``rabbitmqctl``."""
    (line,) = re.findall(r"`(rabbitmqctl set_policy [^`]*)`", OPERATIONS.read_text(encoding="utf-8"))
    name, pattern, definition = shlex.split(line)[2:5]
    return name, pattern, json.loads(definition)


class RabbitCluster(Cluster):
    """Three RabbitMQ nodes; each is asked at its management port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._epmd_port = free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._management: dict[str, int] = {}
        self._ports: dict[str, tuple[int, int]] = {}
        folder.mkdir(parents=True)
        cookie = folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        for name in _NAMES:
            node = Node(name, folder / name, free_port())
            node.folder.mkdir()
            self.nodes.append(node)
            self._management[name] = free_port()
            self._ports[name] = (free_port(), free_port())
            (node.folder / "rabbitmq.conf").write_text(self._configuration(node))
            (node.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_mqtt].\n")
            (node.folder / "env.conf").write_text("")

    def _configuration(self, node: Node) -> str:
        """The file of deploy/ with this node's ports, in the clear, for anybody."""
        text = CONFIGURATION.read_text(encoding="utf-8")
        text = re.sub(r"^(ssl_options|mqtt\.allow_anonymous|mqtt\.listeners\.tcp).*\n", "", text, flags=re.MULTILINE)
        for known, here in (
            ("127.0.0.1:5672", f"127.0.0.1:{self._ports[node.name][0]}"),
            ("mqtt.listeners.ssl.1 = 0.0.0.0:8883", f"mqtt.listeners.tcp.1 = 127.0.0.1:{node.port}"),
            ("management.tcp.port = 15672", f"management.tcp.port = {self._management[node.name]}"),
            *((f"= rabbit@{known}", f"= {name}@localhost") for known, name in zip("abc", _NAMES, strict=True)),
        ):
            assert known in text, f"{CONFIGURATION} no longer has {known}"
            text = text.replace(known, here)
        return text + _MORE

    def start(self) -> None:
        self._epmd = subprocess.Popen(
            ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        super().start()
        name, pattern, definition = policy()
        body = {"pattern": pattern, "definition": definition, "apply-to": "queues"}
        port = self._management[self.nodes[0].name]
        put(f"http://127.0.0.1:{port}/api/policies/%2F/{name}", body, "guest", "guest")

    def stop(self) -> None:
        super().stop()
        if self._epmd is not None:
            self._epmd.send_signal(signal.SIGKILL)
            self._epmd.wait()

    def _launch(self, node: Node) -> "subprocess.Popen[bytes]":
        folder, (amqp, dist) = str(node.folder), self._ports[node.name]
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/env.conf",
            "RABBITMQ_NODENAME": f"{node.name}@localhost",
            "RABBITMQ_NODE_PORT": str(amqp),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_ALLOW_INPUT": "1",  # so that the script becomes Erlang, and leaves no orphan
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        }
        process: subprocess.Popen[bytes] = self.run(node, [str(PROGRAM)], environment)
        return process

    def is_healthy(self, node: Node) -> bool:
        """A node is well when its own view has all that run in one cluster, without alarms, and MQTT listens."""
        nodes = self._ask(node, "nodes")
        overview = self._ask(node, "overview")
        if nodes is None or overview is None:
            return False
        running = {each["name"] for each in nodes if each.get("running") and not each.get("partitions")}
        listening = {(each["node"], each["protocol"]) for each in overview.get("listeners", ())}
        wanted = {f"{each.name}@localhost" for each in self.alive}
        return wanted <= running and all((name, "mqtt") in listening for name in wanted)

    def last_words(self, node: Node) -> str:
        logs = sorted((node.folder / "log").glob("r?@localhost.log"))
        return logs[0].read_text()[-1500:] if logs else (node.folder / "output").read_text()[-1500:]

    def node_of(self, client_id: str) -> Node | None:
        for node in self.alive:
            for each in self._ask(node, "connections") or ():
                if (each.get("variable_map") or {}).get("client_id") == client_id:
                    return next(one for one in self.nodes if f"{one.name}@localhost" == each["node"])
        return None

    def leader(self) -> Node:
        """The last that runs: queues live on the node of their client, and none leads all."""
        return self.alive[-1]

    def _ask(self, node: Node, path: str) -> Any:
        return ask(f"http://127.0.0.1:{self._management[node.name]}/api/{path}", "guest", "guest")


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitCluster]:
    """A cluster for the length of a ``with`` block; its files lie in ``folder`` (a ``tmp_path``)."""
    cluster = RabbitCluster(folder / "rabbitmq")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
