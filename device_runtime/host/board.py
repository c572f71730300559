"""Board configurations: one TOML file says what a board has; code never names a board.

The dataclasses below are the schema: each field's type, default, allowed values and meaning are checked and documented
from here (``docs/board-maker.md`` holds the table, and a test compares).
"""

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from device_runtime.errors import CygnetError
from device_runtime.program.limits import Limits
from device_runtime.resources import resource_directory

T = TypeVar("T")
BarrierName: TypeAlias = Literal["privileges", "limits", "namespaces", "empty-root", "landlock", "seccomp", "cgroup"]


class BoardError(CygnetError):
    """A board configuration is faulty; the message names the file, the line, and what was expected."""


def _key(
    doc: str, default: Any = dataclasses.MISSING, minimum: float | None = None, maximum: float | None = None
) -> Any:
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the board shows programs on."""

    width: int = _key("width of the screen in CSS pixels", minimum=120, maximum=7680)
    height: int = _key("height of the screen in CSS pixels", minimum=120, maximum=4320)
    rpx: float | None = _key(
        "CSS pixels in one rpx; left out, the screen chooses by its shape", default=None, minimum=0.05, maximum=10.0
    )
    listen: str = _key("address that the screen is served at", default="127.0.0.1")
    port: int = _key("port that the screen is served at; 0 takes a free one", default=8370, minimum=0, maximum=65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Where sound comes from and goes to."""

    microphone: Literal["screen", "device", "none"] = _key(
        "`screen`: the browser's microphone; `device`: a sound card; `none`", default="none"
    )
    speaker: Literal["screen", "device", "none"] = _key(
        "`screen`: the browser plays answers; `device`: a sound card; `none`", default="none"
    )
    input_device: str = _key("name, or part of it, of the capture device; empty for the default one", default="")
    output_device: str = _key("name, or part of it, of the playback device; empty for the default one", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Spoken requests and answers."""

    enabled: bool = _key("if the board listens at all; needs the extras `voice` and `inference`", default=False)
    wake_model: str = _key("model card of the wake word", default="okay_nabu")
    speech_voice: str = _key("voice that answers are spoken in, as espeak-ng names it", default="en-us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How models are run."""

    backend: Literal["auto", "litert", "tflite"] = _key("`auto` takes what is installed, LiteRT first", default="auto")
    threads: int = _key("threads a model", default=1, minimum=1, maximum=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What programs may reach over the network, besides what their manifests declare."""

    allow_insecure: bool = _key("if origins that manifests declare with plain `http` may be reached", default=False)
    hosts: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "doc": "maps an origin that manifests declare to the address that answers for it on this board's network",
            "minimum": None,
            "maximum": None,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What must stand between a program and the rest of the board."""

    require: tuple[BarrierName, ...] = _key(
        "barriers without which the device refuses to run; `cygnet device doctor` tells what this board has", default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board."""

    name: str = _key("short name, as the file is called")
    description: str = _key("one line for people")
    screen: Screen = _key("the screen")
    audio: Audio = _key("microphone and loudspeaker", default=Audio())
    voice: Voice = _key("spoken requests and answers", default=Voice())
    inference: Inference = _key("how models are run", default=Inference())
    limits: Limits = _key("what a program may use", default=Limits())
    isolation: Isolation = _key("barriers around programs", default=Isolation())
    request: Request = _key("network of programs", default=Request())


def board_names() -> list[str]:
    """The boards that come with Cygnet."""
    return sorted(path.stem for path in resource_directory("board_configs").glob("*.toml"))


def find_board(name_or_path: str) -> Board:
    """A board by its name, or by the path of a configuration file.

    Raises:
        BoardError: there is none, or its configuration is faulty.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return load_board(Path(name_or_path))
    path = resource_directory("board_configs") / f"{name_or_path}.toml"
    if not path.is_file():
        nearest = difflib.get_close_matches(name_or_path, board_names(), 1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(board_names())}"
        raise BoardError(f"there is no board {name_or_path!r}; {hint} (the path of a .toml file works, too)")
    return load_board(path)


def load_board(path: Path) -> Board:
    """Read and check one configuration file.

    Raises:
        BoardError: it cannot be read, is not TOML, or has an unknown, missing or wrong key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise BoardError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BoardError(f"{path} is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and lists in lists
        raise BoardError(f"{path}: not TOML: {error}") from error
    return _Reader(path, text).table(Board, document, ())


class _Reader:
    """Turns tables into the schema's dataclasses, and faults into sentences with a line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def table(self, schema: type[T], table: Mapping[str, Any], where: tuple[str, ...]) -> T:
        fields = {item.name: item for item in dataclasses.fields(schema)}  # type: ignore[arg-type]
        kinds = typing.get_type_hints(schema)
        for key in table:
            if key not in fields:
                nearest = difflib.get_close_matches(key, fields, 1, 0.5)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here are {', '.join(fields)}"
                raise self._fault((*where, key), f"unknown key {'.'.join((*where, key))!r}; {hint}")
        values = {}
        for name, item in fields.items():
            if name in table:
                values[name] = self._value(kinds[name], table[name], (*where, name), item.metadata)
            elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                raise self._fault(where, f"the key {'.'.join((*where, name))!r} is missing: {item.metadata['doc']}")
        return schema(**values)

    def _value(self, kind: Any, value: Any, where: tuple[str, ...], rules: Mapping[str, Any]) -> Any:
        name = ".".join(where)
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, dict):
                raise self._fault(where, f"{name!r} must be a table, [{name}]")
            return self.table(typing.cast("type[Any]", kind), value, where)
        origin, choices = typing.get_origin(kind), typing.get_args(kind)
        if origin is Literal:
            if value not in choices:
                raise self._fault(where, f"{name!r} must be one of {', '.join(map(repr, choices))}, not {value!r}")
            return value
        if origin in {
            types.UnionType,
            typing.Union,
        }:  # `float | None`: TOML has no null, so only the other side is written
            return self._value(next(choice for choice in choices if choice is not type(None)), value, where, rules)
        if origin is tuple:
            if not isinstance(value, list):
                raise self._fault(where, f"{name!r} must be a list")
            return tuple(self._value(choices[0], item, where, rules) for item in value)
        if origin is not None:
            if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
                raise self._fault(where, f"{name!r} must be a table of strings")
            return types.MappingProxyType(value)
        if kind is float and type(value) is int and abs(value) < 2**53:
            value = float(value)
        if type(value) is not kind:
            expected = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}[kind]
            raise self._fault(where, f"{name!r} must be {expected}, not {value!r}")
        low, high = rules["minimum"], rules["maximum"]
        if low is not None and high is not None and not low <= value <= high:
            raise self._fault(where, f"{name!r} must be between {low} and {high}, not {value}")
        return value

    def _fault(self, where: tuple[str, ...], sentence: str) -> BoardError:
        return BoardError(f"{self._path}:{self._line(where)}: {sentence}")

    def _line(self, where: tuple[str, ...]) -> int:
        """The line on which a key or table first stands, be it as a header, under one, or in dotted form."""
        wanted, table = ".".join(where), ""
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[([^\]]+)\]", line)
            key = re.match(r"""\s*([\w.\-"']+)\s*=""", line)
            if header:
                found = table = re.sub(r"[\s\"']", "", header[1])
            elif key:
                found = ".".join(filter(None, (table, re.sub(r"[\"']", "", key[1]))))
            else:
                continue
            if found == wanted or found.startswith(f"{wanted}."):
                return number
        return 1
