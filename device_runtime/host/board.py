"""Board configurations: one TOML file says what a board has; code never names a board.

The dataclasses below are the schema: each field's type, default, allowed values and meaning are checked and documented
from here (``docs/board-maker.md`` holds the table, and a test compares).
"""

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from device_runtime.host.board_file import BoardError, BoardFile, key, table_key
from device_runtime.host.linuxparts import LinuxLed, LinuxSensor
from device_runtime.host.linuxparts import faults as part_faults
from device_runtime.host.microboard import MicroBoard
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.program.limits import Limits
from device_runtime.resources import resource_directory
from device_runtime.update.rules import UpdateRules

__all__ = [
    "Board",
    "BoardError",
    "board_names",
    "find_any_board",
    "find_board",
    "find_micro_board",
    "load_any_board",
    "load_board",
]

BarrierName: TypeAlias = Literal["privileges", "limits", "namespaces", "empty-root", "landlock", "seccomp", "cgroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the board shows programs on."""

    width: int = key("width of the screen in CSS pixels", minimum=120, maximum=7680)
    height: int = key("height of the screen in CSS pixels", minimum=120, maximum=4320)
    rpx: float | None = key(
        "CSS pixels in one rpx; left out, the screen chooses by its shape", default=None, minimum=0.05, maximum=10.0
    )
    listen: str = key("address that the screen is served at", default="127.0.0.1")
    port: int = key("port that the screen is served at; 0 takes a free one", default=8370, minimum=0, maximum=65535)
    remote_screen: Literal["ask", "never"] = key(
        "`ask`: an operator of the fleet may ask the person at the screen to see what it shows; `never`", default="ask"
    )
    remote_kb: int = key(
        "kilobytes that one look of an operator may send; 0: any number", default=4096, minimum=0, maximum=4_194_304
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Where sound comes from and goes to."""

    microphone: Literal["screen", "device", "none"] = key(
        "`screen`: the browser's microphone; `device`: a sound card; `none`", default="none"
    )
    speaker: Literal["screen", "device", "none"] = key(
        "`screen`: the browser plays answers; `device`: a sound card; `none`", default="none"
    )
    input_device: str = key("name, or part of it, of the capture device; empty for the default one", default="")
    output_device: str = key("name, or part of it, of the playback device; empty for the default one", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Spoken requests and answers."""

    enabled: bool = key("if the board listens at all; needs the extras `voice` and `inference`", default=False)
    wake_model: str = key("model card of the wake word", default="okay_nabu")
    speech_voice: str = key("voice that answers are spoken in, as espeak-ng names it", default="en-us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How models are run."""

    backend: Literal["auto", "litert", "tflite", "reference"] = key(
        "`auto` takes what is installed, LiteRT first; `reference` is LiteRT's plain kernels, to compare with",
        default="auto",
    )
    threads: int = key("threads a model", default=1, minimum=1, maximum=16)
    delegate: str = key(
        "`default` (XNNPACK, where the runtime has it), `none`, or the path of a shared library; such a one reaches "
        "for devices, so models run without barriers with it",
        default="default",
    )
    memory_mb: int = key(
        "memory of all loaded models, MiB; those that were not used for the longest time make room", default=256,
        minimum=16, maximum=65536,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What programs may reach over the network, besides what their manifests declare."""

    allow_insecure: bool = key("if origins that manifests declare with plain `http` may be reached", default=False)
    hosts: Mapping[str, str] = table_key(
        "maps an origin that manifests declare to the address that answers for it on this board's network"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """``[telemetry]``."""

    disk_kb: int = key(
        "kilobytes of records that wait on the disk for the fleet; beyond it the oldest metrics go first, alarms last",
        default=16_384,
        minimum=64,
        maximum=4_194_304,
    )
    daily_bytes: int = key(
        "bytes that telemetry may use on the network in a day (UTC), where a link is paid by the byte; 0: any number",
        default=0,
        minimum=0,
        maximum=2**40,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What must stand between a program and the rest of the board."""

    require: tuple[BarrierName, ...] = key(
        "barriers without which the device refuses to run; `cygnet device doctor` tells what this board has", default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxFlash:
    """How the board gets its software."""

    method: Literal["sdcard", "ssh", "none"] = key(
        "`sdcard`: an image is written to its card; `ssh`: Cygnet's wheel is installed on the running system; `none`: "
        "nothing to flash",
        default="ssh",
    )
    models: tuple[str, ...] = key(
        "how the board calls itself (`/proc/device-tree/model`), or the beginning of it; empty asks nothing", default=()
    )
    architectures: tuple[str, ...] = key(
        "what `uname -m` answers on the systems that Cygnet is installed on; empty asks nothing", default=()
    )
    user: str = key("who logs in by SSH; empty for the one that OpenSSH's configuration names", default="")
    directory: str = key("the environment that the wheel is installed into", default="/opt/cygnet")
    extras: tuple[str, ...] = key("extras of the wheel that are installed with it", default=())
    service: str = key("systemd unit that is started again after an install; empty for none", default="cygnet-device")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board that runs Linux."""

    kind: Literal["linux"] = key("what runs on the board; `micropython` has a schema of its own", default="linux")
    name: str = key("short name, as the file is called")
    description: str = key("one line for people")
    screen: Screen = key("the screen")
    audio: Audio = key("microphone and loudspeaker", default=Audio())
    voice: Voice = key("spoken requests and answers", default=Voice())
    inference: Inference = key("how models are run", default=Inference())
    limits: Limits = key("what a program may use", default=Limits())
    telemetry: Telemetry = key("telemetry on its way to the fleet", default=Telemetry())
    isolation: Isolation = key("barriers around programs", default=Isolation())
    request: Request = key("network of programs", default=Request())
    leds: Mapping[str, LinuxLed] = table_key("lights, each by a name that programs use")
    sensors: Mapping[str, LinuxSensor] = table_key("sensors, each by a name that programs use")
    privacy: PrivacySettings = key("whether people are asked what programs may send", default=PrivacySettings())
    update: UpdateRules = key("when programs and models are switched to another version", default=UpdateRules())
    flash: LinuxFlash = key("how the board gets its software", default=LinuxFlash())

    def faults(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What no single key shows."""
        yield from part_faults(self.leds, self.sensors)
        yield from self.update.faults(self.sensors)


def board_names(kind: Literal["linux", "micropython"] = "linux") -> list[str]:
    """The boards of a kind that come with Cygnet."""
    schema = {"linux": Board, "micropython": MicroBoard}[kind]
    paths = resource_directory("board_configs").glob("*.toml")
    return sorted(path.stem for path in paths if _schema(BoardFile(path)) is schema)


def find_any_board(name_or_path: str) -> Board | MicroBoard:
    """A board of any kind by its name, or by the path of a configuration file.

    Raises:
        BoardError: there is none, or its configuration is faulty.
    """
    return load_any_board(_find(name_or_path))


def find_board(name_or_path: str) -> Board:
    """A board that runs Linux, by its name or the path of a configuration file.

    Raises:
        BoardError: there is none, it is of another kind, or its configuration is faulty.
    """
    return load_board(_find(name_or_path))


def find_micro_board(name_or_path: str) -> MicroBoard:
    """A board that runs MicroPython, by its name or the path of a configuration file.

    Raises:
        BoardError: there is none, it is of another kind, or its configuration is faulty.
    """
    path = _find(name_or_path)
    board = load_any_board(path)
    if not isinstance(board, MicroBoard):
        known = ", ".join(board_names("micropython"))
        raise BoardError(f"{board.name} ({path}) runs Linux; this needs a board that runs MicroPython: {known}")
    return board


def load_board(path: Path) -> Board:
    """Read and check the configuration file of a board that runs Linux.

    Raises:
        BoardError: it cannot be read, is not TOML, has an unknown, missing or wrong key, or is of another kind.
    """
    board = load_any_board(path)
    if not isinstance(board, Board):
        raise BoardError(
            f"{board.name} ({path}) runs MicroPython, not this; "
            f"`cygnet board provision --board {board.name}` installs Cygnet on it"
        )
    return board


def load_any_board(path: Path) -> Board | MicroBoard:
    """Read and check one configuration file; its `kind` says by which schema.

    Raises:
        BoardError: it cannot be read, is not TOML, or has an unknown, missing or wrong key.
    """
    file = BoardFile(path)
    board = file.read(_schema(file))
    for where, sentence in board.faults():
        raise file.fault(where, sentence)
    return board


def _schema(file: BoardFile) -> type[Board] | type[MicroBoard]:
    kind = file.document.get("kind", "linux")
    if kind not in ("linux", "micropython"):  # a tuple, since what is asked for may be a list
        raise file.fault(("kind",), f"'kind' must be one of 'linux', 'micropython', not {kind!r}")
    if "kind" not in file.document:
        others = _names(MicroBoard) - _names(Board)
        for name in file.document:
            if name in others:
                raise file.fault((name,), f'{name!r} is a key of boards with `kind = "micropython"`, which is missing')
    return MicroBoard if kind == "micropython" else Board


def _names(schema: type[Board] | type[MicroBoard]) -> set[str]:
    return {item.name for item in dataclasses.fields(schema)}


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return Path(name_or_path)
    directory = resource_directory("board_configs")
    path = directory / f"{name_or_path}.toml"
    if not path.is_file():
        names = sorted(path.stem for path in directory.glob("*.toml"))
        nearest = difflib.get_close_matches(name_or_path, names, 1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(names)}"
        raise BoardError(f"there is no board {name_or_path!r}; {hint} (the path of a .toml file works, too)")
    return path
