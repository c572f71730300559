"""Dice that fall the same each time, in place of OpenDP's."""

import random


class Dice:
    """Seeded dice; ``thrown`` are the truths and probabilities of what was thrown."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - dice that fall the same each time
        self.thrown: list[tuple[int, int, float]] = []
        self.error: Exception | None = None

    async def ready(self) -> None:
        if self.error is not None:
            raise self.error

    def throw(self, truth: int, choices: int, probability: float) -> int:
        self.thrown.append((truth, choices, probability))
        if self._random.random() < probability:
            return truth
        return self._random.choice([number for number in range(choices) if number != truth])


class Honest(Dice):
    """Dice that always fall on the truth, so that a test sees what they were thrown for."""

    def throw(self, truth: int, choices: int, probability: float) -> int:
        self.thrown.append((truth, choices, probability))
        return truth
