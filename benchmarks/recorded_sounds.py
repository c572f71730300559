"""What a model of sound events makes of recordings, which it was neither trained nor tested with.

    apt-get download minetest-data openttd-opensfx sonic-pi-samples sound-theme-freedesktop tuxmath-data \
        lincity-ng-data oxygen-sounds searchandrescue-data
    for package in *.deb; do dpkg-deb -x $package unpacked; done
    python -m benchmarks.recorded_sounds unpacked

Games and desktops of Debian carry recordings under free licences. Few of them are events that the model knows (panes in
minetest; horns in openttd-opensfx; beeping clocks): what is said of those is an anecdote, and is printed one by one.
Hundreds are none: instruments, engines, crowds, tools, doors, interfaces. How often the model hears an event in those
is a figure. Needs the package ``soundfile`` (in the extra ``train``) and ``scipy``.
"""

import io
import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelStore
from firmware_tools.training.evaluation.listeners import DeviceListener
from firmware_tools.training.evaluation.streaming import play

RATE = 16000
LONGEST = 20  # seconds of one recording: music would outweigh everything else
EVENTS = {
    "default_break_glass.1.ogg": "glass",
    "default_break_glass.2.ogg": "glass",
    "default_break_glass.3.ogg": "glass",
    "alarm-clock-elapsed.oga": "alarm",
    "alarm.wav": "alarm",
    '"Modern car horn"': "horn",
    '"Truck/old bus start, pull away with horn"': "horn",
    '"Diesel/electric train station departure"': "horn",
}
"""By file, or by the sound's name in OpenTTD's catalogue."""
LEFT_OUT = ('"Ship horn"', '"Ferry horn"', "stall.wav", "overspeed.wav", "overspeed2.wav", "Alarm clock.ogg")
"""Horns and alarms of other kinds: neither an event that is meant nor none."""


def recordings(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each sound file below ``root``, those within OpenTTD's catalogues among them."""
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in (".wav", ".ogg", ".oga", ".flac"):
            yield path.name, path.read_bytes()
        elif path.suffix == ".cat":
            yield from catalogue(path.read_bytes())


def catalogue(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The sounds of a ``.cat`` file: an index of offset and length, then name and RIFF file of each."""
    count = (struct.unpack_from("<I", content)[0] & 0x7FFFFFFF) // 8
    for index in range(count):
        offset, length = struct.unpack_from("<II", content, 8 * index)
        offset &= 0x7FFFFFFF
        name = content[offset + 1 : offset + 1 + content[offset]].rstrip(b"\0").decode("latin-1")
        start = content.find(b"RIFF", offset)
        if 0 <= start < offset + length + 300:
            yield name.partition(". ")[0].partition(" By ")[0].rstrip("."), content[start : start + length]


def samples(content: bytes) -> bytes:
    """16 kHz mono int16 between seconds of near silence, the peak at a third; empty where there is nothing in it."""
    import soundfile

    try:
        sound, rate = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    except (RuntimeError, ValueError):  # no sound file after all
        return b""
    mono = sound[: rate * LONGEST].mean(axis=1)
    common = math.gcd(rate, RATE)
    mono = resample_poly(mono, RATE // common, rate // common)
    if len(mono) < RATE // 10 or np.max(np.abs(mono)) < 1e-4:
        return b""
    mono = np.concatenate([np.zeros(RATE), mono / np.max(np.abs(mono)) * 10000, np.zeros(RATE)])
    mono += np.random.default_rng(0).normal(0, 8, len(mono))
    return np.clip(np.round(mono), -32768, 32767).astype("<i2").tobytes()


def main(root: Path, name: str = "sound_events") -> None:
    """Print what the model ``name`` hears in the recordings below ``root``."""
    store = ModelStore()
    card = store.card(name)
    listener = DeviceListener(store.load(card, find_backend()), card)
    seconds, wrong, files = 0.0, Counter[str](), 0
    for title, content in recordings(root):
        pcm = b"" if title in LEFT_OUT else samples(content)
        if not pcm:
            continue
        heard = play(listener, pcm)
        if title in EVENTS:
            said = ", ".join(f"{one.label} {one.probability:.2f}" for one in heard)
            print(f"{EVENTS[title]:6} {title}: {said or 'nothing'}")
            continue
        files, seconds = files + 1, seconds + len(pcm) / 2 / RATE
        wrong.update(one.label for one in heard)
    shares = ", ".join(f"{label} {count}" for label, count in wrong.most_common())
    print(f"{files} recordings of something else, {seconds / 60:.0f} minutes: {wrong.total()} events heard ({shares})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
