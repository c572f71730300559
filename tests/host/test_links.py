"""Opening a link on a device, and what a device does with programs that need a newer one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.host.board import load_board
from device_runtime.host.device import Device
from device_runtime.keys import key_ring
from device_runtime.program.manifest import PLATFORM_VERSION, PlatformError
from device_runtime.program.package import seal_package
from tests.program.running import view

KEY = Ed25519PrivateKey.generate()
BOARD = """
name = "test-board"
description = "A board for tests"

[screen]
port = 0
width = 480
height = 320

[audio]
microphone = "none"
"""


def package(folder: Path, app_id: str, min_code: int = 1) -> Path:
    document = {
        "app_id": app_id,
        "name": "Shopping",
        "version": {"code": 1, "name": "1.2.0"},
        "platform_version": {"min_code": min_code},
        "pages": ["pages/a/a", "pages/b/b"],
    }
    entries = {"manifest.json": json.dumps(document).encode(), "app.js": b"App({})"}
    for route in ("pages/a/a", "pages/b/b"):
        entries |= {f"{route}.js": b"Page({ onLoad(q) { console.log(this.route, q.k) } })", f"{route}.view": view()}
    path = folder / f"{app_id}.ma"
    path.write_bytes(seal_package(entries, KEY))
    return path


@pytest_asyncio.fixture
async def device(tmp_path: Path) -> AsyncIterator[Device]:
    (tmp_path / "board.toml").write_text(BOARD)
    running = Device(load_board(tmp_path / "board.toml"), tmp_path / "state", None, key_ring([KEY.public_key()]))
    await running.start()
    yield running
    await running.stop()


async def test_a_link_brings_its_program_to_the_front_at_its_page(
    device: Device, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    device.store.install(package(tmp_path, "com.example.Shopping"))
    await device.open_link("cygnet://miniapp/COM.example.shopping;version=1.2.0/pages/b/b?k=%E6%B1%89")
    assert device.desk.front == "com.example.Shopping"
    session = device.desk.running("com.example.Shopping")
    assert session is not None
    await session.stop()  # everything that it wrote has been heard then
    assert any("pages/b/b 汉" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("cygnet://miniapp/none/pages/b/b", "the program none is not installed on this device"),
        (
            "cygnet://miniapp/app;version=2.0.0",
            "the link asks for version 2.0.0 of Shopping (app), and this device has 1.2.0",
        ),
        ("pages/b/b", "'pages/b/b' is no link to a mini-program"),
    ],
)
async def test_a_link_that_leads_nowhere_changes_nothing(
    device: Device, tmp_path: Path, link: str, sentence: str
) -> None:
    device.store.install(package(tmp_path, "app"))
    with pytest.raises(CygnetError) as error:
        await device.open_link(link)
    assert str(error.value).startswith(sentence)
    assert device.desk.front is None


async def test_a_program_that_needs_a_newer_device_is_not_installed(device: Device, tmp_path: Path) -> None:
    device.store.install(package(tmp_path, "app"))
    with pytest.raises(PlatformError) as error:
        device.store.install(package(tmp_path, "app", PLATFORM_VERSION + 1))
    assert str(error.value) == (
        f"Shopping 1.2.0 (app) needs platform version {PLATFORM_VERSION + 1}, and this device has {PLATFORM_VERSION}; "
        "update the device's software"
    )
    assert device.store.package("app").manifest.min_platform == 1
