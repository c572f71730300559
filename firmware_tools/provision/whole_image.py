"""Firmware, runtime and identity in one file, for `cygnet board flash`: a first install without a second step."""

import os
from pathlib import Path

from device_runtime.host.microboard import MicroBoard
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.identity import Identity
from firmware_tools.provision.image import esp_place, littlefs_image, rp2_place, uf2_with
from firmware_tools.provision.provisioning import image_files


def write_image(micro: MicroBoard, identity: Identity, firmware: Path | None, out: Path) -> str:
    """Write the image, readable by its owner only: it holds passwords and keys.

    Args:
        micro: the kind of board.
        identity: who it becomes.
        firmware: MicroPython for it; for UF2 boards it may be left out, and then ``out`` is the file system alone.
        out: where to.

    Returns:
        One line: what it is and what to do with it.

    Raises:
        ProvisionError: this kind of board takes no such image, a file does not fit, cannot be read or written.
    """
    if micro.memory.filesystem != "littlefs":
        raise ProvisionError(f"{micro.name} has no littlefs; provision it over its cable")
    if micro.network.wifi and not identity.wifi:
        raise ProvisionError(f"{micro.name} has Wi-Fi and knows no network; name one with --wifi SSID")
    data = _read(firmware) if firmware is not None else b""
    files = image_files(micro, identity)
    if micro.flash.method == "uf2":
        place = rp2_place(micro)
        image = littlefs_image(files, place.size)
        whole, what = (uf2_with(data, image, place), "UF2 file") if data else (image, "file system")
    elif micro.flash.method == "esp":
        if not data:
            raise ProvisionError(f"where files lie on {micro.name} is in its firmware: name it with --firmware")
        place = esp_place(data, micro.flash.offset, micro)
        before = place.offset - micro.flash.offset
        if len(data) > before:
            raise ProvisionError(
                f"{firmware} reaches into the file system at 0x{place.offset:x}; is it for {micro.name}?"
            )
        whole, what = data.ljust(before, b"\xff") + littlefs_image(files, place.size), "flash image"
    else:
        raise ProvisionError(f"{micro.name} takes no image with files; flash it, then provision it over its cable")
    _write(out, whole)
    if not data:
        return (
            f"{out}: the file system of {identity.device} for {micro.name}, {len(whole):,} bytes at 0x{place.offset:x}"
        )
    return (
        f"{out}: {what} of {len(whole):,} bytes with {identity.device} in it, which has passwords and keys; next: "
        f"cygnet board flash {out} --board {micro.name}"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProvisionError(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise ProvisionError(f"{path} cannot be written: {error.strerror}") from error
