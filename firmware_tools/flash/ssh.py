"""Installing Cygnet on a Linux board that runs already, over OpenSSH's own ``ssh`` and ``scp``.

The "firmware" is Cygnet's wheel. Keys, host names, ports and jump hosts are the business of OpenSSH's configuration.
"""

import re
import shlex

from device_runtime.host.board import Board
from firmware_tools.flash.backend import Backend
from firmware_tools.flash.errors import FlashError, one_line
from firmware_tools.flash.job import Job, Outcome, Progress
from firmware_tools.flash.tools import need, run

_CONNECT_SECONDS = 15
_INSTALL_SECONDS = 1800.0
_NEWEST_REFUSED = (3, 10)
_PLACE = re.compile(r"(?:\w[\w.-]*@)?[\w\[][\w.:\[\]-]*")  # none that ssh would take for an option
_FOLDER = re.compile(r"(?:/[\w.-]+)*/cygnet-install\.\w+")
_ASK = """\
uname -m; (tr -d '\\0' < /proc/device-tree/model) 2>/dev/null; echo
python3 -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null || echo none
id -u
mktemp -d -t cygnet-install.XXXXXX"""
# What OpenSSH says when it cannot connect, and what to do.
_REFUSALS = (
    ("Host key verification failed", "permission", "log in once with ssh by hand and look at its key"),
    ("Permission denied", "permission", "give it your key with ssh-copy-id"),
    ("Connection refused", "no-board", "enable SSH on the board"),
    ("timed out", "no-board", "look at the board's power and network"),
    ("Could not resolve", "no-board", "look at the name, or use its address"),
    ("No route to host", "no-board", "look at the board's power and network"),
    ("No space left", "full", "make room on the board"),
)


class SshBackend(Backend):
    """Copies the wheel, installs it into an environment of its own, and starts the service again."""

    formats = (".whl",)

    def check(self, job: Job) -> None:
        if not job.firmware.path.name.startswith("cygnet-"):
            raise FlashError(
                "firmware", f"{job.firmware.path} is not Cygnet's wheel; make it with `python -m build --wheel`"
            )
        if not job.place:
            raise FlashError("no-board", "where is the board? name it with --port, as user@host")
        if not _PLACE.fullmatch(_address(job)):
            raise FlashError("no-board", f"{_address(job)!r} is no address of a board; name it as user@host")

    def plan(self, job: Job) -> list[str]:
        flash = _linux(job).flash
        return [
            f"ask {_address(job)} over SSH who it is: {' or '.join(flash.models) or 'any board'}, Python 3.11 or newer",
            f"copy {job.firmware.path.name} there and compare SHA-256",
            f"install it into {flash.directory}" + (f" with {', '.join(flash.extras)}" if flash.extras else ""),
            *([f"start {flash.service} again, if it is enabled"] if flash.service else []),
            "ask the installed `cygnet` for its version",
        ]

    def flash(self, job: Job, progress: Progress) -> Outcome:
        self.check(job)
        flash, wheel = _linux(job).flash, job.firmware.path
        need("ssh", "openssh-client")
        progress.step(f"asking {_address(job)} who it is")
        folder, user = _ask(job)
        try:
            progress.step(f"copying {wheel.name}")
            code, said = run(
                [
                    need("scp", "openssh-client"),
                    *_options(job),
                    "-q",
                    str(wheel.resolve()),
                    f"{_address(job)}:{folder}/",
                ],
                _INSTALL_SECONDS,
            )
            if code:
                raise _refusal(job, said, "copying failed")
            there = _do(job, f"sha256sum {folder}/{shlex.quote(wheel.name)}", "hashing failed").split()
            if not there or there[0] != job.firmware.sha256:
                raise FlashError("verification", f"{wheel.name} is not whole on {job.place}; do it again")
            as_root = "" if user == "0" else "sudo -n "
            python = shlex.quote(f"{flash.directory}/bin/python")
            extras = f"[{','.join(flash.extras)}]" if flash.extras else ""
            target = shlex.quote(f"{folder}/{wheel.name}{extras}")
            progress.step(f"installing into {flash.directory}")
            _do(
                job,
                f"test -x {python} || {as_root}python3 -m venv {shlex.quote(flash.directory)}",
                "no environment was made",
            )
            _do(job, f"{as_root}{python} -m pip install --quiet --upgrade --force-reinstall {target}", "pip failed")
            if flash.service:
                unit = shlex.quote(flash.service)
                restart = f"! systemctl --quiet is-enabled {unit} 2>/dev/null || {as_root}systemctl restart {unit}"
                _do(job, restart, f"{flash.service} did not start")
            progress.step("asking for its version")
            version = _do(
                job, f"{shlex.quote(flash.directory)}/bin/cygnet --version", "the installed cygnet does not run"
            )
        finally:
            run(_ssh(job, f"rm -rf {folder}"), _INSTALL_SECONDS)
        return Outcome(wheel.stat().st_size, f"{one_line(version)} runs from {flash.directory} on {job.place}")

    def reset(self, place: str, progress: Progress) -> str:  # noqa: ARG002 (it only says how)
        raise FlashError("wrong-mode", f"{place} is a Linux board; restart it with `ssh {place} sudo reboot`")


def _ask(job: Job) -> tuple[str, str]:
    """A folder for the wheel, and the number of the user there, once the board has proven to be the right one."""
    lines = _do(job, _ASK, "it did not answer").splitlines()
    if len(lines) < 5 or not _FOLDER.fullmatch(lines[-1].strip()):
        raise FlashError(
            "remote", f"{job.place} gave an answer that is not a Linux board's: {one_line(' '.join(lines), 80)}"
        )
    machine, model, python, user, folder = (line.strip() for line in lines[-5:])
    complaint = _complaint(job, machine, model, python)
    if complaint is not None:
        run(_ssh(job, f"rmdir {folder}"), _INSTALL_SECONDS)
        raise complaint
    return folder, user


def _complaint(job: Job, machine: str, model: str, python: str) -> FlashError | None:
    flash = _linux(job).flash
    if flash.models and not model.startswith(flash.models):
        return FlashError(
            "wrong-board",
            f"{job.place} is {model or 'a machine that names no model'}, but {job.board.name} is "
            f"{' or '.join(flash.models)}; name another address or another board",
        )
    if flash.architectures and machine not in flash.architectures:
        wanted = " or ".join(flash.architectures)
        return FlashError(
            "wrong-chip", f"{job.place} runs a system for {machine}, but {job.board.name} needs one for {wanted}"
        )
    numbers = tuple(int(word) for word in python.split() if word.isdigit())
    if numbers <= _NEWEST_REFUSED:
        found = ".".join(map(str, numbers)) or "none"
        return FlashError(
            "remote", f"{job.place} has Python {found}, and Cygnet needs 3.11; install a newer system on it"
        )
    return None


def _do(job: Job, command: str, failure: str) -> str:
    code, said = run(_ssh(job, command), _INSTALL_SECONDS)
    if code:
        raise _refusal(job, said, failure)
    return said


def _ssh(job: Job, command: str) -> list[str]:
    return [need("ssh", "openssh-client"), *_options(job), _address(job), command]


def _options(job: Job) -> list[str]:
    config = ["-F", job.ssh_config] if job.ssh_config else []
    return [*config, "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT_SECONDS}"]


def _address(job: Job) -> str:
    user = _linux(job).flash.user
    return f"{user}@{job.place}" if user and "@" not in job.place else job.place


def _refusal(job: Job, said: str, failure: str) -> FlashError:
    for words, kind, remedy in _REFUSALS:
        if words in said:
            return FlashError(kind, f"{job.place}: {_last(said)}; {remedy}, and do it again")  # type: ignore[arg-type]
    return FlashError("remote", f"{job.place}: {failure} ({_last(said)}); mend that on the board, and do it again")


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return one_line(lines[-1] if lines else "it said nothing")


def _linux(job: Job) -> Board:
    assert isinstance(job.board, Board)  # noqa: S101 (the method was taken from such a board)
    return job.board
