"""Figures: what was measured, of which system, on how many rows. They lie in ``results.json``."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


@dataclass
class Figure:
    """All values of one measure of one system."""

    system: str
    measure: str
    rows: int
    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)


@dataclass
class Results:
    """One run: where and when it was, its figures, and what could not be measured and why."""

    machine: str
    date: str
    rounds: int
    load: list[float]
    versions: dict[str, str]
    figures: list[Figure] = field(default_factory=list)
    remarks: dict[str, str] = field(default_factory=dict)
    """Why a figure is missing, by ``system/measure/rows``."""

    def add(self, system: str, measure: str, rows: int, unit: str, values: Iterable[float]) -> None:
        """Add values to a figure."""
        figure = self.find(system, measure, rows)
        if figure is None:
            figure = Figure(system, measure, rows, unit, [])
            self.figures.append(figure)
        figure.values += [float(f"{value:.4g}") for value in values]

    def has(self, system: str) -> bool:
        """Whether anything of a system was measured."""
        return any(figure.system == system for figure in self.figures)

    def find(self, system: str, measure: str, rows: int) -> Figure | None:
        """The figure; None if it was not measured."""
        for figure in self.figures:
            if (figure.system, figure.measure, figure.rows) == (system, measure, rows):
                return figure
        return None

    def drop(self, system: str, measure: str, rows: int, reason: str) -> None:
        """Take a figure out that means nothing, and say why."""
        self.figures = [f for f in self.figures if (f.system, f.measure, f.rows) != (system, measure, rows)]
        self.remarks[f"{system}/{measure}/{rows}"] = reason

    def best(self, systems: Sequence[str], measure: str, rows: int) -> Figure | None:
        """The figure with the least median among these systems."""
        found = [figure for system in systems if (figure := self.find(system, measure, rows)) is not None]
        return min(found, key=lambda figure: figure.median, default=None)

    def write(self, path: Path) -> None:
        """Write it, a line a figure, so that runs can be compared."""
        head: dict[str, Any] = {name: value for name, value in vars(self).items() if name != "figures"}
        lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}," for name, value in head.items()]
        figures = ",\n".join(f"    {json.dumps(vars(figure))}" for figure in self.figures)
        path.write_text("\n".join(["{", *lines, '  "figures": [', figures, "  ]", "}", ""]), encoding="utf-8")


def read_results(path: Path = RESULTS) -> Results:
    """What :meth:`Results.write` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Results(**{**document, "figures": [Figure(**figure) for figure in document["figures"]]})
