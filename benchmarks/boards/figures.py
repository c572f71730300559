"""Figures of boards, part by part, each with its machine and time. They lie in ``results-boards.json``."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results-boards.json"


@dataclass(frozen=True)
class Figure:
    """All values of one measure.

    Attributes:
        board: ``UNIX`` or ``PICO`` of :mod:`.names`.
        way: whose it is: ``cygnet``, or what it is held against.
        measure: what was measured.
        unit: ``bytes``, ``ms``, ``s``, or ``k`` for ``-X heapsize=``.
    """

    board: str
    way: str
    measure: str
    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)


@dataclass
class Part:
    """What was measured in one go. ``versions`` are those of what took part."""

    machine: str
    date: str
    load: list[float]
    versions: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What could not be measured, and why."""

    def add(self, board: str, way: str, measure: str, unit: str, values: Iterable[float]) -> Figure:
        """Add a figure."""
        figure = Figure(board, way, measure, unit, [float(f"{value:.6g}") for value in values])
        self.figures.append(figure)
        return figure


@dataclass
class BoardResults:
    """The newest of each part, by its name."""

    parts: dict[str, Part] = field(default_factory=dict)

    def find(self, board: str, way: str, measure: str) -> Figure | None:
        """The figure; None if it was not measured."""
        for part in self.parts.values():
            for figure in part.figures:
                if (figure.board, figure.way, figure.measure) == (board, way, measure):
                    return figure
        return None

    def write(self, path: Path = RESULTS) -> None:
        """Write them, a line a figure, so that runs can be compared."""
        blocks = []
        for name, part in self.parts.items():
            head = {key: value for key, value in asdict(part).items() if key != "figures"}
            lines = [f"    {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
            figures = ",\n".join(f"      {json.dumps(asdict(figure))}" for figure in part.figures)
            blocks.append("\n".join([f"  {json.dumps(name)}: {{", *lines, '    "figures": [', figures, "    ]", "  }"]))
        path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def read_board_results(path: Path = RESULTS) -> BoardResults:
    """What :meth:`BoardResults.write` wrote; nothing where there is no file."""
    if not path.exists():
        return BoardResults()
    parts = json.loads(path.read_text(encoding="utf-8"))
    return BoardResults(
        {
            name: Part(**{**part, "figures": [Figure(**figure) for figure in part["figures"]]})
            for name, part in parts.items()
        }
    )
