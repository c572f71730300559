"""The machine on which the commands of docs/operations.md run: its folders are below one of a test's, its names lead to
loopback, its systemd starts what the units of deploy/ say, and other machines are folders."""

import asyncio
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from urllib.parse import quote

from firmware_tools.fleet.home import FleetHome
from tests.brokers import free_port
from tests.clusters.nats import NatsCluster
from tests.deploy.test_units import settings, words
from tests.docs.test_operator_walk import says
from tests.postgres import Postgres

DEADLINE = 120.0
_FOLDERS = ("/etc/mosquitto", "/etc/cygnet", "/etc/credstore", "/var/lib", "/var/backups")
_BROKER_FILES = "cygnet-broker-files"
_SHIMS = {
    "cygnet": f'exec {sys.executable} -m firmware_tools.cli "$@"',
    # Of a unit that runs: the processes of one are in files, each node of a cluster in its folder.
    "systemctl": """\
case "$1" in try-reload-or-restart) ;; *) echo "systemctl $*" >&2; exit 1;; esac
for file in $ROOT/run/$NODE*$2.pid; do [ ! -e "$file" ] || kill -HUP "$(cat "$file")"; done""",
    "ssh": """\
host=${1#root@}; shift
NODE=${host%%.*}- exec "$@\"""",
    "rsync": """\
for last; do :; done
case $last in root@*) node=${last#root@}; last=$ROOT/nats/${node%%.*}/${last#*:/etc/nats/};; esac
mkdir -p "$last"
while [ $# -gt 1 ]; do
  case $1 in -*) ;; */) cp -p "$1"* "$last";; *) cp -p "$1" "$last";; esac
  shift
done""",
}


class Machine:
    """Where the page's commands run."""

    def __init__(self, root: Path, postgres: Postgres, postgres_socket: Path) -> None:
        self.root, self.desk = root, root / "desk"
        self.listen, self.plain = f"127.0.0.1:{free_port()}", free_port()
        # Held until the broker starts, long after: the kernel gives free ports to whoever connects.
        self._held = socket.create_server(("127.0.0.1", 0))
        self.port = self._held.getsockname()[1]
        for name in ("etc/mosquitto", "etc/cygnet", "var/lib/cygnet-fleet", "var/backups", "user", "run", "bin"):
            (root / name).mkdir(parents=True)
        self.desk.mkdir()
        for name, text in _SHIMS.items():
            self._executable(root / "bin" / name, f"#!/bin/sh\n{text}\n")
        self._environment = {
            **os.environ,
            "ROOT": str(root),
            "HOME": str(root / "user"),
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "COLUMNS": "160",
            "NODE": "",
        }
        for name in ("XDG_DATA_HOME", "CYGNET_FLEET_HOME", "CYGNET_CLAIM_CODE"):
            self._environment.pop(name, None)
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self._watching: threading.Event | None = None
        self._socket = postgres_socket
        self.cluster: NatsCluster | None = None
        postgres.make_database("fleet")

    @staticmethod
    def _executable(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    @property
    def home(self) -> FleetHome:
        given = self._environment.get("CYGNET_FLEET_HOME")
        return FleetHome(Path(given) if given else self.root / "user/.local/share/cygnet/fleet")

    def here(self, text: str) -> str:
        """What the page says, with this machine's folders and addresses."""
        text = re.sub(r"cygnet@db\.example/(\w+)", rf"cygnet@/\1?host={quote(str(self._socket))}", text)
        text = text.replace("--host=db.example", f"--host={self._socket}")
        text = text.replace("mqtts://broker.example", f"mqtts://localhost:{self.port}").replace(
            "broker.example", "localhost"
        )
        if self.cluster is not None:
            text = text.replace("mqtts://a.example,mqtts://b.example,mqtts://c.example", self.cluster.url)
        if " --cluster " in text:
            text = re.sub(r"\b[abc]\.example", "localhost", text)
        if "broker-config mosquitto" in text:
            text += f" --listen 127.0.0.1:{self.port}"
        text = text.replace("-o mosquitto ", "")  # here the broker is who the fleet is
        for folder in _FOLDERS:
            text = re.sub(rf"(?<![\w.]){folder}\b", f"{self.root}{folder}", text)
        return text

    def write(self, name: str, text: str) -> None:
        """A file that the page shows."""
        text = self.here(text)
        if name == "fleet.toml":
            text += f'\n[http]\nlisten = "{self.listen}"\n'
            self.home.settings_file.write_text(text)
            assert tomllib.loads(text)["fleet"] == "north"
        else:
            assert name.startswith("/"), f"where is {name}?"
            self._executable(Path(self.here(name)), text)

    async def run(self, command: str, expected: list[str]) -> None:
        """One command line, again and again until it ends well and printed what the page says."""
        line = self.here(command)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self._environment[name] = value
        elif line.startswith("systemctl "):
            await asyncio.to_thread(self.systemctl, shlex.split(line)[1:])
        elif "enable --now nats-server" in line:
            assert self.cluster is not None
            await asyncio.to_thread(self._start_cluster, self.cluster)
        elif line.endswith("--with-broker"):
            self._start("by hand", shlex.split(line)[1:], self._environment)
        else:
            if line.startswith("cygnet fleet init"):
                line += f" --broker mqtt://127.0.0.1:{self.plain} --listen {self.listen}"
            printed = await self._until_it_says(line, expected)
            if line.startswith("cygnet fleet claim create"):  # whoever is at the device types it
                self._environment["CYGNET_CLAIM_CODE"] = printed.split()[0]

    async def _until_it_says(self, line: str, expected: list[str]) -> str:
        deadline = asyncio.get_running_loop().time() + DEADLINE
        patient = line.startswith(("cygnet fleet health", "cygnet fleet claim", "cygnet fleet workers"))
        while True:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-c", line),
                cwd=self.desk, env=self._environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, complaint = await process.communicate()
            if process.returncode == 0 and says(out.decode(), expected):
                return out.decode()
            again = asyncio.get_running_loop().time() < deadline and patient
            assert again, f"{line}: {out.decode()!r}, not {expected}: {complaint.decode()} {self.logs()}"
            await asyncio.sleep(0.2)

    def systemctl(self, arguments: list[str]) -> None:
        """What systemd would do with the units in deploy/."""
        verb, *units = [word for word in arguments if word != "--now"]
        for unit in units:
            if verb in ("stop", "restart"):
                self._stop(unit)
            if verb in ("start", "restart", "enable"):
                self._begin(unit)

    def _begin(self, unit: str) -> None:
        if unit == "mosquitto":
            run = self.root / "run.conf"
            prefix = "user root\n" if os.geteuid() == 0 else ""
            log = f"log_dest file {self.root}/mosquitto.log\n"
            self._held.close()
            run.write_text(prefix + (self.root / "etc/mosquitto/mosquitto.conf").read_text() + log)
            self._services[unit] = subprocess.Popen(
                ["mosquitto", "-c", str(run)],
                env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self._note(unit, self._services[unit].pid)
            return
        if unit == f"{_BROKER_FILES}.path":
            self._watching = threading.Event()
            threading.Thread(target=self._watch, args=(self._watching,), daemon=True).start()
            return
        name, at, number = unit.partition("@")
        arguments = words(f"{name}{at}.service", int(number or 0), self.root / "var/lib/cygnet-fleet")
        kept = {key: self._environment[key] for key in ("PATH", "PYTHONPATH")}
        self._start(unit, arguments, kept)

    def _note(self, unit: str, pid: int) -> None:
        (self.root / f"run/{unit}.pid").write_text(str(pid))

    def _start(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            self._services[name] = subprocess.Popen(
                [sys.executable, "-m", "firmware_tools.cli", *arguments],
                cwd=self.desk, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _watch(self, ended: threading.Event) -> None:
        """The path unit: what is written into its folder starts the service of the same name."""
        (watched,) = settings(f"{_BROKER_FILES}.path")["PathChanged"]
        (line,) = settings(f"{_BROKER_FILES}.service")["ExecStart"]
        folder, command = Path(self.here(watched)), shlex.split(self.here(line.replace("$$", "$")))
        environment = {**self._environment, "RUNTIME_DIRECTORY": str(self.root / "run")}
        before = _as_it_is(folder)
        while not ended.wait(0.1):
            if (now := _as_it_is(folder)) != before:
                before = now
                with (self.root / f"{_BROKER_FILES}.log").open("ab") as log:
                    subprocess.run(command, env=environment, stdout=log, stderr=log, check=False, timeout=DEADLINE)

    def make_cluster(self) -> None:
        """Three machines with the configuration of deploy/, before it runs."""
        self.cluster = NatsCluster(self.root / "nats", secure=True)

    def _start_cluster(self, cluster: NatsCluster) -> None:
        cluster.start()
        for node in cluster.nodes:
            assert node.process is not None
            self._note(f"{node.name}-nats-server", node.process.pid)

    def _stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        if name == f"{_BROKER_FILES}.path":
            if self._watching is not None:
                self._watching.set()
        elif (process := self._services.pop(name, None)) is not None:
            assert process.poll() is None, f"{name} ended by itself: {self.logs()}"
            process.send_signal(number)
            assert process.wait(30) == 0, self.logs()

    def ctrl_c(self) -> None:
        self._stop("by hand", signal.SIGINT)

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in sorted(self.root.glob("*.log")))

    def close(self) -> None:
        """End what runs."""
        self._held.close()
        self._stop(f"{_BROKER_FILES}.path")
        for process in self._services.values():
            process.send_signal(signal.SIGTERM)
        for process in self._services.values():
            process.wait(30)
        if self.cluster is not None:
            self.cluster.stop()


def _as_it_is(folder: Path) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*"))
