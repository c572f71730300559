"""Results of tests of models that never were, to hold against cards and to draw."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.inference.card import ModelCard, parse_card
from firmware_tools.training.evaluation.measures import (
    FALSE_ACCEPTS,
    FLOAT32,
    INT8,
    Confusion,
    Curve,
    Evaluation,
    Example,
    Measure,
    Series,
    hourly,
    proportion,
)
from firmware_tools.training.examination import Costs, Examination
from firmware_tools.training.latency import Timing
from firmware_tools.training.layers import LayerDifference
from firmware_tools.training.macs import Operator, Operators

MACHINE = "2 x made up, x86_64"
CARD = """
name = "commands"
task = "spoken-commands"
description = "Commands."
licence = "Apache-2.0"
data = "Made up."
recipe = "recipe.toml"
labels = {labels}

[source]
file = "commands.tflite"
float_file = "commands_float.tflite"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[cost]  # at most
bytes = 40000
macs = 3000000
arena_bytes = 30000

# Heard in quiet.
[[accuracy]]
scenario = "quiet"
metric = "accuracy"
value = 0.95   # of 100
samples = 100

[[accuracy]]
scenario = "background"
metric = "false accepts an hour"
value = 1.0
samples = 3600

[[latency]]
machine = "2 x made up, x86_64"
backend = "litert"
microseconds = 200
"""
LABELS = ("yes", "no", "up")


def card_of(text: str = CARD, labels: Sequence[str] = LABELS) -> ModelCard:
    shown = "[" + ", ".join(toml_string(label) for label in labels) + "]"
    return parse_card(text.replace("{labels}", shown), Path("/models/commands/card.toml"), "commands")


def toml_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def measures() -> tuple[Measure, ...]:
    return (
        proportion("all", "accuracy", 185, 200, headline=True),
        proportion("quiet", "accuracy", 95, 100, headline=True),
        proportion("car-60", "accuracy", 90, 100, headline=True),
        proportion("all", "accuracy", 186, 200, variant=FLOAT32, headline=True),
        hourly("background", FALSE_ACCEPTS, 1, 3600, headline=True),
        Measure("quiet", "delay", 0.31, 40, unit="seconds", lower_is_better=True),
    )


def examination(card: ModelCard | None = None, **changes: Any) -> Examination:
    """A test that keeps every promise of :data:`CARD`; ``changes`` are of the evaluation."""
    card = card or card_of()
    labels = card.labels
    confusion = tuple(tuple(50 if row == column else 2 for column in range(len(labels))) for row in range(len(labels)))
    points = tuple((float(ratio), proportion(f"{ratio} dB", "accuracy", 5 + ratio, 20)) for ratio in (0, 5, 10))
    evaluation = Evaluation(
        measures(),
        (Curve("Accuracy against noise", "signal-to-noise ratio, dB", points, INT8),),
        (Confusion(labels, confusion),),
        (("By origin", (proportion("flite", "accuracy", 50, 60), proportion("festival", "accuracy", 55, 60))),),
        (Example(labels[0], labels[1], 0.99, "car-60", "flite:slt", b"\0\1" * 800, np.eye(50, 40, dtype=np.float32)),),
        (Series("Score", "minutes", (0.1, 0.7, 0.2), (False, True, False), 0.5),),
        (("Test examples", "200"),),
    )
    operators = Operators((Operator("CONV_2D", (1, 8, 8, 4), 2_000_000), Operator("SOFTMAX", (1, 3), 0)))
    timings = (Timing("litert", 212.0, 180.0, 2000), Timing("tflite", 0.0, 0.0, 0, "it is not installed"))
    return Examination(
        card,
        replace(evaluation, **changes),
        Costs(39_000, operators, 25_000, timings),
        (
            LayerDifference("net/conv", "CONV_2D", 31.0, 0.3, 0.05),
            LayerDifference("net/out", "SOFTMAX", 25.0, 0.1, 0.004),
        ),
        MACHINE,
        (("Python", "3.11"),),
        datetime(2026, 11, 27, tzinfo=UTC),
    )
