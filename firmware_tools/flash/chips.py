"""What chips are: the one table of numbers that belong to a chip and not to a board.

Sources: esptool's targets (numbers of Espressif's chips in image headers), uf2families.json of the UF2 format
(families), the data sheets of RP2040, RP2350, nRF51 and STM32F722 (where flash is in the address space).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip: what images call it, and where its flash is addressed."""

    name: str
    esp_image_id: int | None = None
    uf2_families: tuple[int, ...] = ()
    uf2_filler: int = 0
    """Family of a block of 0xEF that is never written: what stands first in files for the RP2350 (erratum E10)."""
    flash_start: int = 0
    other_ranges: tuple[tuple[int, int], ...] = ()
    """Further ranges that firmware may fill: configuration registers, a second flash."""


_CHIPS = (
    Chip("esp32", esp_image_id=0, uf2_families=(0x1C5F21B0,)),
    Chip("esp32s2", esp_image_id=2, uf2_families=(0xBFDD4EEE,)),
    Chip("esp32c3", esp_image_id=5, uf2_families=(0xD42BA06C,)),
    Chip("esp32s3", esp_image_id=9, uf2_families=(0xC47E5767,)),
    Chip("esp32c2", esp_image_id=12),
    Chip("esp32c6", esp_image_id=13),
    Chip("esp32h2", esp_image_id=16),
    Chip("esp32p4", esp_image_id=18),
    Chip("esp32c5", esp_image_id=23),
    Chip("rp2040", uf2_families=(0xE48BFF56,), flash_start=0x10000000),
    # Arm, secure and not, and RISC-V.
    Chip(
        "rp2350",
        uf2_families=(0xE48BFF59, 0xE48BFF5B, 0xE48BFF5A),
        uf2_filler=0xE48BFF57,
        flash_start=0x10000000,
    ),
    Chip("nrf51", flash_start=0, other_ranges=((0x10001000, 0x10001400),)),
    Chip("nrf52833", uf2_families=(0x621E937A,), flash_start=0, other_ranges=((0x10001000, 0x10001400),)),
    Chip("stm32f722", uf2_families=(0x53B80F00,), flash_start=0x08000000, other_ranges=((0x90000000, 0x90200000),)),
    Chip("stm32f405", uf2_families=(0x57755A57,), flash_start=0x08000000),
)
CHIPS = {chip.name: chip for chip in _CHIPS}


def chip_name(said: str) -> str:
    """A chip as board files name it, of what esptool or MicroPython says: ``ESP32-S3 (QFN56)`` -> ``esp32s3``."""
    return said.split(" ")[0].replace("-", "").replace("_", "").lower()


def chip_of_image(image_id: int) -> str:
    """The chip that an image header of Espressif names, or ``chip NUMBER``."""
    return next((chip.name for chip in _CHIPS if chip.esp_image_id == image_id), f"chip {image_id}")


def chip_of_family(family: int) -> str:
    """The chip that a UF2 family stands for, or its number."""
    return next((chip.name for chip in _CHIPS if family in chip.uf2_families), f"family 0x{family:08x}")
