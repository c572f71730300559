"""A small data set of speech to try things on."""

from typing import Any


def options(**changed: Any) -> dict[str, Any]:
    """Options of the builder ``speech`` as a recipe gives them: two commands, two makes that every machine has."""
    return {
        "language": "en",
        "commands": {"stop": ["stop"], "go": ["go", "go on"]},
        "unknown": ["water", "seven"],
        "talk": ["the cat is sleeping under the kitchen table", "we have bread and milk"],
        "test_talk": ["a bird in the hand is worth two in the bush", "she sells sea shells"],
        "makes": {"espeak-ng": 1.0},
        "test_makes": ["flite"],
        "examples": 6,
        "validation": 2,
        "unknown_times": 1.0,
        "repeats": 1,
        "scenarios": ["quiet", "car-60"],
        "background_minutes": 1,
        "augment": {"resample": 0.1, "formants": 0.1, "equalise": 4.0},
        **changed,
    }
