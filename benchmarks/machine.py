"""The machine that figures were taken on, without which they mean nothing."""

import os
import platform
from pathlib import Path


def print_machine() -> None:
    """One line on processor, kernel, Python, and how busy the machine is."""
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    print(
        f"{os.cpu_count()} x {names[0] if names else platform.processor()}, {platform.machine()}, "
        f"Linux {platform.release()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.2f}"
    )
