"""What tests ask of a cluster of brokers, whichever it is: nodes that are killed, started, and asked how they are."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEADLINE_SECONDS = 300
"""How long a cluster may take to become healthy: an Erlang node on a busy machine takes tens of seconds."""
_LOOK_EVERY = 0.1


@dataclass(slots=True)
class Node:
    """One broker process of a cluster, which serves MQTT on ``port`` of 127.0.0.1, with TLS if it is ``secure``."""

    name: str
    folder: Path
    port: int
    secure: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"mqtts://localhost:{self.port}" if self.secure else f"mqtt://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Cluster(ABC):
    """Three nodes. ``start`` returns when all of them are healthy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: list[Node] = []

    @property
    def url(self) -> str:
        """All nodes, as ``fleet.toml`` and provisioning files name them."""
        return ",".join(node.url for node in self.nodes)

    @property
    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.is_alive]

    def start(self) -> None:
        """Start all nodes, and wait until they say that they are one cluster."""
        for node in self.nodes:
            node.process = self._launch(node)
        self.wait_until_healthy()

    def kill(self, node: Node) -> None:
        """SIGKILL, as a power cut would, of the process and all that it started."""
        assert node.process is not None
        os.killpg(node.process.pid, signal.SIGKILL)
        node.process.wait()
        node.process = None

    def start_again(self, node: Node) -> None:
        """The same ports and files; :meth:`wait_until_healthy` says when it is one of the cluster again."""
        assert node.process is None, "kill it first"
        node.process = self._launch(node)

    def stop(self) -> None:
        for node in self.alive:
            self.kill(node)

    def wait_until_healthy(self) -> None:
        """Until every node that runs says so itself."""
        wait_for(lambda: all(self.is_healthy(node) for node in self.alive), self.describe)

    def describe(self) -> str:
        """The last words of each node, for who has to find out why a test fails."""
        return "\n".join(f"{node.name}: {self.last_words(node)}" for node in self.nodes)

    def run(self, node: Node, words: Sequence[str], environment: Mapping[str, str] | None = None) -> Any:
        """Start a process in a group of its own, its output in a file."""
        with (node.folder / "output").open("ab") as output:
            return subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=node.folder,
                env=dict(environment) if environment is not None else None,
                start_new_session=True,
            )

    @abstractmethod
    def _launch(self, node: Node) -> "subprocess.Popen[bytes]": ...

    @abstractmethod
    def is_healthy(self, node: Node) -> bool:
        """Whether the node says that it serves, together with all others that run."""

    @abstractmethod
    def last_words(self, node: Node) -> str:
        """The end of its log."""

    @abstractmethod
    def node_of(self, client_id: str) -> Node | None:
        """The node to which an MQTT client of this id is connected."""

    @abstractmethod
    def leader(self) -> Node:
        """The node that leads what the cluster agrees on now."""


def wait_for(condition: Callable[[], bool], describe: Callable[[], str], seconds: float = DEADLINE_SECONDS) -> None:
    """Look again and again; what the condition is about cannot call anybody."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(_LOOK_EVERY)


def put(url: str, body: object, user: str, password: str) -> None:
    """Put a JSON document somewhere."""
    request = urllib.request.Request(url, json.dumps(body).encode(), method="PUT")  # noqa: S310 - loopback
    request.add_header("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - loopback


def ask(url: str, user: str = "", password: str = "", timeout: float = 5.0) -> Any:
    """What an address answers, as JSON; None if nothing does, or it says that it is not well."""
    request = urllib.request.Request(url)  # noqa: S310 - loopback
    if user:
        request.add_header("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read())
    except (OSError, ValueError, urllib.error.URLError):
        return None
