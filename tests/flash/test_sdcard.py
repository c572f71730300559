"""Images of cards, to files and to loop devices, which are the kernel's own block devices; and what is left alone."""

import gzip
import hashlib
import lzma
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device_runtime.host.board import find_board
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import find_firmware
from firmware_tools.flash.job import Job, Silent
from tests.flash.conftest import Said, Watching, one_sentence

Run = Callable[..., Said]
SIZE = 6 << 20
IMAGE = os.urandom(510) + b"\x55\xaa" + hashlib.shake_128(b"card").digest(SIZE - 512)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "card.img"
    path.write_bytes(IMAGE)
    return path


def card(place: str | Path, firmware: Path) -> Job:
    return Job(board=find_board("rpi4-headunit"), place=str(place), firmware=find_firmware(str(firmware)))


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Callable[[int], str]]:
    """Makes a block device of a file; skips where the machine lets us make none."""
    devices: list[str] = []

    def make(size: int) -> str:
        path = tmp_path / f"medium{len(devices)}"
        with path.open("wb") as file:
            file.truncate(size)
        done = subprocess.run(["losetup", "-f", "--show", str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("this machine lets us make no loop device")
        devices.append(done.stdout.strip())
        return devices[-1]

    yield make
    for device in devices:
        subprocess.run(["losetup", "-d", device], check=True)


@pytest.mark.parametrize("packed", ["", ".gz", ".xz"])
def test_an_image_is_written_to_a_file_and_read_back(run: Run, tmp_path: Path, image: Path, packed: str) -> None:
    source = image.with_name(image.name + packed)
    if packed:
        source.write_bytes((gzip if packed == ".gz" else lzma).compress(IMAGE))
    target = tmp_path / "out.img"
    said = run("flash", source, "--board", "rpi4-headunit", "--method", "sdcard", "--to", target)
    assert said.error is None
    assert f"SHA-256 of what was read back is {hashlib.sha256(IMAGE).hexdigest()[:16]}…, as written" in said.out
    assert target.read_bytes() == IMAGE


def test_an_image_is_written_to_a_block_device(image: Path, loop: Callable[[int], str]) -> None:
    device = loop(SIZE + (1 << 20))
    outcome = backend_for("sdcard").flash(card(device, image), Silent())
    assert outcome.written == SIZE
    with Path(device).open("rb") as file:
        assert file.read(SIZE) == IMAGE


def test_a_card_is_asked_about_before_it_is_written_over(run: Run, tmp_path: Path, image: Path) -> None:
    target = tmp_path / "out.img"
    target.write_bytes(b"dear")
    said = run("flash", image, "--board", "rpi4-headunit", "--method", "sdcard", "--to", target)  # no answer
    assert said.code != 0
    assert target.read_bytes() == b"dear"
    assert run("flash", image, "--board", "rpi4-headunit", "--method", "sdcard", "--to", target, "--yes").error is None
    assert target.read_bytes() == IMAGE


def test_a_medium_that_does_not_keep_what_was_written_is_noticed(image: Path, loop: Callable[[int], str]) -> None:
    device = loop(SIZE)

    class Rotting(Watching):
        def step(self, text: str, total: int = 0) -> None:  # noqa: ARG002 (the protocol's)
            if text == "reading back":
                descriptor = os.open(device, os.O_WRONLY)
                os.pwrite(descriptor, b"rotten", SIZE // 2)
                os.close(descriptor)

    with pytest.raises(FlashError, match="does not hold what was written to it; the card may be broken") as failure:
        backend_for("sdcard").flash(card(device, image), Rotting(-1, lambda: None))
    assert failure.value.kind == "verification"


def test_a_card_that_is_too_small_is_told(image: Path, loop: Callable[[int], str]) -> None:
    device = loop(SIZE - 4096)
    with pytest.raises(FlashError, match=f"does not fit on {device}, which holds {SIZE - 4096:,} bytes") as failure:
        backend_for("sdcard").flash(card(device, image), Silent())
    assert failure.value.kind == "too-small"


def test_a_full_disk_is_told(image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=False).returncode:
        pytest.skip("this machine lets us mount nothing")
    try:
        with pytest.raises(FlashError, match=r"does not fit on .*, which holds 1,048,576 bytes; take a larger card"):
            backend_for("sdcard").flash(card(folder / "out.img", image), Silent())
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_what_is_mounted_is_left_alone(image: Path, loop: Callable[[int], str], tmp_path: Path) -> None:
    device = loop(8 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext2", device], check=True)
    folder = tmp_path / "mounted"
    folder.mkdir()
    if subprocess.run(["mount", device, str(folder)], check=False).returncode:
        pytest.skip("this machine lets us mount nothing")
    try:
        with pytest.raises(FlashError) as failure:
            backend_for("sdcard").flash(card(device, image), Silent())
        assert failure.value.kind == "unsafe"
        assert f"{device} is in use (mounted at {folder}); take that away first" in one_sentence(failure.value)
        assert (folder / "lost+found").is_dir()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fixed_disk() -> Path | None:
    """A disk of this machine that is none of ours, in /sys."""
    found = [path for path in Path("/sys/block").iterdir() if path.name[:2] in {"vd", "sd", "nv"}]
    return next((path for path in found if (path / "removable").read_text().strip() == "0"), None)


def test_a_fixed_disk_is_left_alone_whatever_its_name(image: Path, tmp_path: Path) -> None:
    disk = fixed_disk()
    if disk is None:
        pytest.skip("this machine shows no fixed disk")
    node = tmp_path / "card"
    try:
        os.mknod(node, 0o400 | stat.S_IFBLK, os.makedev(*map(int, (disk / "dev").read_text().split(":"))))
    except PermissionError:
        pytest.skip("only root may make a device")
    with pytest.raises(FlashError) as failure:
        backend_for("sdcard").check(card(node, image))  # `check` never writes
    assert failure.value.kind == "unsafe"
    assert "is a fixed disk of this machine and is left alone" in one_sentence(failure.value)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/dev/null", "is neither a disk nor a file"),
        ("/dev/not-there", "there is no /dev/not-there"),
        ("/not/there/out.img", "there is no /not/there/out.img"),
        ("", "where is the card? name it with --port"),
    ],
)
def test_what_is_no_card_is_told(image: Path, place: str, words: str) -> None:
    with pytest.raises(FlashError) as failure:
        backend_for("sdcard").check(card(place, image))
    assert words in one_sentence(failure.value)


def test_the_image_itself_is_not_written_over(image: Path) -> None:
    with pytest.raises(FlashError, match="is the image itself"):
        backend_for("sdcard").flash(card(image, image), Silent())
    assert image.read_bytes() == IMAGE


def _bent(packed: bytes) -> bytes:
    """With a byte near its beginning that is another."""
    return packed[:30] + bytes([packed[30] ^ 0xFF]) + packed[31:]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.img", bytes(1024), "it has no partition table"),
        ("a.img", b"", "it has no partition table"),
        ("a.img.xz", lzma.compress(IMAGE)[:100_000], "cannot be unpacked"),
        ("a.img.gz", gzip.compress(IMAGE)[:100_000], "cannot be unpacked"),
        ("a.img.gz", _bent(gzip.compress(IMAGE)), "cannot be unpacked"),
        ("a.img.xz", _bent(lzma.compress(IMAGE)), "cannot be unpacked"),
        ("a.img.xz", b"no xz", "cannot be unpacked"),
        ("a.img.gz", b"no gz", "cannot be unpacked"),
    ],
)
def test_what_is_no_image_is_told(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FlashError) as failure:
        backend_for("sdcard").flash(card(tmp_path / "out", path), Silent())
    assert failure.value.kind == "firmware"
    assert words in one_sentence(failure.value)
