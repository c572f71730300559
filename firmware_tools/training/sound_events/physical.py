"""The family for tests: things that turn, swing, strike and fall, each calculated from its own equations.

Sources: Cook, "Physically Informed Sonic Modeling (PhISM)" (1997), for many small collisions; Leissa, "Vibration of
Plates" (NASA SP-160, 1969), for the frequencies of panes, shards and doors; Fletcher and Rossing, "The Physics of
Musical Instruments" (1998), for materials, contact times and damping; the patterns of alarms and sirens from the
standards that :mod:`additive` names, drawn anew here.
"""

from itertools import pairwise

import numpy as np
from scipy.signal import lfilter, resample_poly

from firmware_tools.training.sound_events.event import RATE, Event, Generator, Random, Sound, add, steady_spans

_OVER = 4  # oscillators that switch are calculated at four times the rate, then decimated


def _resonator(sound: Sound, frequency: float, quality: float) -> Sound:
    """A two-pole resonance with a gain of about 1 at its top."""
    radius = np.exp(-np.pi * frequency / quality / RATE)
    angle = 2 * np.pi * frequency / RATE
    gain = (1 - radius**2) * np.sin(angle)
    filtered: Sound = lfilter([gain], [1, -2 * radius * np.cos(angle), radius**2], sound)
    return filtered


def _switched(frequency: Sound, duty: float) -> Sound:
    """A contact that opens and closes: 1 for ``duty`` of each turn, else -1; ``frequency`` at ``_OVER`` times RATE."""
    turn = np.cumsum(frequency) / (RATE * _OVER) % 1
    down: Sound = resample_poly(np.where(turn < duty, 1.0, -1.0), 1, _OVER)
    return down


def _envelope(gate: Sound, rise: float, fall: float) -> Sound:
    """A gate of 0 and 1 through a resistor and a capacitor that charge and discharge in other times."""
    envelope, now = np.empty(len(gate)), 0.0
    up, down = 1 - np.exp(-64 / (rise * RATE)), 1 - np.exp(-64 / (fall * RATE))
    for start in range(0, len(gate), 64):
        now += (gate[start] - now) * (up if gate[start] > now else down)
        envelope[start : start + 64] = now
    smooth = np.ones(64) / 64
    padded: Sound = np.convolve(np.pad(envelope, (63, 0), mode="edge"), smooth, "valid")
    return padded


def alarm(rng: Random) -> Event:
    """A piezo disc or a small speaker that a clocked chip switches."""
    length = 4.5
    samples = round(length * RATE)
    kind = rng.choice(["three", "four", "clock"], p=[0.5, 0.25, 0.25])
    if kind == "three":
        pattern = [(0.5, 0.5)] * 2 + [(0.5, 1.5)]
    elif kind == "four":
        pattern = [(0.1, 0.1)] * 3 + [(0.1, 5.0)]
    else:
        on = float(rng.choice([0.125, 0.17, 0.25]))
        pattern = [(on, on)] * 8
    clock = rng.normal(1, 0.03)  # cheap oscillators: all times are off by the same factor
    gate, active, at = np.zeros(samples), [], 0.0
    while at < length:
        for on, off in pattern:
            start, end = at, at + on * clock
            if end < length:
                gate[round(start * RATE) : round(end * RATE)] = 1
                active.append((start, end))
            at += (on + off) * clock
    if kind == "three" and rng.random() < 0.25:
        drive = np.full(samples * _OVER, rng.normal(520, 8))
        sound = _switched(drive, rng.uniform(0.4, 0.6))
        sound = _resonator(sound, rng.uniform(500, 1500), 1.0) + 0.3 * _resonator(sound, rng.uniform(2000, 4000), 1.5)
    else:
        disc = rng.normal(3100, 250)
        drive = np.full(samples * _OVER, disc * rng.uniform(0.95, 1.05))
        sound = _switched(drive, rng.uniform(0.35, 0.65))
        sound = _resonator(sound, disc, rng.uniform(4, 25)) + rng.uniform(0, 0.3) * sound
    sound = sound * _envelope(gate, rng.uniform(0.002, 0.01), rng.uniform(0.002, 0.015))
    if active[0][1] - active[0][0] > 0.4:
        spans = tuple((start, start + 0.4) for start, _ in active)
    else:
        spans = tuple((a[0], b[1]) for a, b in pairwise(active) if b[1] - a[0] < 0.85)
    return Event(sound, spans, tuple(active))


def horn(rng: Random) -> Event:
    """Discs whose magnets interrupt themselves, or reeds under pressure, in front of a trumpet."""
    length = 4.5
    samples = round(length * RATE)
    gate, active, at = np.zeros(samples), [], 0.0
    presses = rng.choice(np.array(["long", "short", "tut-tut", "angry"], object))
    presses_of: dict[str, list[tuple[float, float]]] = {
        "long": [(rng.gamma(6, 0.25), 0)],
        "short": [(rng.gamma(8, 0.05), 0)],
        "tut-tut": [(0.22, 0.16), (0.3, 0)],
        "angry": [(0.3, 0.2), (0.25, 0.15), (1.2, 0)],
    }
    for on, off in presses_of[str(presses)]:
        on = min(max(on * rng.normal(1, 0.1), 0.18), 3.0)
        if at + on > length:
            break
        gate[round(at * RATE) : round((at + on) * RATE)] = 1
        active.append((at, at + on))
        at += on + off
    air = rng.random() < 0.25
    pitches = [rng.normal(165, 25) * r for r in (1, 1.26)] if air else [rng.normal(410, 30), rng.normal(505, 35)]
    if rng.random() < 0.35:
        pitches = pitches[:1]
    sound = np.zeros(samples)
    for pitch in pitches:
        pressure = _envelope(gate, rng.uniform(0.01, 0.04), rng.uniform(0.02, 0.06))
        wander = np.repeat(np.cumsum(rng.normal(0, 0.0008, samples // 160 + 1)), 160)[:samples]
        frequency = pitch * (0.93 + 0.07 * pressure) * (1 + wander)
        beat = _switched(np.repeat(frequency, _OVER), rng.uniform(0.15, 0.4))
        beat = np.diff(beat, prepend=0.0)  # the blow of each contact, not its position
        disc = sum(_resonator(beat, rng.normal(centre, 250), rng.uniform(3, 10)) for centre in (1900, 2700, 3500))
        trumpet = round(RATE / pitch * rng.uniform(0.9, 1.1))  # a column of air that is nearly in tune
        comb = np.zeros(trumpet + 2)
        comb[0], comb[-2:] = 1, -rng.uniform(0.2, 0.4)
        blown = lfilter([1.0], comb, beat * 0.5 + np.asarray(disc))
        sound += np.tanh(blown * rng.uniform(1, 4)) * pressure
    spans: list[tuple[float, float]] = []
    for start, end in active:
        spans += steady_spans(start, end, 0.14) if end - start < 0.5 else steady_spans(start, end, 0.3)
    return Event(sound, tuple(spans), tuple(active))


def siren(rng: Random) -> Event:
    """A rotor that chops air, a chip that charges a capacitor, or a martin horn of two reeds."""
    length = 4.5
    samples = round(length * RATE)
    kind = rng.choice(["rotor", "wail", "yelp", "two-tone"])
    needed = 0.7
    if kind == "two-tone":
        pair = [(435, 580), (410, 547), (466, 622), (392, 660)][int(rng.integers(4))]
        each = rng.normal(0.55, 0.1)
        each = min(max(each, 0.35), 0.7)
        turn = (np.arange(samples * _OVER) / RATE / _OVER + rng.uniform(0, 2 * each)) // each % 2
        frequency = np.where(turn == 0, *pair) * rng.normal(1, 0.01)
        sound = _switched(frequency, rng.uniform(0.2, 0.5))
        needed = min(each + 0.25, 0.95)
    elif kind == "rotor":  # a motor's speed follows its supply as a capacitor does its current
        supply, speed, speeds = 1.0, rng.uniform(0.4, 0.9), np.empty(samples // 160 + 1)
        turn_at, constant = rng.uniform(0.6, 1.6), rng.uniform(0.6, 1.8)
        for index in range(len(speeds)):
            supply = 0.25 if (index * 160 / RATE) % (2 * turn_at) > turn_at else 1.0
            speed += (supply - speed) * 0.01 / constant
            speeds[index] = speed
        top = rng.normal(1150, 150)
        frequency = np.interp(np.arange(samples * _OVER) / (160 * _OVER), np.arange(len(speeds)), speeds) * top
        angle = np.cumsum(frequency) / (RATE * _OVER) % 1
        port = np.clip(1.5 - np.abs(angle - 0.5) * rng.uniform(3.5, 6), 0, 1)  # how far the ports stand open
        port = resample_poly(port, 1, _OVER)
        sound = (port - port.mean()) + port * rng.normal(0, rng.uniform(0.02, 0.15), samples)
    else:
        period = rng.gamma(12, 0.3) if kind == "wail" else rng.normal(0.3, 0.04)
        turn = (np.arange(samples * _OVER) / RATE / _OVER / period + rng.random()) % 1
        charge = np.where(turn < 0.5, 1 - np.exp(-turn * 6), np.exp(-(turn - 0.5) * 6))
        frequency = rng.normal(620, 60) + rng.normal(850, 120) * charge
        sound = _switched(frequency, rng.uniform(0.35, 0.65))
    speaker = _resonator(sound, rng.uniform(700, 1200), 0.8) + _resonator(sound, rng.uniform(1800, 3000), 1.2)
    sound = np.tanh(speaker * rng.uniform(0.5, 3))
    return Event(sound, steady_spans(0, length, needed), ((0.0, length),))


def _plate(rng: Random, width: float, height: float, speed: float, count: int) -> Sound:
    """Frequencies (Hz) of a plate's bending modes; ``speed`` is its thickness times the wave's speed / sqrt(12)."""
    across, up = np.meshgrid(np.arange(1, 12), np.arange(1, 12))
    modes = np.pi / 2 * speed * ((across / width) ** 2 + (up / height) ** 2)
    chosen: Sound = np.sort(modes.ravel())[:count] * rng.normal(1, 0.02, count)
    return chosen


def _ring(force: Sound, frequencies: Sound, quality: Sound, strengths: Sound) -> Sound:
    """What is heard of modes that a force drives: the velocity of the plate, not how far it bends."""
    bent = np.zeros(len(force))
    for frequency, q, strength in zip(frequencies, quality, strengths, strict=True):
        if 30 < frequency < 7700:
            bent += strength * _resonator(force, float(frequency), float(q))
    heard: Sound = np.diff(bent, prepend=0.0)
    return heard


_GLASS = 5200 / np.sqrt(12 * 0.95)  # m/s: sqrt(E / density), soda-lime glass, Poisson 0.23
_WOOD = 3300 / np.sqrt(12)
_STEEL = 5100 / np.sqrt(12 * 0.91)


def glass(rng: Random) -> Event:
    """A pane gives way; its shards fall and bounce, each a plate of its own size."""
    length = 2.0
    sound = np.zeros(round(length * RATE))
    thickness = rng.uniform(0.002, 0.006)
    pane = _plate(rng, rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.0), _GLASS * thickness, 25)
    force = np.zeros(round(0.3 * RATE))
    blow = round(rng.uniform(0.0005, 0.004) * RATE) + 2
    force[:blow] = np.sin(np.pi * np.arange(blow) / blow) ** 1.5
    thud = _ring(force, pane, np.full(25, 15.0), rng.uniform(0.2, 1, 25))
    crack = rng.normal(0, 1, round(0.08 * RATE)) * np.exp(
        -np.arange(round(0.08 * RATE)) / RATE / rng.uniform(0.005, 0.02)
    )
    crack *= rng.random(len(crack)) < 0.3  # cracks run in jumps
    crack = np.diff(crack, prepend=0.0)
    fall = rng.uniform(0.02, 0.35)  # until the first piece meets the floor
    last = 0.0
    for _ in range(int(rng.integers(12, 60))):
        size = float(np.clip(rng.lognormal(np.log(0.045), 0.5), 0.015, 0.2))
        frequencies = _plate(rng, size, size * rng.uniform(0.4, 1), _GLASS * thickness, 6)
        at, speed = fall + rng.gamma(1.5, 0.12), 1.0
        while speed > 0.15 and at < 1.5:  # bounces, each lower
            hit = np.zeros(round(0.2 * RATE))
            hit[: max(2, round(4 / speed))] = speed
            ring = _ring(hit, frequencies, np.full(6, rng.uniform(60, 400)), rng.uniform(0.2, 1, 6))
            add(sound, ring * (size / 0.05), at)
            last = max(last, at)
            at += 0.18 * speed * rng.uniform(0.6, 1.2)
            speed *= rng.uniform(0.3, 0.6)
    # Close to a pane the blow, the cracks and the falling pieces are about as loud as each other.
    sound /= max(float(np.max(np.abs(sound))), 1e-9)  # small thick shards ring above what is heard here
    add(sound, crack / np.max(np.abs(crack)) * rng.uniform(0.4, 1.5), 0.0)
    add(sound, thud / np.max(np.abs(thud)) * rng.uniform(0.2, 1.2), 0.0)
    return Event(sound, ((0.0, fall + 0.3),), ((0.0, min(last + 0.1, 1.6)),))


def knock(rng: Random) -> Event:
    """A knuckle, a soft mass on a stiff spring, on a panel that is held at its edges."""
    rhythms: list[list[float]] = [
        [0, 1, 2], [0, 1], [0, 1, 2, 3, 4], [0, 1, 1.5, 2, 3], [0, 1, 2, 3], [0, 0.8, 2, 2.8],
    ]  # fmt: skip
    rhythm = rhythms[int(rng.integers(6))]
    beat = rng.normal(0.23, 0.04)
    beat = min(max(beat, 0.15), 0.34)
    kind = rng.choice(["door", "table", "steel", "pane"], p=[0.5, 0.25, 0.13, 0.12])
    panels = {
        "door": (_WOOD * rng.uniform(0.01, 0.04), 12.0),
        "table": (_WOOD * rng.uniform(0.018, 0.04), 18.0),
        "steel": (_STEEL * rng.uniform(0.001, 0.004), 40.0),
        "pane": (_GLASS * rng.uniform(0.003, 0.006), 20.0),
    }
    stiffness, quality = panels[str(kind)]
    frequencies = _plate(rng, rng.uniform(0.35, 0.9), rng.uniform(0.5, 1.8), stiffness, 30)
    sound = np.zeros(round((beat * rhythm[-1] + 0.6) * RATE))
    times = [max(0.0, step * beat + rng.normal(0, 0.012)) for step in rhythm]
    for at in times:
        strength = rng.uniform(0.5, 1.2)
        contact = max(6, round(0.0018 * strength**-0.2 * rng.uniform(0.5, 2) * RATE))  # Hertz: harder is shorter
        force = np.zeros(round(0.35 * RATE))
        force[:contact] = strength * np.sin(np.pi * np.arange(contact) / contact) ** 1.5
        where = np.abs(np.sin(np.pi * rng.random(30) * np.arange(1, 31)))
        add(sound, _ring(force, frequencies, quality * rng.uniform(0.7, 1.4, 30), where), at)
    spans = tuple((a, b + 0.05) for a, b in pairwise(times) if b - a < 0.8)
    return Event(sound, spans, ((0.0, times[-1] + 0.15),))


EVENTS: dict[str, Generator] = {"alarm": alarm, "horn": horn, "siren": siren, "glass": glass, "knock": knock}
"""By label."""
