"""The family for training: sums of sines and of damped modes.

Sources of the numbers: ISO 8201:2017 and NFPA 72 (temporal-three: 0.5 s on, 0.5 s off, three times, then 1.5 s), UL
2034 (temporal-four: four pulses of 0.1 s, then 5 s), UL 217 (520 Hz low-frequency sounders; others near 3.1 kHz); SAE
J1849 and common siren specifications (wail 500 to 1,500 Hz in seconds, yelp two to five times a second, hi-lo two tones
of half a second); UN ECE R28 and makers' data (car horns: tones of 300 to 500 Hz a third apart, energy up to 3.5 kHz);
modal frequencies and dampings of wood and glass after van den Doel and Pai, "Modal Synthesis for Vibrating Objects"
(2003).
"""

from itertools import pairwise

import numpy as np

from firmware_tools.training.sound_events.event import (
    RATE,
    Event,
    Generator,
    Random,
    Sound,
    add,
    faded,
    seconds,
    steady_spans,
)

_HIGHEST = 7600.0


def _tone(frequency: Sound, strengths: Sound, rng: Random) -> Sound:
    """Harmonics of a frequency that may change: ``strengths[k]`` is that of the partial ``k + 1``."""
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    sound = np.zeros(len(frequency))
    for index, strength in enumerate(strengths, start=1):
        if index * float(frequency.min()) > _HIGHEST:
            break
        audible = np.clip((_HIGHEST - index * frequency) / 200, 0, 1)
        sound += strength * audible * np.sin(index * phase + rng.uniform(0, 2 * np.pi))
    return sound


def _alarm_tone(rng: Random, duration: float, frequency: float) -> Sound:
    drift = 1 + rng.normal(0, 0.002) * seconds(duration)
    if frequency < 1000:
        strengths = np.array([1 / k if k % 2 else rng.uniform(0, 0.1) for k in range(1, 14)])
    else:
        strengths = np.array([1.0, rng.uniform(0, 0.4), rng.uniform(0, 0.2)])
    return faded(_tone(frequency * drift, strengths, rng), rng.uniform(0.001, 0.02), rng.uniform(0.002, 0.03))


def alarm(rng: Random) -> Event:
    """A smoke alarm (temporal-three), a carbon monoxide alarm (temporal-four), or a beeper of a regular beat."""
    kind = rng.choice(["three", "four", "beeper"], p=[0.5, 0.25, 0.25])
    low = kind == "three" and rng.random() < 0.3
    frequency = rng.uniform(490, 550) if low else rng.uniform(2400, 3700)
    length = 4.5
    sound = np.zeros(round(length * RATE))
    if kind == "three":
        on, off, pulses, pause = rng.uniform(0.45, 0.55), rng.uniform(0.45, 0.55), 3, rng.uniform(1.2, 1.7)
    elif kind == "four":
        on, off, pulses, pause = rng.uniform(0.09, 0.13), rng.uniform(0.09, 0.13), 4, 5.0
    else:
        on = rng.uniform(0.08, 0.3)
        off, pulses, pause = on * rng.uniform(0.7, 1.4), 99, 0.0
    active, at = [], 0.0
    while at < length - on:
        for _ in range(pulses):
            if at + on > length:
                break
            add(sound, _alarm_tone(rng, on, frequency), at)
            active.append((at, at + on))
            at += on + off
        at += pause
    if on > 0.4:
        spans = tuple((start, start + 0.4) for start, _ in active)
    else:  # short pulses: two make a beat
        spans = tuple((start, end) for (start, _), (_, end) in pairwise(active) if end - start < 0.85)
    return Event(sound, spans, tuple(active))


def horn(rng: Random) -> Event:
    """A car's one or two tones, or a lorry's lower chord; once, twice or in a row."""
    if rng.random() < 0.75:
        base = rng.uniform(290, 520)
        tones = [base] if rng.random() < 0.3 else [base, base * rng.uniform(1.15, 1.32)]
    else:
        base = rng.uniform(120, 300)
        tones = [base * ratio for ratio in (1, rng.uniform(1.18, 1.3), rng.uniform(1.45, 1.6))[: rng.integers(1, 4)]]
    slope, peak, width = rng.uniform(0.2, 1.0), rng.uniform(1200, 3400), rng.uniform(0.35, 0.9)
    lift = rng.uniform(0.5, 4)
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
    on = rng.uniform(0.5, 2.5) if count == 1 else rng.uniform(0.15, 0.5)
    sound = np.zeros(round(4.5 * RATE))
    active, at = [], 0.0
    for _ in range(count):
        duration = on * rng.uniform(0.85, 1.15)
        time = seconds(duration)
        glide = 1 - rng.uniform(0, 0.08) * np.exp(-time / rng.uniform(0.01, 0.05))
        honk = np.zeros(len(time))
        for tone in tones:
            partials = tone * np.arange(1, 26)
            strengths = np.arange(1, 26) ** -slope * (1 + lift * np.exp(-((np.log(partials / peak) / width) ** 2)))
            honk += _tone(tone * glide * (1 + rng.normal(0, 0.003)), strengths * rng.uniform(0.5, 1, 25), rng)
        add(sound, faded(honk, rng.uniform(0.008, 0.05), rng.uniform(0.02, 0.09)), at)
        active.append((at, at + duration))
        at += duration + rng.uniform(0.1, 0.4)
    spans: list[tuple[float, float]] = []
    for start, end in active:
        spans += steady_spans(start, end, 0.14) if end - start < 0.5 else steady_spans(start, end, 0.3)
    return Event(sound, tuple(spans), tuple(active))


def siren(rng: Random) -> Event:
    """Wail, yelp or hi-lo: a tone that sweeps or changes."""
    length = 4.5
    time = seconds(length)
    kind = rng.choice(["wail", "yelp", "hi-lo"])
    if kind == "hi-lo":
        low = rng.uniform(380, 650)
        high, each = low * rng.uniform(1.2, 1.5), rng.uniform(0.35, 0.8)
        start = rng.uniform(0, 2 * each)
        frequency = np.where(((time + start) // each) % 2 == 0, low, high)
        frequency = np.convolve(np.pad(frequency, 80, mode="edge"), np.ones(161) / 161, "valid")
        needed = each + 0.25
    else:
        low, high = rng.uniform(400, 800), rng.uniform(1100, 1800)
        period = rng.uniform(2.0, 6.0) if kind == "wail" else rng.uniform(0.2, 0.45)
        turn = (time / period + rng.random()) % 1
        peak = rng.uniform(0.3, 0.7)
        ramp = np.where(turn < peak, turn / peak, (1 - turn) / (1 - peak))
        if rng.random() < 0.5:
            ramp = 0.5 - 0.5 * np.cos(np.pi * ramp)
        frequency = low * (high / low) ** ramp
        needed = 0.7
    slope = rng.uniform(0.6, 1.8)
    strengths = np.arange(1.0, 16.0) ** -slope
    if rng.random() < 0.4:
        strengths[1::2] *= rng.uniform(0, 0.3)
    sound = faded(_tone(frequency, strengths, rng), 0.05, 0.05)
    return Event(sound, steady_spans(0, length, min(needed, 0.95)), ((0.0, length),))


def _modes(rng: Random, frequencies: Sound, decays: Sound, strengths: Sound, duration: float) -> Sound:
    time = seconds(duration)
    sound = np.zeros(len(time))
    for frequency, decay, strength in zip(frequencies, decays, strengths, strict=True):
        if frequency < _HIGHEST:
            sound += strength * np.exp(-time / decay) * np.sin(2 * np.pi * frequency * time + rng.uniform(0, np.pi))
    return sound


def glass(rng: Random) -> Event:
    """A pane or a bottle that breaks: a blow, then many ringing pieces, fewer and quieter with time."""
    length = rng.uniform(0.5, 1.6)
    sound = np.zeros(round((length + 0.7) * RATE))
    burst = rng.normal(0, 1, round(rng.uniform(0.004, 0.03) * RATE))
    add(sound, faded(burst, 0, len(burst) / RATE) * rng.uniform(0.3, 1.5), 0.0)
    thump = _modes(rng, rng.uniform(60, 700, 4), rng.uniform(0.01, 0.1, 4), rng.uniform(0.2, 1, 4), 0.3)
    add(sound, thump * rng.uniform(0, 4), 0.0)
    silent = rng.uniform(0, 0.3) if rng.random() < 0.4 else 0.0  # until pieces reach the floor
    spread = length * rng.uniform(0.2, 0.5)
    for _ in range(int(rng.integers(15, 110))):
        at = silent + min(rng.exponential(spread), length)
        count = int(rng.integers(2, 6))
        piece = _modes(
            rng,
            np.exp(rng.uniform(np.log(1700), np.log(7600), count)),
            np.exp(rng.uniform(np.log(0.002), np.log(0.07), count)),
            rng.uniform(0.2, 1, count),
            0.25,
        )
        add(sound, piece * rng.pareto(2.0) * np.exp(-at / length), at)
    return Event(sound, ((0.0, silent + 0.3),), ((0.0, min(silent + length * 0.8, 1.5)),))


def knock(rng: Random) -> Event:
    """Knuckles on wood, metal or a window: two to six blows."""
    count = int(rng.integers(2, 7))
    beat = rng.uniform(0.12, 0.34)
    kind = rng.choice(["wood", "metal", "window"], p=[0.7, 0.15, 0.15])
    lowest, damping = {"wood": (50, 0.02), "metal": (110, 0.06), "window": (130, 0.03)}[str(kind)]
    modes = int(rng.integers(5, 20))
    soft = rng.uniform(0.001, 0.008)  # seconds that a blow takes: a fist is softer than a knuckle
    frequencies = lowest * rng.uniform(0.8, 4) * np.cumsum(rng.uniform(0.5, 1.6, modes))
    decays = damping * rng.uniform(0.3, 2) * (frequencies / frequencies[0]) ** -rng.uniform(0.2, 0.9)
    strengths = (np.arange(modes) + 1.0) ** -rng.uniform(0.1, 0.9)
    sound = np.zeros(round((count * 0.8 + 0.4) * RATE))
    at, times = 0.0, []
    for _ in range(count):
        blow = _modes(rng, frequencies, decays, strengths * rng.uniform(0.6, 1.4, modes), 0.3)
        hit = np.hanning(max(4, round(soft * rng.uniform(0.8, 1.25) * RATE)))
        add(sound, np.convolve(blow, hit / hit.sum())[: len(blow)] * rng.uniform(0.5, 1.2), at)
        contact = rng.normal(0, 1, round(0.006 * RATE))
        add(sound, faded(contact, 0, 0.006) * rng.uniform(0.0, 0.15) * np.max(np.abs(blow)), at)
        times.append(at)
        at += beat * rng.uniform(0.85, 1.15) * (2 if rng.random() < 0.1 else 1)  # some leave one out
    spans = tuple((start, end + 0.05) for start, end in pairwise(times) if end - start < 0.8)
    return Event(sound, spans, ((0.0, times[-1] + 0.15),))


EVENTS: dict[str, Generator] = {"alarm": alarm, "horn": horn, "siren": siren, "glass": glass, "knock": knock}
"""By label."""
