"""What the owner is told about the programs of a device."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.command import device
from device_runtime.keys import key_ring
from device_runtime.program.package import seal_package
from device_runtime.program.store import ProgramStore

KEY = Ed25519PrivateKey.generate()
MANIFEST = {
    "app_id": "com.example.radio",
    "name": "Radio",
    "version": {"code": 2, "name": "1.1.0"},
    "platform_version": {"min_code": 1},
    "pages": ["pages/index/index"],
    "req_permissions": [
        {"name": "request", "reason": "to find stations"},
        {"name": "location", "reason": "to be near"},
    ],
    "cygnet": {"network": {"request": ["https://a.example", "https://b.example:8443"]}},
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    package = tmp_path / "radio.ma"
    package.write_bytes(seal_package({"manifest.json": json.dumps(MANIFEST).encode()}, KEY))
    ProgramStore(tmp_path / "state" / "programs", key_ring([KEY.public_key()])).install(package)
    return tmp_path / "state"


def listed(state: Path, *options: str) -> str:
    result = CliRunner().invoke(device, ["programs", "--state", str(state), *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_each_program_is_listed_with_what_it_asks_for_and_why(state: Path) -> None:
    assert listed(state).splitlines() == [
        "Radio 1.1.0 (com.example.radio)",
        "  may reach: https://a.example, https://b.example:8443 (to find stations)",
        "  asks for: location (to be near)",
        "  can be spoken to: no",
    ]


def test_servers_without_the_permission_are_not_reachable_and_not_listed(tmp_path: Path) -> None:
    package = tmp_path / "radio.ma"
    package.write_bytes(seal_package({"manifest.json": json.dumps(MANIFEST | {"req_permissions": []}).encode()}, KEY))
    ProgramStore(tmp_path / "programs", key_ring([KEY.public_key()])).install(package)
    assert "  may reach: no server\n" in listed(tmp_path)


def test_scripts_get_the_manifests(state: Path) -> None:
    assert json.loads(listed(state, "--json")) == [MANIFEST]


def test_a_damaged_package_is_named(state: Path) -> None:
    (package,) = (state / "programs" / "packages").iterdir()
    package.write_bytes(b"half")
    assert listed(state).startswith("com.example.radio\n  damaged: it is not a whole ZIP file")


def test_looking_changes_nothing(state: Path) -> None:
    arriving = state / "programs" / "packages" / "arriving.ma.new"
    arriving.write_bytes(b"half of a package that the running device is installing")
    listed(state)
    assert arriving.exists()


def test_a_directory_without_a_device_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(device, ["programs", "--state", str(tmp_path)])
    assert "no device has run in" in str(result.exception)
