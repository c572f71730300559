"""The voice process: a :class:`Chain` behind a socket, with all barriers of a program's worker around it.

pocketsphinx holds Python's global lock while it decodes (measured: 0.69 s for 12 s of sound), so it must not share
a process with an event loop; and files of wake words come from strangers, so what reads them must have nothing to lose.
The process is forked from a zygote (:mod:`device_runtime.engine.zygote`) that has loaded everything that comes with the
device: the recogniser, voice activity, the runtime for models. The wake word is read after the fork. Frames are those
of :mod:`device_runtime.engine.frames`, all of the kind ``Event``:

==============  ==================================================================  =========================
in              payload                                                             answer
==============  ==================================================================  =========================
``part``        ``data``: the next bytes of the wake word's file
``start``       ``card`` (its text), ``path`` (of the card), ``name``               ``ready`` or ``failed``
``grammar``     ``transitions`` (lists of state, next state, word)                  ``warning`` for some words
``audio``       ``pcm`` (16 kHz mono int16), ``time`` (when it came; echoed)        what was heard in it
``listen``      ``time``                                                            ``attentive``
``reset``       ``time``                                                            ``waiting``
==============  ==================================================================  =========================

Out: ``ready``, ``failed`` and ``warning`` (``text``), ``waiting``, ``attentive``, ``unheard``, ``wake`` (``phrase``,
``probability``) and ``heard`` (``text``, ``accepted``, ``confidence``, ``reason``, ``silence``), each with ``time``.
"""

import contextlib
import socket
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

# First, since it tells numpy how many threads it may have.
from device_runtime.inference.worker import warmed  # isort: skip

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import ConnectionClosed, WorkerConnection
from device_runtime.engine.frames import Event
from device_runtime.errors import CygnetError
from device_runtime.inference.backend import Backend, Model, find_backend
from device_runtime.inference.card import ModelCard, parse_card, read_card
from device_runtime.inference.store import ModelStore, check_tensors
from device_runtime.values import Value
from device_runtime.voice.chain import Attentive, Chain, ChainEvent, Heard, Unheard, Waiting
from device_runtime.voice.endpoint import SileroActivity
from device_runtime.voice.errors import VoiceError, import_voice_package
from device_runtime.voice.recogniser import Recogniser
from device_runtime.voice.speech import phonemes
from device_runtime.voice.wake import Wake, WakeWord


def prepare(backend_name: str, threads: str, delegate: str, activity_card: str) -> WorkerBody:
    """What the zygote is to be asked for: see :mod:`device_runtime.engine.zygote`. ``activity_card`` is the path of the
    card of the model for voice activity; the others are those of
    :func:`device_runtime.inference.backend.find_backend`."""
    try:
        prepared = _Prepared(backend_name, int(threads), delegate, Path(activity_card))
    except CygnetError as error:  # whoever waits for the process reads why, and what to install
        return WorkerBody(partial(_refuse, str(error)), threads=int(threads))
    return WorkerBody(prepared.run, threads=int(threads), courtesy=0)  # people wait for it


class _Prepared:
    """All that reads files of the device, read."""

    def __init__(self, backend_name: str, threads: int, delegate: str, activity_card: Path) -> None:
        self._backend = warmed(find_backend(backend_name, threads, delegate))
        store = ModelStore([activity_card.parent.parent])
        self._activity = SileroActivity(store, read_card(activity_card))
        self._recogniser = Recogniser()
        import_voice_package("pymicro_features")
        with contextlib.suppress(VoiceError):  # without espeak-ng a word that no dictionary has is told of
            phonemes("a")

    def run(self, connection: socket.socket) -> None:
        """Serve until the host closes its end."""
        host = WorkerConnection(connection)
        try:
            self._serve(host)
        except CygnetError as error:
            host.send(Event("failed", {"text": str(error)}))
        except ConnectionClosed:
            return
        except Exception as error:  # noqa: BLE001 a fault of ours, which nobody would hear of
            fault = traceback.extract_tb(error.__traceback__)[-1]
            host.send(Event("failed", {"text": f"a fault of the voice process: {error!r} in {fault.name}"}))

    def _serve(self, host: WorkerConnection) -> None:
        content = bytearray()
        for event in _events(host):
            if event.name == "start":
                card = parse_card(str(event.payload["card"]), Path(str(event.payload["path"])), event.payload["name"])
                break
            content += event.payload["data"]
        wake = WakeWord(_Sent(bytes(content)), card, self._backend)
        chain = Chain(wake, self._activity, self._recogniser)
        host.send(Event("ready", {}))
        for event in _events(host):
            for answer in _answers(chain, event):
                host.send(answer)


class _Sent:
    """The model of the wake word, as the host sent it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def load(self, card: ModelCard, backend: Backend | None = None) -> Model:
        """See :meth:`device_runtime.inference.store.ModelStore.load`; the host has compared its SHA-256."""
        if backend is None:
            raise VoiceError("a wake word is loaded without a back end")
        model = backend.load(self._content, card.name)
        check_tensors(card, model.inputs, model.outputs)
        return model


def _refuse(sentence: str, connection: socket.socket) -> None:
    """Say so, whatever is asked."""
    host = WorkerConnection(connection)
    with contextlib.suppress(ConnectionClosed):
        host.send(Event("failed", {"text": sentence}))
        while True:
            host.receive(None)


def _events(host: WorkerConnection) -> Iterator[Any]:
    while True:
        frame = host.receive(None)
        if isinstance(frame, Event):
            yield frame


def _answer(event: ChainEvent, time: Value) -> Event:
    match event:
        case Wake():
            return Event("wake", {"time": time, "phrase": event.phrase, "probability": event.probability})
        case Heard():
            heard = event.hypothesis
            return Event(
                "heard",
                {
                    "time": time,
                    "text": heard.text,
                    "accepted": heard.accepted,
                    "confidence": heard.confidence,
                    "reason": heard.reason,
                    "silence": event.silence,
                },
            )
        case Attentive():
            return Event("attentive", {"time": time})
        case Unheard():
            return Event("unheard", {"time": time})
        case Waiting():
            return Event("waiting", {"time": time})


def _answers(chain: Chain, event: Event) -> Iterator[Event]:
    payload: dict[str, Any] = event.payload
    time = payload.get("time")
    match event.name:
        case "audio":
            yield from (_answer(heard, time) for heard in chain.feed(payload["pcm"]))
        case "grammar":
            transitions = [(start, end, word) for start, end, word in payload["transitions"]]
            yield from (Event("warning", {"text": text}) for text in chain.set_grammar(transitions))
        case "listen":
            yield from (_answer(heard, time) for heard in chain.listen())
        case "reset":
            yield from (_answer(heard, time) for heard in chain.reset())
