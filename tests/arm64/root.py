"""A Debian arm64 root and the wheels of a device in it, without chroot and without binfmt."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGES = ("python3", "python3-venv", "libportaudio2", "libasound2")
"""What docs/board-maker.md has its reader install."""
SUITE, PYTHON = "bookworm", "3.11"
# A newer manylinux takes all that an older one made; Debian 12 has glibc 2.36.
_GLIBC = (36, 35, 34, 31, 28, 27, 26, 24, 17)

_SITE = """\
import ctypes.util, glob, sys

# What the device starts by `sys.executable` must be what this machine can execute: the script.
sys.executable = {python!r}


def find_library(name):
    # ldconfig and gcc, which Python asks, would be this machine's.
    found = sorted(glob.glob({root!r} + "/usr/lib/aarch64-linux-gnu/lib" + name + ".so*"))
    return found[0] if found else None


ctypes.util.find_library = find_library
"""

# A Raspberry Pi 4's core, by both ways in which libraries look for one. As qemu's default, which has every extension
# there is, XNNPACK's kernels of LiteRT 2.3 compute other numbers under qemu 7.2; and in /proc/cpuinfo qemu shows its
# own machine's, in which LiteRT (2.2 and newer) finds no ARM core and reads through a null pointer.
_CPU = "cortex-a72"
_CORE = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
_CORES = os.cpu_count() or 1

Say = Callable[[str], None]


class Arm64Error(Exception):
    """The root cannot be made, or something in it failed."""


class Arm64Root:
    """A root below ``folder``, kept for the next run.

    ``python`` is a script that runs the root's Python under qemu, and can be started as any executable: what the
    device starts by ``sys.executable`` is this script, too.
    """

    def __init__(self, folder: Path, repository: Path, say: Say) -> None:
        self._folder, self._repository, self._say = folder, repository, say
        self.root = folder / "root"
        self.python = folder / "python"

    def make(self) -> None:
        """Make the root, if it is not there.

        Raises:
            Arm64Error: a tool is missing, or failed.
        """
        ready = self._folder / "root.ready"
        if not ready.exists():
            self._say(f"Debian {SUITE} for arm64, by debootstrap")
            shutil.rmtree(self.root, ignore_errors=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            include = ",".join(PACKAGES)
            options = ["--arch=arm64", "--foreign", "--variant=minbase", f"--include={include}"]
            _run("debootstrap", *options, SUITE, str(self.root))
            for package in sorted((self.root / "var/cache/apt/archives").glob("*.deb")):
                _run("dpkg", "-x", str(package), str(self.root))
            ready.touch()
        (self.root / "proc/cpuinfo").write_text("".join(_CORE.format(number=number) for number in range(_CORES)))
        qemu = shutil.which("qemu-aarch64-static")
        if qemu is None:
            raise Arm64Error("qemu-aarch64-static is missing: install qemu-user-static")
        interpreter = self.root / f"usr/bin/python{PYTHON}"
        self.python.write_text(f'#!/bin/sh\nexec {qemu} -cpu {_CPU} -L {self.root} {interpreter} "$@"\n')
        self.python.chmod(0o755)

    def install(self, name: str, extras: Sequence[str]) -> Path:
        """A folder with the project's wheel and what it needs with these extras, as pip chooses them for the board.

        Raises:
            Arm64Error: something has no wheel for arm64.
        """
        self._say(f"the wheel and its dependencies for arm64: {', '.join(extras)}")
        wheels, site = self._folder / f"{name}-wheels", self._folder / f"{name}-site"
        shutil.rmtree(site, ignore_errors=True)
        shutil.rmtree(wheels, ignore_errors=True)
        _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(self._repository))
        (wheel,) = wheels.glob("cygnet-*.whl")
        platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in _GLIBC]
        _run(
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
            *platforms, "--platform=manylinux2014_aarch64", f"--python-version={PYTHON}", "--implementation=cp",
            "--abi=cp311", "--abi=abi3", "--abi=none", "--dest", str(wheels), f"{wheel}[{','.join(extras)}]",
        )  # fmt: skip
        for path in sorted(wheels.glob("*.whl")):
            _unpack(path, site)
        (site / "sitecustomize.py").write_text(_SITE.format(python=str(self.python), root=str(self.root)))
        return site

    def run(self, site: Path, *arguments: str) -> str:
        """What the root's Python prints.

        Raises:
            Arm64Error: it did not end well; the message holds what it said.
        """
        return _run(str(self.python), *arguments, environment={"PYTHONPATH": str(site)})


def _unpack(wheel: Path, site: Path) -> None:
    """Install a wheel: its files, and those that it has for ``bin`` and for the site beside (PEP 427)."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        for name in archive.namelist():
            folder, _, rest = name.partition(".data/")
            scheme, _, path = rest.partition("/")
            if rest and not name.endswith("/") and scheme in {"purelib", "platlib", "scripts"}:
                target = site / ("bin" if scheme == "scripts" else ".") / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(site / f"{folder}.data" / rest, target)
                target.chmod(0o755)


def _run(*command: str, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Arm64Error(f"{command[0]} is missing: run `make arm64`, which installs it") from error
    if done.returncode != 0:
        raise Arm64Error(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stderr or done.stdout)[-4000:]}")
    return done.stdout
