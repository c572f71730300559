"""Real mosquitto brokers for tests, each on a free port, with a configuration of its own.

with running_mosquitto(tmp_path, users={"kiosk": "secret"}, tls=True) as broker:
    connect(broker.url, ca=broker.authority.ca_file)
    broker.kill()           # SIGKILL: nothing is saved
    broker.start_again()    # the same port and files
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import CertificateAuthority

DEADLINE_SECONDS = 10


class Mosquitto:
    """One broker process, which can be killed and started again.

    Attributes:
        url: ``mqtt://127.0.0.1:PORT``, or ``mqtts://localhost:PORT`` with TLS.
        port: its TCP port.
        log_file: what mosquitto said.
        authority: the CA of its certificate, which issues client certificates too; only with TLS.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        tls: bool,
        client_certificates: bool,
        rights: str,
        names: Sequence[str] = (),
        of_rsa: bool = False,
        pace: float = 1.0,
        ciphers: str = "",
        further: Sequence[str] = (),
    ) -> None:
        self._further = further
        self._folder, self._pace, self._ciphers = folder, pace, ciphers
        self._process: subprocess.Popen[bytes] | None = None
        self._users, self._names = users, names
        self._client_certificates = client_certificates
        self._rights = rights
        self._authority = CertificateAuthority(folder / "ca", of_rsa=of_rsa) if tls else None
        self.log_file = folder / "mosquitto.log"
        self.port = 0

    @property
    def url(self) -> str:
        return f"mqtts://localhost:{self.port}" if self._authority else f"mqtt://127.0.0.1:{self.port}"

    @property
    def authority(self) -> CertificateAuthority:
        assert self._authority, "this broker was started without TLS"
        return self._authority

    @property
    def process_id(self) -> int:
        assert self._process, "it does not run"
        return self._process.pid

    def start(self) -> None:
        """Start on a port that was free a moment ago; another port where somebody took it in between."""
        for _ in range(5):
            self.port = free_port()
            self._configure()
            if self._launch():
                return
        raise AssertionError(f"mosquitto does not start: {self.log_file.read_text()}")

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections stay up and nothing is answered; :meth:`kill` ends it."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def start_again(self) -> None:
        assert self._process is None, "kill it first"
        assert self._launch(), f"mosquitto does not start again: {self.log_file.read_text()}"

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)
            self._process.wait()
            self._process = None

    def _configure(self) -> None:
        lines = [
            "per_listener_settings false",
            "persistence false",
            "set_tcp_nodelay true",
            f"log_dest file {self.log_file}",
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if self._users else 'true'}",
            *self._further,
        ]
        if os.geteuid() == 0:
            lines.insert(0, "user root")  # it would otherwise give up the right to read this folder
        if self._users:
            passwords = self._folder / "passwords"
            passwords.write_text("".join(f"{user}:{password}\n" for user, password in self._users.items()))
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
            lines.append(f"password_file {passwords}")
        if self._rights:
            (self._folder / "rights").write_text(self._rights)
            lines.append(f"acl_file {self._folder / 'rights'}")
        if self._authority:
            certificate, key = self._authority.issue("localhost", *self._names)
            lines += [f"cafile {self._authority.ca_file}", f"certfile {certificate}", f"keyfile {key}"]
            if self._ciphers:
                lines.append(f"ciphers {self._ciphers}")
            if self._client_certificates:
                lines.append("require_certificate true")
        (self._folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _launch(self) -> bool:
        """Whether it runs and its port answers."""
        self._process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(self._folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_slowed(self._pace),
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._process = None
                return False
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return True
        self.stop()
        return False


def _slowed(pace: float) -> dict[str, str] | None:
    """Surroundings in which a process sees time pass at ``pace``, where libfaketime is installed."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if pace == 1.0 or library is None:
        return None
    return {**os.environ, "LD_PRELOAD": str(library), "FAKETIME": f"+0 x{pace}", "FAKETIME_NO_CACHE": "1"}


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_mosquitto(
    folder: Path,
    *,
    users: Mapping[str, str] | None = None,
    tls: bool = False,
    client_certificates: bool = False,
    rights: str = "",
    names: Sequence[str] = (),
    of_rsa: bool = False,
    pace: float = 1.0,
    ciphers: str = "",
    further: Sequence[str] = (),
) -> Iterator[Mosquitto]:
    """A broker for the length of a ``with`` block; its files lie in ``folder`` (a ``tmp_path``).

    Args:
        folder: where its configuration, log and certificates go.
        users: passwords by user; without any, anybody may connect.
        tls: serve TLS with a certificate for ``localhost`` and 127.0.0.1 of a CA made for it.
        client_certificates: with TLS, refuse clients without a certificate of that CA.
        names: with TLS, further names that its certificate is good for.
        of_rsa: with TLS, keys of RSA instead of an elliptic curve.
        pace: how fast its time passes: below 1 for clients that are emulated, and slow.
        ciphers: with TLS 1.2, these only, as OpenSSL names them.
        further: lines of the configuration.
        rights: an ``acl_file`` of mosquitto's; without it, everybody may use every topic.
    """
    home = folder / "mosquitto"
    home.mkdir(parents=True)
    broker = Mosquitto(home, users or {}, tls, client_certificates, rights, names, of_rsa, pace, ciphers, further)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
