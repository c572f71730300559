"""A device that works for days: its readings each five minutes, and the faults that can befall them.

A documented guess at how such devices behave, not a recording of any: a daily rhythm of use, a first-order thermal
response to load and surroundings (as a heat sink with one thermal mass), memory that follows load, a disk that fills and
is tidied each night, a supply that sags under load, messages that come by chance (Poisson) at a rate of the hour.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.telemetry import SIGNALS

A_DAY = 288
"""Readings of a day, one each five minutes."""

Readings = NDArray[np.float64]
"""``[readings, 6]`` in the order and units of :data:`SIGNALS`."""

_T, _L, _M, _D, _V, _R = range(len(SIGNALS))


@dataclass(frozen=True, slots=True)
class Device:
    """The constants of one device, drawn from wide ranges."""

    surroundings: float  # degrees, the day's mean
    swing: float  # degrees, by which a day goes up and down
    heating: float  # degrees at full load
    inertia: float  # readings, the thermal time constant
    idle: float  # load when nobody uses it
    use: float  # load of the busiest hour
    busiest: float  # hour of the day
    memory: float  # share in use when idle
    disk: float  # share free after tidying
    filling: float  # share a day
    supply: float  # volts
    sag: float  # volts at full load
    messages: float  # a minute in the busiest hour
    noise: float  # of the sensors, against what is common

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Device":
        """Any device."""
        return cls(
            rng.uniform(12, 30), rng.uniform(1, 6), rng.uniform(12, 35), rng.uniform(1.5, 8), rng.uniform(0.02, 0.15),
            rng.uniform(0.2, 0.7), rng.uniform(8, 21), rng.uniform(0.2, 0.6), rng.uniform(0.3, 0.8),
            rng.uniform(0.005, 0.03), rng.choice([3.3, 5.1, 12.2]), rng.uniform(0.01, 0.04), rng.uniform(2, 40),
            rng.uniform(0.6, 1.6),
        )  # fmt: skip


def run(device: Device, days: int, rng: np.random.Generator) -> Readings:
    """So many days without a fault, from midnight on."""
    count = days * A_DAY
    hour = np.arange(count) % A_DAY / A_DAY * 24
    rhythm = np.exp(1.8 * (np.cos((hour - device.busiest) / 24 * 2 * np.pi) - 1))
    rhythm = rhythm * np.repeat(rng.uniform(0.75, 1.15, days), A_DAY)  # no day is like another
    bursts = np.zeros(count)
    for at in np.flatnonzero(rng.random(count) < 0.02 + 0.04 * rhythm):
        length = int(rng.geometric(0.25))
        bursts[at : at + length] = np.maximum(bursts[at : at + length], rng.uniform(0.1, 0.35))
    load = np.clip(device.idle + device.use * rhythm + bursts + rng.normal(0, 0.02, count) * device.noise, 0, 1)
    around = device.surroundings + device.swing * np.cos((hour - 15) / 24 * 2 * np.pi)
    around = around + np.repeat(rng.normal(0, 0.8, days), A_DAY)
    temperature = np.empty(count)
    now = around[0] + device.heating * load[0]
    for index in range(count):
        now += (around[index] + device.heating * load[index] - now) / device.inertia
        temperature[index] = now
    temperature += rng.normal(0, 0.25, count) * device.noise
    memory = device.memory + 0.25 * np.convolve(load, np.ones(6) / 6, "full")[:count]
    memory = np.clip(memory + rng.normal(0, 0.006, count) * device.noise, 0, 1)
    disk = (
        device.disk - device.filling * (np.arange(count) % A_DAY) / A_DAY + rng.normal(0, 0.0004, count) * device.noise
    )
    voltage = device.supply * (1 - device.sag * load + rng.normal(0, 0.0015, count) * device.noise)
    rate = rng.poisson(5 * device.messages * (0.15 + 0.85 * rhythm)) / 5
    readings = np.stack([temperature, load, memory, disk, voltage, rate], axis=1)
    steps = np.array([0.1, 0.01, 0.001, 0.0001, device.supply * 0.001, 0.2])  # what the readings are rounded to
    rounded: Readings = np.round(readings / steps) * steps
    return rounded


Fault = Callable[[Readings, Device, np.random.Generator], Readings]


def _drift(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """A sensor of temperature or voltage goes away from the truth, more with each reading."""
    ramp = np.linspace(0, 1, len(readings)) * rng.choice([-1, 1])
    if rng.random() < 0.5:
        readings[:, _T] += ramp * rng.uniform(6, 15)
    else:
        readings[:, _V] += ramp * rng.uniform(0.04, 0.12) * device.supply
    return readings


def _stuck(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:  # noqa: ARG001 - as the others
    """A sensor says the same for ever."""
    signal = int(rng.choice([_T, _L, _M, _V, _R]))
    readings[:, signal] = readings[0, signal]
    return readings


def _leak(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """A program takes memory and gives none back; near the end load rises, too."""
    readings[:, _M] = np.clip(readings[:, _M] + np.linspace(0, rng.uniform(0.15, 0.5), len(readings)), 0, 0.99)
    readings[:, _L] = np.clip(readings[:, _L] + np.where(readings[:, _M] > 0.95, 0.3, 0), 0, 1)
    del device
    return readings


def _spikes(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """Single readings far from the truth: a loose contact, a bus error."""
    signal = int(rng.choice([_T, _V, _D]))
    far = {_T: rng.uniform(25, 60), _V: 0.3 * device.supply, _D: 0.2}[signal]
    for at in rng.choice(len(readings), int(rng.integers(2, 6)), replace=False):
        readings[at, signal] += far * rng.choice([-1, 1])
    return readings


def _brownout(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """The supply drops for a while; the device restarts, with memory empty and few messages."""
    length = int(rng.integers(3, 13))
    start = int(rng.integers(0, max(1, len(readings) - length)))
    low = slice(start, start + length)
    readings[low, _V] -= device.supply * rng.uniform(0.06, 0.2)
    readings[low, _R] *= rng.uniform(0, 0.3)
    readings[low, _M] *= rng.uniform(0.5, 0.8)
    return readings


def _hot(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """The fan stands or dust covers the sink: the same load heats more."""
    readings[:, _T] += (0.4 + readings[:, _L]) * device.heating * rng.uniform(0.5, 1.2)
    return readings


def _silence(readings: Readings, device: Device, rng: np.random.Generator) -> Readings:
    """Messages are lost on their way: far fewer come."""
    del device
    readings[:, _R] *= rng.uniform(0, 0.15)
    return readings


FAULTS: dict[str, Fault] = {
    "drift": _drift, "stuck": _stuck, "leak": _leak, "spikes": _spikes, "brown-out": _brownout, "hot": _hot,
    "lost messages": _silence,
}  # fmt: skip
"""By name: each changes a stretch of readings (a copy of its own) from its beginning to its end."""
