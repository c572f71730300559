"""Sound for tests, and what ``pymicro-features`` makes of it."""

import numpy as np
from pymicro_features import MicroFrontend

RATE = 16_000
STEP = 320
_SCALE = 10 / 256


def expected_rows(pcm: bytes) -> list[list[int]]:
    """Rows of 40 whole numbers, before they are scaled."""
    frontend = MicroFrontend()
    rows = []
    for at in range(0, len(pcm) - STEP + 1, STEP):
        features = frontend.process_samples(pcm[at : at + STEP]).features
        if features:
            rows.append([round(value / _SCALE) for value in features])
    return rows


def noises(seed: int) -> bytes:
    """Loud and soft noise, square waves at both ends of the range, a sweep, and silence: some 20 s."""
    random = np.random.default_rng(seed)
    count = 3 * RATE
    times = np.arange(count)
    parts = [
        random.integers(-32768, 32768, count),
        random.standard_normal(count) * 300,
        np.zeros(RATE // 2),
        random.standard_normal(count) * 3,
        np.where(times // 37 % 2, 32767, -32768),
        np.full(RATE // 2, -32768),
        np.where(random.integers(0, 2, count), 32767, -32768),
        32767 * np.sin(times * times / count * 1.5),
    ]
    parts += [random.standard_normal(1600) * 10 ** random.uniform(0, 5) for _ in range(20)]
    samples = np.concatenate(parts).clip(-32768, 32767).astype("<i2").tobytes()
    return samples[: len(samples) // STEP * STEP]
