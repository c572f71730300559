"""A three-node RabbitMQ cluster that speaks MQTT, on loopback: processes with a home, ports, a cookie and a port mapper
(epmd) of their own; the system's service, if there is one, is left alone."""

import hashlib
import json
import os
import re
import secrets
import shlex
import signal
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.brokers import free_port
from tests.clusters.cluster import Cluster, Node, ask, put

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's ``/usr/sbin/rabbitmq-server`` becomes the system's user first; this is what it then starts."""
CONFIGURATION = Path(__file__).parents[2] / "deploy/rabbitmq.conf"
OPERATIONS = CONFIGURATION.parents[1] / "docs/operations.md"
_NAMES = ("r1", "r2", "r3")
_FOR_ANYBODY = """\
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
"""
_MORE = """\
collect_statistics_interval = 1000
log.file.level = info
"""
_OF_CERTIFICATES = r"^(#.*|ssl_.*|load_definitions.*|mqtt\.(allow_anonymous|ssl_cert_login|listeners\.tcp) .*)\n"
_ERLANG = "-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
"""Loopback alone, one scheduler a node, and none that waits by spinning."""


def policy() -> tuple[str, str, Any]:
    """Name, pattern and definition of the policy that docs/operations.md has set with ``rabbitmqctl``."""
    (line,) = re.findall(r"`(rabbitmqctl set_policy [^`]*)`", OPERATIONS.read_text(encoding="utf-8"))
    name, pattern, definition = shlex.split(line)[2:5]
    return name, pattern, json.loads(definition)


def plugins() -> list[str]:
    """Those that docs/operations.md has enabled with ``rabbitmq-plugins``."""
    (line,) = re.findall(r"`rabbitmq-plugins enable ([^`]*)`", OPERATIONS.read_text(encoding="utf-8"))
    return str(line).split()


def surroundings(name: str, folder: Path, home: Path, epmd_port: int) -> dict[str, str]:
    """The environment of one node, and of the tools that speak to it: its files lie in ``folder``, the cookie in
    ``home``."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONF_ENV_FILE": f"{folder}/env.conf",
        "RABBITMQ_NODENAME": f"{name}@localhost",
        "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
        "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
        "RABBITMQ_LOG_BASE": f"{folder}/log",
        "RABBITMQ_PID_FILE": f"{folder}/pid",
        "RABBITMQ_ALLOW_INPUT": "1",  # so that the script becomes Erlang, and leaves no orphan
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
    }


def write_cookie(folder: Path) -> None:
    """What nodes and tools of one cluster know each other by."""
    cookie = folder / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o400)


@contextmanager
def port_mapper(port: int) -> Iterator[None]:
    """Erlang's ``epmd``, on loopback alone, for the length of a ``with`` block."""
    process = subprocess.Popen(
        ["epmd", "-port", str(port), "-address", "127.0.0.1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


class RabbitCluster(Cluster):
    """Three RabbitMQ nodes; each is asked at its management port."""

    def __init__(self, folder: Path, *, secure: bool = False) -> None:
        """Nodes of ``deploy/rabbitmq.conf``. ``secure``: as it stands, with what `cygnet fleet broker-config` wrote in
        the folder ``north`` of each node, for a certificate of ``localhost``; otherwise anybody may connect, in the
        clear."""
        super().__init__(folder)
        self._secure = secure
        self._epmd_port = free_port()
        self._running = ExitStack()
        self._management: dict[str, int] = {}
        self._ports: dict[str, tuple[int, int]] = {}
        folder.mkdir(parents=True)
        write_cookie(folder)
        for name in _NAMES:
            node = Node(name, folder / name, free_port(), secure=secure)
            node.folder.mkdir()
            self.nodes.append(node)
            self._management[name] = free_port()
            self._ports[name] = (free_port(), free_port())
            (node.folder / "rabbitmq.conf").write_text(self._configuration(node))
            (node.folder / "enabled_plugins").write_text(f"[{','.join(plugins())}].\n")
            (node.folder / "env.conf").write_text("")

    def _configuration(self, node: Node) -> str:
        """The file of deploy/ with this node's ports and folders."""
        text, mqtt = CONFIGURATION.read_text(encoding="utf-8"), f"127.0.0.1:{node.port}"
        if not self._secure:
            text = re.sub(_OF_CERTIFICATES, "", text, flags=re.MULTILINE) + _FOR_ANYBODY
        listener = "mqtt.listeners.ssl.1 = " if self._secure else "mqtt.listeners.tcp.1 = "
        for known, here in (
            ("127.0.0.1:5672", f"127.0.0.1:{self._ports[node.name][0]}"),
            ("mqtt.listeners.ssl.1 = 0.0.0.0:8883", f"{listener}{mqtt}"),
            ("management.tcp.port = 15672", f"management.tcp.port = {self._management[node.name]}"),
            *((f"= rabbit@{known}", f"= {name}@localhost") for known, name in zip("abc", _NAMES, strict=True)),
            *([("/etc/rabbitmq/", f"{node.folder}/")] if self._secure else []),
        ):
            assert known in text, f"{CONFIGURATION} no longer has {known}"
            text = text.replace(known, here)
        return text + _MORE

    def _let_guest_look(self, node: Node) -> None:
        """The generated definitions know clients alone: a test asks how the nodes are."""
        path = node.folder / "north" / "definitions.json"
        told = json.loads(path.read_text())
        salt = secrets.token_bytes(4)
        hashed = b64encode(salt + hashlib.sha256(salt + b"guest").digest()).decode()
        told["users"].append({"name": "guest", "password_hash": hashed, "tags": "administrator"})
        told["permissions"].append({"user": "guest", "vhost": "/", "configure": "", "write": "", "read": ""})
        path.write_text(json.dumps(told))

    def start(self) -> None:
        for node in self.nodes if self._secure else ():
            self._let_guest_look(node)
        self._running.enter_context(port_mapper(self._epmd_port))
        super().start()
        name, pattern, definition = policy()
        body = {"pattern": pattern, "definition": definition, "apply-to": "queues"}
        port = self._management[self.nodes[0].name]
        put(f"http://127.0.0.1:{port}/api/policies/%2F/{name}", body, "guest", "guest")

    def stop(self) -> None:
        super().stop()
        self._running.close()

    def _launch(self, node: Node) -> "subprocess.Popen[bytes]":
        amqp, dist = self._ports[node.name]
        environment = surroundings(node.name, node.folder, self.folder, self._epmd_port)
        environment |= {"RABBITMQ_NODE_PORT": str(amqp), "RABBITMQ_DIST_PORT": str(dist)}
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
        protocol = "mqtt/ssl" if self._secure else "mqtt"
        return wanted <= running and all((name, protocol) in listening for name in wanted)

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
def running_rabbitmq(folder: Path, write_files: Callable[[Path], None] | None = None) -> Iterator[RabbitCluster]:
    """A cluster for the length of a ``with`` block; its files lie in ``folder`` (a ``tmp_path``). With ``write_files``,
    which writes `cygnet fleet broker-config rabbitmq` into a folder, it is for clients with certificates."""
    cluster = RabbitCluster(folder / "rabbitmq", secure=write_files is not None)
    if write_files is not None:
        for node in cluster.nodes:
            write_files(node.folder / "north")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
