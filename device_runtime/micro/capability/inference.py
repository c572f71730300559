"""``inference.*``: the models of a program's package, on its own numbers or on what the board's microphone hears.

Names, arguments and results are those of Linux (``device_runtime/capability/inference.py``). ``models/x.tflite`` of a
program is here as ``models/x.cgm``, and what boards need of its card as ``models/x.card``: a line of JSON, and what
:func:`..sound.rows.quantized` takes for a table. The toolchain makes both. Sound never crosses to a program.
"""

import gc
import json
import os
import struct

from ..inference.loading import kernel
from ..inference.model import Model, ModelError
from ..program.errors import CapabilityError
from .arguments import refuse, text

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..sound.hearing import Hearing
        from .shapes import Pins, Values
except ImportError:
    pass

_MOST_SESSIONS = 4
_MOST_WAITING = 8
_HEAD_BYTES = 56
_RESERVE = 4096
"""Bytes that stay free when a model is in memory: for the program's next turn."""


class _Session:
    """One open model."""

    def __init__(self, name: str, model: "Model", card: "dict[str, Any]", table: bytes, taken: int) -> None:
        self.name, self.model, self.card, self.table, self.taken = name, model, card, table, taken
        self.hearing: Hearing | None = None


class Inference:
    """The models of the program in ``folder``.

    Args:
        folder: where the program lies.
        board: ``board.json``.
        pins: the board's.
        lend: is told how many bytes more are the models', and so not the program's.
        log: ``log(level, sentence)``.
        collect: is asked before the program may have data of a category; raises ``CapabilityError``.
    """

    def __init__(
        self,
        folder: str,
        board: "dict[str, Any]",
        pins: "Pins",
        lend: "Callable[[int], None]",
        log: "Callable[[str, str], None]",
        collect: "Callable[[str], None]",
    ) -> None:
        self._folder = folder + "/"
        self._described, self._pins, self._lend, self._log = board.get("microphone"), pins, lend, log
        self._collect = collect
        self._sessions: dict[int, _Session] = {}
        self._number = 0
        self._listener: Any = None
        self._heard: list[dict[str, Any]] = []
        for name in _models(self._folder):
            self._prepare(name)

    def _prepare(self, name: str) -> None:
        """Load the kernels of a model now: a board compiles them, for which a program's call has no stack left."""
        try:
            for kind in _kinds(self._folder + name):
                kernel(kind)
        except (OSError, ValueError, IndexError):
            pass  # who opens it is told

    def prepare_listening(self) -> None:
        """Load what listens."""
        if self._described:
            from ..sound import hearing, listener, microphone  # noqa: F401

    # -- sessions --------------------------------------------------------------------------------------------------

    def open(self, values: "Values") -> "dict[str, Any]":
        """Load a model; tells its inputs, outputs and labels.

        Raises:
            CapabilityError: there is no such model, it is broken, or the board has not the memory for it.
        """
        name = self._wanted(values)
        if len(self._sessions) >= _MOST_SESSIONS:
            raise CapabilityError(f"more than {_MOST_SESSIONS} models are open; close one first")
        path = f"{self._folder}models/{name}"
        card, table = _card(path + ".card")
        gc.collect()
        before = gc.mem_alloc()  # type: ignore[attr-defined]
        try:
            needed, free = _needed(path + ".cgm"), gc.mem_free() - _RESERVE  # type: ignore[attr-defined]
            model, pieces = Model(path + ".cgm") if needed <= free else None, ""
        except MemoryError:
            model, pieces = None, " in pieces that are too small"
        except (ModelError, ValueError) as error:
            raise CapabilityError(f"the model {name} cannot run here: {error}") from None
        except OSError:
            raise CapabilityError(f"the program has no model models/{name}.tflite for this board") from None
        gc.collect()
        if model is None:
            raise CapabilityError(
                f"the model {name} needs {_kb(needed)} KB of memory, and {max(0, free) // 1024} KB are free{pieces}"
            )
        taken = gc.mem_alloc() - before  # type: ignore[attr-defined]
        self._lend(taken)
        self._number += 1
        self._sessions[self._number] = _Session(name, model, card, table, taken)
        return {
            "session": self._number,
            "name": name,
            "task": card.get("task", ""),
            "inputs": [_described(entry) for entry in model.inputs],
            "outputs": [_described(entry) for entry in model.outputs],
            "labels": card.get("labels", []),
        }

    def _wanted(self, values: "Values") -> str:
        ways = [way for way in ("model", "name", "ability") if values.get(way) is not None]
        if len(ways) != 1:
            raise refuse("one of model (a file), name (a shared model) and ability (a task) must be given")
        wanted = text(values, ways[0], 128)
        if ways[0] == "model":
            name = wanted[7:-7] if wanted[:7] == "models/" and wanted[-7:] == ".tflite" else ""
            if not name or "/" in name:
                raise refuse("model must be a file such as models/name.tflite")
            return name
        for name in _models(self._folder):
            name = name[:-4]
            if wanted == (name if ways[0] == "name" else _card(f"{self._folder}models/{name}.card")[0].get("task")):
                return name
        raise CapabilityError(f"this board has no model {wanted!r}; it has those of the program alone")

    def close(self, values: "Values") -> None:
        """End a session; one that is closed already is no error."""
        session = self._sessions.pop(_number(values), None)
        if session is not None:
            self._silence(session)
            self._lend(-session.taken)

    def end(self) -> None:
        """The program is over: nobody hears any more, and nothing is kept."""
        if self._listener is not None:
            self._listener.end()
        self._sessions.clear()
        self._heard.clear()

    def _session(self, values: "Values") -> _Session:
        number = _number(values)
        if number not in self._sessions:
            raise CapabilityError(f"there is no open session {number}")
        return self._sessions[number]

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self, values: "Values") -> "dict[str, Any]":
        """Run a model once. Raises ``CapabilityError``: an input is wrong, or it listens."""
        session = self._session(values)
        if session.hearing is not None:
            raise CapabilityError(f"the model {session.name} listens; stop it, or open it once more")
        from .tensors import read_tensor, write_tensor

        model, given = session.model, values.get("inputs")
        names = [entry[0] for entry in model.inputs]
        if not isinstance(given, dict):
            raise refuse(f"inputs must be tensors by the names of the inputs of {session.name}: {', '.join(names)}")
        for name in given:
            if name not in names:
                raise refuse(f"{session.name} has no input {name[:80]!r}; it has {', '.join(names)}")
        for index, entry in enumerate(model.inputs):
            if entry[0] not in given:
                raise refuse(f"{session.name} needs the input {entry[0]!r}, which is missing")
            read_tensor(given[entry[0]], entry, model.input(index), f"input {entry[0]!r} of {session.name}")
        model.invoke()
        outputs = {}
        for index, entry in enumerate(model.outputs):
            outputs[entry[0]] = write_tensor(entry, model.output(index))
        return {"outputs": outputs}

    # -- listening -------------------------------------------------------------------------------------------------

    def listen(self, values: "Values") -> None:
        """Begin to let a model hear. Raises ``CapabilityError``: it hears nothing, the board does not, or the program
        may not."""
        session = self._session(values)
        if session.hearing is not None:
            return
        if not self._described:
            raise CapabilityError("this board has no microphone")
        if not session.card.get("window"):
            raise CapabilityError(
                f"the model {session.name} is none that hears, by its card models/{session.name}.toml"
            )
        self._collect("speech")
        from ..sound.hearing import Hearing
        from ..sound.listener import Listener

        gc.collect()
        before, free = gc.mem_alloc(), gc.mem_free()  # type: ignore[attr-defined]
        try:
            if self._listener is None:
                self._listener = Listener(self._microphone, self._hear, self._fall_silent)
            hearing = Hearing(session.model, session.card, session.table)
            self._listener.add(hearing)
        except MemoryError:
            gc.collect()
            raise CapabilityError(f"there is not enough memory to listen: {free // 1024} KB are free") from None
        except ValueError as error:
            raise CapabilityError(f"the model {session.name} cannot hear: {error}") from None
        except OSError as error:
            raise CapabilityError(f"the microphone does not answer: {error}") from None
        session.hearing = hearing
        more = max(0, gc.mem_alloc() - before)  # type: ignore[attr-defined]
        session.taken += more
        self._lend(more)

    def stop(self, values: "Values") -> None:
        """Let a model hear no more; one that hears nothing is no error."""
        self._silence(self._session(values))

    def _silence(self, session: _Session) -> None:
        hearing, session.hearing = session.hearing, None
        if hearing is not None:
            hearing.reset()
            self._listener.remove(hearing)

    def _microphone(self) -> "Any":
        return self._pins.microphone(self._described)  # type: ignore[arg-type]

    def _hear(self, hearing: "Hearing", heard: "tuple[str, float, float]") -> None:
        for number in self._sessions:
            if self._sessions[number].hearing is hearing and len(self._heard) < _MOST_WAITING:
                label, probability, seconds = heard
                self._heard.append({"session": number, "label": label, "probability": probability, "seconds": seconds})

    def _fall_silent(self, sentence: str) -> None:
        for number, session in self._sessions.items():
            if session.hearing is not None:
                session.hearing = None
                self._log("error", f"session {number} hears no more: {sentence}")

    @property
    def listens(self) -> bool:
        """Whether a model hears."""
        return [session for session in self._sessions.values() if session.hearing is not None] != []

    def take(self) -> "dict[str, Any] | None":
        """The oldest of what was heard and not told yet."""
        return self._heard.pop(0) if self._heard else None


def _number(values: "Values") -> int:
    value = values.get("session")
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse("session must be the number that inference.open gave")
    return value


def _models(folder: str) -> "list[str]":
    try:
        return sorted([name for name in os.listdir(folder + "models") if name[-4:] == ".cgm"])
    except OSError:
        return []


def _card(path: str) -> "tuple[dict[str, Any], bytes]":
    try:
        with open(path, "rb") as file:
            line, table = file.readline(), file.read()
    except OSError:
        return {}, b""
    try:
        card = json.loads(line)
    except ValueError:
        card = None
    if not _is_card(card, table):
        raise CapabilityError(f"{path} is broken; bring the program again")
    return card, table


def _is_card(card: "Any", table: bytes) -> bool:
    """Whether what is read of a card is there: a package may hold anything, and nobody looks how long a table is when
    it is used."""
    if not isinstance(card, dict) or not isinstance(card.get("task", ""), str) or not _are(card.get("labels", []), str):
        return False
    if "window" not in card:
        return True
    steps = [card["window"], card.get("stride")]  # type: Any
    return (
        _are(steps, int)
        and 1 <= steps[0] <= 1000
        and 0 <= steps[1] <= 1000
        and _are([card.get("cutoff"), card.get("refractory_seconds")], (int, float))
        and _are(card.get("rejects"), str)
        and card.get("labels", []) != []
        and len(table) > 2
        and len(table) - 2 == table[0] | table[1] << 8
    )


def _are(values: "Any", kinds: "Any") -> bool:
    return isinstance(values, list) and not [value for value in values if not isinstance(value, kinds)]


def _head(path: str) -> "tuple[int, ...]":
    with open(path, "rb") as file:
        return struct.unpack("<14i", file.read(_HEAD_BYTES))


def _needed(path: str) -> int:
    """Bytes of memory that a model takes: its file, and its arena."""
    head = _head(path)
    return head[2] + head[4]


def _kinds(path: str) -> "set[int]":
    """The kinds of operators of a model."""
    head = _head(path)
    kinds = set()
    with open(path, "rb") as file:
        file.seek(head[10])
        for _ in range(min(head[7], 1000)):
            kinds.add(struct.unpack("<2i", file.read(8))[0])
    return kinds


def _kb(count: int) -> int:
    return (count + 1023) // 1024


def _described(entry: "tuple[Any, ...]") -> "dict[str, Any]":
    name, shape, dtype, scale, zero = entry
    return {"name": name, "shape": list(shape), "dtype": dtype, "scale": scale, "zero_point": zero}
