"""How reliably the wake words wake at their cards' cut-offs, and how much of one core listening takes.

    python -m benchmarks.wake_word

Prints the tables of docs/voice.md: detections by synthesiser and condition, false detections over the other speech
of ``voice_corpus``, and the time of each stage. Needs ``flite`` (apt) and the extra ``voice``.
"""

import time
from collections.abc import Callable

from benchmarks import voice_corpus as corpus
from device_runtime.inference.features import MicroFeatures
from device_runtime.inference.store import ModelStore
from device_runtime.voice.endpoint import CHUNK_BYTES, VAD_TASK, SileroActivity
from device_runtime.voice.wake import WAKE_TASK, WakeWord

CONDITIONS = ("quiet", "soft", "noise 10 dB")
WAKE_VOICES = (*corpus.ESPEAK_VOICES, "en-us+f3", "en-us+m1", "en-us+m5", "en-us+steph", "en-us+max", "en-gb-x-rp+f3")
SPELLING = {"hey_jarvis": "hey jarviss"}  # as "jarvis" the synthesisers say it with a z


def detections(wake: WakeWord, pcm: bytes) -> int:
    """How often ``wake`` wakes in ``pcm``, heard from silence."""
    wake.reset()
    return sum(len(wake.feed(pcm[start : start + CHUNK_BYTES])) for start in range(0, len(pcm), CHUNK_BYTES))


def real_time_factor(process: Callable[[bytes], object], pcm: bytes) -> float:
    """Seconds of CPU time for a second of sound."""
    start = time.process_time()
    for position in range(0, len(pcm) - CHUNK_BYTES, CHUNK_BYTES):
        process(pcm[position : position + CHUNK_BYTES])
    return (time.process_time() - start) / (len(pcm) / 2 / corpus.RATE)


def main() -> None:
    """Measure and print."""
    store = ModelStore()
    voices = {"espeak": WAKE_VOICES, "flite": corpus.FLITE_VOICES}
    print(
        "| model | " + " | ".join(f"{synthesiser}, {c}" for synthesiser in voices for c in CONDITIONS) + " | missed |"
    )
    print("|---|" + "---|" * (len(voices) * len(CONDITIONS) + 1))
    for card in store.cards(WAKE_TASK):
        wake = WakeWord(store, card)
        text = SPELLING.get(card.name, card.text("phrase"))
        cells, missed = [], []
        for synthesiser, names in voices.items():
            for condition in CONDITIONS:
                heard = 0
                for voice in names:
                    woken = detections(wake, corpus.in_room(corpus.speak(synthesiser, voice, text), condition, 11))
                    heard += woken > 0
                    if not woken and condition == "quiet":
                        missed.append(voice)
                cells.append(f"{heard} / {len(names)}")
        print(f"| {card.name} | {' | '.join(cells)} | {', '.join(missed)} |")

    other = [*corpus.TEST_OUTSIDE, *corpus.TUNING_OUTSIDE, *corpus.TEST_COMMANDS, *corpus.TUNING_COMMANDS]
    sound = b"".join(
        corpus.in_room(corpus.speak("flite", voice, text), "quiet", 12) for voice in ("slt", "rms") for text in other
    )
    for card in store.cards(WAKE_TASK):
        false = detections(WakeWord(store, card), sound)
        print(f"{card.name}: {false} false detections in {len(sound) / 32000 / 60:.1f} minutes of other speech")

    sound = sound[: 120 * 32000]
    wake = WakeWord(store, store.card("okay_nabu"))
    features = MicroFeatures()
    activity = SileroActivity(store, store.cards(VAD_TASK)[0])
    print(f"features alone: {real_time_factor(lambda pcm: list(features.feed(pcm)), sound):.4f} of one core")
    print(f"wake word with its features: {real_time_factor(wake.feed, sound):.4f} of one core")
    print(f"voice activity: {real_time_factor(activity, sound):.4f} of one core")


if __name__ == "__main__":
    main()
