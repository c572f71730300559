"""What keeps this machine from its boards."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import cache_directory
from firmware_tools.flash.ports import check_port, find_ports
from firmware_tools.flash.udev import RULE_FILE

_COMMANDS = {
    "dfu-util": ("dfu-util", "boards with an STM32 cannot be flashed"),
    "ssh": ("openssh-client", "nothing can be installed on Linux boards"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; the sentence says what to do where it is not good."""

    subject: str
    good: bool
    sentence: str


def examine(rule: str, rule_file: Path = RULE_FILE) -> list[Finding]:
    """Look at rights, commands and ports; ``rule`` is what the rule for udev should be."""
    return [*_commands(), _rule(rule, rule_file), *_ports(), _cache()]


def _commands() -> list[Finding]:
    found = []
    for command, (package, without) in _COMMANDS.items():
        path = shutil.which(command)
        sentence = f"it is {path}" if path else f"it is missing, so {without}; install the package {package}"
        found.append(Finding(command, path is not None, sentence))
    return found


def _rule(rule: str, path: Path) -> Finding:
    if os.geteuid() == 0:
        return Finding("udev", True, "root may open every board")
    try:
        there = path.read_text(encoding="utf-8")
    except OSError:
        return Finding("udev", False, f"{path} is not there; run `cygnet board doctor --udev | sudo tee {path}`")
    if there != rule:
        return Finding(
            "udev", False, f"{path} is of another version; run `cygnet board doctor --udev | sudo tee {path}`"
        )
    return Finding("udev", True, f"{path} lets whoever sits here open boards")


def _ports() -> list[Finding]:
    ports = find_ports()
    if not ports:
        return [Finding("ports", True, "no USB serial port is here; plug a board in to have it looked at")]
    found = []
    for port in ports:
        try:
            check_port(port.device)
        except FlashError as error:
            found.append(Finding(port.device, False, str(error)))
        else:
            found.append(
                Finding(port.device, True, f"{port.description or 'a serial port'} {port.usb} can be opened".strip())
            )
    return found


def _cache() -> Finding:
    cache = cache_directory()
    try:
        count = len([path for path in cache.iterdir() if path.suffix != ".json"])
    except FileNotFoundError:
        count = 0
    except OSError as error:
        return Finding("firmware", False, f"{cache} cannot be read: {error.strerror}; make it yours")
    return Finding("firmware", True, f"{count} files are kept in {cache}")
