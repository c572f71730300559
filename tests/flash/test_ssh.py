"""Installing on a Linux board: OpenSSH's own client against its own server on this machine."""

import getpass
import io
import os
import platform
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device_runtime.host.board import load_board
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware, find_firmware
from firmware_tools.flash.job import Job, Silent
from tests.flash.conftest import Said, one_sentence

Run = Callable[..., Said]
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
BOARD = """\
name = "box"
description = "A box for tests"
[screen]
width = 480
height = 320
[flash]
method = "ssh"
architectures = ["{machine}"]
directory = "{directory}"
service = "cygnet-not-there"
"""


def wheel(folder: Path, version: str, name: str = "cygnet") -> Path:
    """A wheel with nothing but a command that tells its version."""
    packed = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cygnet_probe.py", f"def main():\n    print('cygnet, version {version}')\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ncygnet = cygnet_probe:main\n")
        archive.writestr(f"{info}/RECORD", "")
    path = folder / f"{name}-{version}-py3-none-any.whl"
    path.write_bytes(packed.getvalue())
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client_config(folder: Path, port: int, *, known: bool = True, key: str = "user") -> Path:
    """OpenSSH's configuration of a client that knows the server's key and has one of its own."""
    hosts = folder / ("known" if known else "unknown")
    if known:
        public = (folder / "host.pub").read_text().split()[:2]
        hosts.write_text(f"[127.0.0.1]:{port} {' '.join(public)}\n")
    path = folder / f"config-{known}-{key}"
    path.write_text(
        f"Host box\n HostName 127.0.0.1\n Port {port}\n User {getpass.getuser()}\n IdentityFile {folder}/{key}\n"
        f" IdentitiesOnly yes\n UserKnownHostsFile {hosts}\n GlobalKnownHostsFile /dev/null\n "
        "StrictHostKeyChecking yes\n"
    )
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("openssh-client is not installed")
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "user", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    return folder


@pytest.fixture(scope="module")
def server(keys: Path) -> Iterator[int]:
    """A real sshd on loopback; gives its port."""
    if SSHD is None or os.geteuid() != 0:
        pytest.skip("openssh-server is not installed, or we are not root")
    Path("/run/sshd").mkdir(exist_ok=True)  # where it locks its helper in
    port = free_port()
    (keys / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {keys}/host\nAuthorizedKeysFile {keys}/user.pub\nPidFile none\n"
        "UsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        f"Subsystem sftp internal-sftp\nSetEnv TMPDIR={keys}/aside\n"
    )
    (keys / "aside").mkdir()
    log = keys / "log"
    with subprocess.Popen([SSHD, "-D", "-f", str(keys / "sshd_config"), "-E", str(log)]) as process:
        end = time.monotonic() + 20
        while "listening" not in (log.read_text() if log.exists() else ""):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, "sshd does not listen"
            time.sleep(0.02)
        yield port
        process.terminate()


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "box.toml"
    path.write_text(BOARD.format(machine=platform.machine(), directory=tmp_path / "opt"))
    return path


def test_the_wheel_is_installed_runs_and_may_be_installed_again(
    run: Run, tmp_path: Path, keys: Path, server: int, board: Path
) -> None:
    config = client_config(keys, server)
    for version in ("9.9.0", "9.9.1"):
        said = run("flash", wheel(tmp_path, version), "--board", board, "--port", "box", "--ssh-config", config)
        assert said.error is None
        assert f"cygnet, version {version} runs from {tmp_path}/opt on box" in said.out
    assert not list((keys / "aside").iterdir())


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        (
            'service = "',
            'models = ["Raspberry Pi 4"]\nservice = "',
            "wrong-board",
            "but box is Raspberry Pi 4; name another",
        ),
        (f'"{platform.machine()}"', '"riscv64"', "wrong-chip", "but box needs one for riscv64"),
    ],
)
def test_another_machine_is_told_before_anything_is_installed(
    run: Run, tmp_path: Path, keys: Path, server: int, board: Path, old: str, new: str, kind: str, words: str
) -> None:
    board.write_text(board.read_text().replace(old, new))
    config = client_config(keys, server)
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", board, "--port", "box", "--ssh-config", config, "--json")
    assert words in one_sentence(said.error)
    assert getattr(said.error, "kind", "") == kind
    assert not (tmp_path / "opt").exists()
    assert not list((keys / "aside").iterdir())


def test_a_wheel_that_cannot_be_installed_is_told(
    run: Run, tmp_path: Path, keys: Path, server: int, board: Path
) -> None:
    broken = tmp_path / "cygnet-9.9.0-py3-none-any.whl"
    broken.write_bytes(b"no wheel")
    said = run("flash", broken, "--board", board, "--port", "box", "--ssh-config", client_config(keys, server))
    assert "box: pip failed (" in one_sentence(said.error)
    assert "mend that on the board, and do it again" in one_sentence(said.error)


def test_a_wheel_that_is_not_whole_on_the_board_is_not_installed(
    tmp_path: Path, keys: Path, server: int, board: Path
) -> None:
    file = wheel(tmp_path, "9.9.0")
    firmware = Firmware(file, find_firmware(str(file)).sha256, "")
    with file.open("ab") as changed:  # after it was hashed, as if the line had changed it
        changed.write(b"!")
    config = str(client_config(keys, server))
    job = Job(board=load_board(board), place="box", firmware=firmware, ssh_config=config)
    with pytest.raises(FlashError, match="is not whole on box; do it again") as failure:
        backend_for("ssh").flash(job, Silent())
    assert failure.value.kind == "verification"
    assert not (tmp_path / "opt").exists()


def test_a_server_that_is_not_known_is_told(run: Run, tmp_path: Path, keys: Path, server: int, board: Path) -> None:
    config = client_config(keys, server, known=False)
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", board, "--port", "box", "--ssh-config", config)
    assert "box: Host key verification failed; log in once with ssh by hand" in one_sentence(said.error)


def test_a_key_that_is_not_accepted_is_told(run: Run, tmp_path: Path, keys: Path, server: int, board: Path) -> None:
    config = client_config(keys, server, key="stranger")
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", board, "--port", "box", "--ssh-config", config)
    assert "Permission denied (publickey" in one_sentence(said.error)
    assert "; give it your key with ssh-copy-id, and do it again" in one_sentence(said.error)


def test_a_board_that_refuses_connections_is_told(run: Run, tmp_path: Path, keys: Path, board: Path) -> None:
    config = client_config(keys, free_port())
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", board, "--port", "box", "--ssh-config", config)
    assert "Connection refused; enable SSH on the board, and do it again" in one_sentence(said.error)


@pytest.mark.parametrize("place", ["-oProxyCommand=touch x", "a b", "a;b", "-v"])
def test_what_is_no_address_never_reaches_ssh(run: Run, tmp_path: Path, board: Path, place: str) -> None:
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", board, f"--port={place}")
    assert "is no address of a board; name it as user@host" in one_sentence(said.error)


def test_another_wheel_is_not_installed(run: Run, tmp_path: Path, board: Path) -> None:
    said = run("flash", wheel(tmp_path, "1.0", "other"), "--board", board, "--port", "box")
    assert "is not Cygnet's wheel" in one_sentence(said.error)


def test_the_plan_tells_what_is_asked_and_where_it_goes(run: Run, tmp_path: Path) -> None:
    said = run("flash", wheel(tmp_path, "9.9.0"), "--board", "rpi4-headunit", "--port", "pi@kitchen", "--dry-run")
    assert "who it is: Raspberry Pi 4 or Raspberry Pi Compute Module 4, Python 3.11 or newer" in said.out
    assert "install it into /opt/cygnet with gpio, inference, python, voice" in said.out
