"""The power goes at every single change of the flash during an install, during an update of the runtime and while the
certificate is changed: whatever the cut, the board comes up with a whole version and goes on to the desired one."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import encode_public_key
from device_runtime.program.package import DIGESTS, seal_package
from device_runtime.sealed.archive import read_archive
from device_runtime.sync.messages import Desired, ProgramTarget, RuntimeTarget, sign_desired
from firmware_tools.provision.rom import image_of
from tests.micro.sync.board import MICRO, REPOSITORY, program, runtime_files

KEY = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
DEVICE_KEY = b"\x0b" * 32
LAMP = "org.example.lamp"
CUT = Path(__file__).parent / "powercut" / "cut.py"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fleet would send, and how it must look on the flash."""
    folder = tmp_path_factory.mktemp("given")
    packages = {code: resealed(small(program(code))) for code in (1, 2)}
    kept = {}
    for code, package in packages.items():
        (folder / f"program{code}.ma").write_bytes(package)
        entries = read_archive(package)
        names = ("manifest.json", "pages/index/index.mpy", "pages/index/index.view", "behaviour.json")
        kept[code] = {name: hashlib.sha256(entries[name]).hexdigest() for name in names}
    (folder / "program.json").write_text(json.dumps(kept))
    targets = {code: target(package, code) for code, package in packages.items()}
    for version in (1, 2):
        sign(folder / f"desired{version}.json", Desired("north", "pico-1", version, 1, {LAMP: targets[version]}))

    runtimes = {version: runtime(version) for version in ("0.1.0", "0.2.0")}
    hashes = {
        version: {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        for version, files in runtimes.items()
    }
    (folder / "runtime.json").write_text(json.dumps(hashes))
    (folder / "runtime1.json").write_text(json.dumps({name: data.decode() for name, data in runtimes["0.1.0"].items()}))
    (folder / "rom.img").write_bytes(image_of(runtimes["0.1.0"]))
    package = seal_package(runtimes["0.2.0"], KEY)
    (folder / "runtime.ma").write_bytes(package)
    wanted = RuntimeTarget("0.2.0", hashlib.sha256(package).hexdigest(), len(package), digests(package))
    sign(folder / "desired-runtime.json", Desired("north", "pico-1", 1, 1, {}, runtime=wanted))
    identity = {
        "fleet": "north",
        "device": "pico-1",
        "fleet_key": encode_public_key(KEY.public_key()),
        "signature": "hmac",  # the same install, in a hundredth of the time
        "device_key": base64.b64encode(DEVICE_KEY).decode(),
    }
    (folder / "identity.json").write_text(json.dumps(identity))
    return folder


def small(package: bytes) -> dict[str, bytes]:
    entries = read_archive(package)
    return {name: data for name, data in entries.items() if name not in {"big.bin", "shared.bin"}}


def resealed(entries: dict[str, bytes]) -> bytes:
    return seal_package(entries, KEY)


def target(package: bytes, code: int) -> ProgramTarget:
    sha256 = hashlib.sha256(package).hexdigest()
    return ProgramTarget(code, f"1.{code}.0", sha256, len(package), True, digests(package))


def digests(package: bytes) -> str:
    return hashlib.sha256(read_archive(package)[DIGESTS]).hexdigest()


def sign(path: Path, desired: Desired) -> None:
    path.write_bytes(sign_desired(desired, KEY, DEVICE_KEY))


def runtime(version: str) -> dict[str, bytes]:
    """A runtime that says which one it is, instead of running."""
    files = {
        "micro/__init__.py": b"",
        "micro/runtime.py": b"def main(root, slot, safe):\n    return %r + ' ' + slot\n" % version,
        "micro/other.py": b"# the same in both\n" * 100,
        "micro/sync/changed.py": b"# %s\n" % version.encode() * 100,
    }
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    return files | {"runtime.json": json.dumps({"version": version, "files": listed}).encode()}


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime's own code, as a board has it, and the loader beside it."""
    folder = tmp_path_factory.mktemp("board")
    for name, data in runtime_files(short=False).items():
        path = folder / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "loader.py").write_bytes((MICRO / "loader.py").read_bytes())
    return folder / "lib"


@pytest.mark.parametrize("scenario", ["install", "update", "update-from-rom"])
@pytest.mark.parametrize("filesystem", ["littlefs", "fat"])
def test_a_board_survives_every_cut(micropython: str, micro: Path, given: Path, filesystem: str, scenario: str) -> None:
    assert cuts(micropython, micro, given, filesystem, scenario) > 50


@pytest.mark.parametrize("scenario", ["first-renewal", "first-renewal-refused", "renewal", "renewal-refused"])
@pytest.mark.parametrize("filesystem", ["littlefs", "fat"])
def test_a_board_has_a_certificate_that_has_connected_after_every_cut_of_a_renewal(
    micropython: str, micro: Path, given: Path, filesystem: str, scenario: str
) -> None:
    assert cuts(micropython, micro, given, filesystem, scenario) > 5


def cuts(micropython: str, micro: Path, given: Path, filesystem: str, scenario: str) -> int:
    """How many cuts there were, each of which the board survived."""
    options = [str(part) for part in (CUT, micro, given, filesystem, scenario)]
    command = [micropython, "-X", "heapsize=16m", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    word, survived, _, changes = done.stdout.split()[-4:]
    assert word == "ok"
    assert survived == changes
    return int(changes)
