"""The voice process: ``python -m device_runtime.voice.worker`` runs a :class:`Chain` between two pipes.

pocketsphinx holds Python's global lock while it decodes (measured: 0.69 s for 12 s of sound), so it must not share
a process with an event loop. Frames are those of :mod:`device_runtime.engine.frames`, all of the kind ``Event``:

==============  ==================================================================  =========================
in              payload                                                             answer
==============  ==================================================================  =========================
``start``       ``wake_model``, ``directories`` (of further models), ``backend``    ``ready`` or ``failed``
                (its name, empty for any), ``threads``, ``delegate``
``grammar``     ``transitions`` (lists of state, next state, word)                  ``warning`` for some words
``audio``       ``pcm`` (16 kHz mono int16), ``time`` (when it came; echoed)        what was heard in it
``listen``      ``time``                                                            ``attentive``
``reset``       ``time``                                                            ``waiting``
==============  ==================================================================  =========================

Out: ``ready``, ``failed`` and ``warning`` (``text``), ``waiting``, ``attentive``, ``unheard``, ``wake`` (``phrase``,
``probability``) and ``heard`` (``text``, ``accepted``, ``confidence``, ``reason``, ``silence``), each with ``time``.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from device_runtime.engine.frames import Event, FrameDecoder, encode_frame
from device_runtime.errors import CygnetError
from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelStore
from device_runtime.values import Value
from device_runtime.voice.chain import Attentive, Chain, ChainEvent, Heard, Unheard, Waiting
from device_runtime.voice.wake import Wake

_READ_BYTES = 65536


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


def _events(source: BinaryIO) -> Iterator[Event]:
    decoder = FrameDecoder()
    while data := source.read1(_READ_BYTES):  # type: ignore[attr-defined]  # stdin is a BufferedReader
        for frame in decoder.feed(data):
            if isinstance(frame, Event):
                yield frame


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Serve until ``source`` ends; the exit code."""

    def send(event: Event) -> None:
        sink.write(encode_frame(event))
        sink.flush()

    events = _events(source)
    start: dict[str, Any] = next(events).payload
    try:
        store = ModelStore([Path(path) for path in start["directories"]])
        backend = find_backend(start["backend"], start["threads"], start["delegate"])
        chain = Chain(store, start["wake_model"], backend=backend)
        send(Event("ready", {}))
        for event in events:
            for answer in _answers(chain, event):
                send(answer)
    except CygnetError as error:
        send(Event("failed", {"text": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.stdin.buffer, sys.stdout.buffer))
