"""Measures over the time of a soak, and where the last whole one is kept: ``soak.json``."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

SOAK = Path(__file__).with_name("soak.json")
_WARM_UP = 5


@dataclass
class Course:
    """One measure over time: a value a window."""

    name: str
    unit: str
    most: float
    """By which part the end may be above the beginning."""
    values: list[float] = field(default_factory=list)

    @property
    def ends(self) -> tuple[float, float]:
        """The median of the first third of the windows, warm-up left out, and of the last."""
        steady = self.values[_WARM_UP:]
        third = max(1, len(steady) // 3)
        return statistics.median(steady[:third]), statistics.median(steady[-third:])

    @property
    def growth(self) -> float:
        """How much the end is above the beginning: 0.02 is 2 %."""
        before, after = self.ends
        return after / before - 1 if before else float(after > before)

    @property
    def flat(self) -> bool:
        return self.growth <= self.most


@dataclass
class Soak:
    """One soak: where and when it was, the load of the machine before and after, and its courses."""

    machine: str
    date: str
    load: list[float]
    courses: list[Course]

    def write(self, path: Path) -> None:
        """Write it, a line a course."""
        head = json.dumps({"machine": self.machine, "date": self.date, "load": self.load})[1:-1]
        lines = ",\n".join(f"    {json.dumps(asdict(course))}" for course in self.courses)
        path.write_text(f'{{\n  {head},\n  "courses": [\n{lines}\n  ]\n}}\n', encoding="utf-8")


def read_soak(path: Path = SOAK) -> Soak:
    """What :meth:`Soak.write` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Soak(**{**document, "courses": [Course(**course) for course in document["courses"]]})
