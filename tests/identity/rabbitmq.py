"""One RabbitMQ that runs with the configuration that was generated for it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.office import IdentityOffice
from tests.brokers import free_port
from tests.clusters.cluster import wait_for as wait_until
from tests.clusters.rabbitmq import PROGRAM, port_mapper, surroundings, write_cookie
from tests.identity.world import RunningBroker, wait_for

_NAME = "alone"
_PLUGINS = "[rabbitmq_mqtt,rabbitmq_auth_mechanism_ssl].\n"
"""Those that docs/identity.md has enabled."""
_START_SECONDS = 120.0


@dataclass(slots=True)
class RunningRabbit(RunningBroker):
    """It is told of changes by its tool, not by a signal."""

    environment: dict[str, str]

    def reload(self) -> None:
        """Import the definitions as they are now, and delete whom they do not have any more."""
        self._tell("import_definitions", str(self.folder / "definitions.json"))
        for user in (self.folder / "revoked.txt").read_text().split():
            self._tell("delete_user", user)

    def _tell(self, *words: str) -> None:
        done = subprocess.run(
            [str(PROGRAM.parent / "rabbitmqctl"), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted((self.folder.parent / "node").glob("log/*.log")))


@contextmanager
def running_rabbit(home: FleetHome, port: int, folder: Path) -> Iterator[RunningRabbit]:
    """Write the configuration into ``folder``, as it is for operators, and run RabbitMQ with it."""
    IdentityOffice(home).write_broker("rabbitmq", folder, f"127.0.0.1:{port}", None, None)
    node, epmd_port = folder.parent / "node", free_port()
    node.mkdir()
    write_cookie(node)
    (node / "enabled_plugins").write_text(_PLUGINS)
    (node / "env.conf").write_text("")
    environment = surroundings(_NAME, node, node, epmd_port)
    environment |= {"RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf")}
    with port_mapper(epmd_port), (node / "output").open("ab") as output:
        process = subprocess.Popen(
            [str(PROGRAM)],
            env=environment,
            cwd=node,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            broker = RunningRabbit("rabbitmq", folder, port, process, environment)
            wait_for(broker, _START_SECONDS)
            # It listens before it knows its users.
            wait_until(lambda: "Server startup complete" in broker.log(), broker.log, _START_SECONDS)
            yield broker
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
