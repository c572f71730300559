"""The machine that figures were taken on, without which they mean nothing."""

import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Processor, kernel and Python, in one line."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{os.cpu_count()} x {names[0] if names else platform.processor()}, {platform.machine()}, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def print_machine() -> None:
    """The machine, and how busy it is."""
    print(f"{describe_machine()}, load {os.getloadavg()[0]:.2f}")
