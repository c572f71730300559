"""What a run says of the inference layer, and whether it reached the aims."""

from collections.abc import Iterator

from benchmarks.aims import Judged, amount
from benchmarks.boards.figures import BoardResults, Figure, read_board_results
from benchmarks.systems import ROOT
from benchmarks.tables import markdown
from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelStore

RESULTS = ROOT / "benchmarks" / "results-inference.json"
OURS, THEIRS, BARE = "ours", "pymicro-wakeword", "bare"

_MOST_CPU, _MOST_REAL_TIME = 1.1, 0.01
_MOST_MICROSECONDS = 1.0
_MOST_MEMORY = 1.1
_MOST_POINTS = 1.0
_RUNTIMES = {"litert": "LiteRT", "tflite": "tflite-runtime"}
_TRIP = "round trip "


def read_inference_results() -> BoardResults:
    """What the last run wrote; nothing before the first."""
    return read_board_results(RESULTS)


def _figures(results: BoardResults, way: str, start: str) -> Iterator[Figure]:
    for part in results.parts.values():
        yield from (figure for figure in part.figures if figure.way == way and figure.measure.startswith(start))


def _verdict(*, reached: bool) -> str:
    return "reached" if reached else "not reached"


def judge_inference(results: BoardResults) -> list[Judged]:
    """Each aim that the figures and the cards say something about."""
    return [
        *_judge_wake_words(results),
        *_judge_invocations(results),
        *_judge_sharing(results),
        *(judged for card in ModelStore().cards() for judged in _judge_accuracy(card)),
    ]


def _judge_wake_words(results: BoardResults) -> Iterator[Judged]:
    for ours in _figures(results, OURS, "wake word "):
        theirs = results.find(ours.board, THEIRS, ours.measure)
        if theirs is None:
            continue
        ratio = ours.median / theirs.median
        share = ours.median / 1000
        yield Judged(
            f"CPU time of the {ours.measure}, features included, beside pymicro-wakeword's own loop",
            f"≤ {_MOST_CPU} x; real-time factor ≤ {_MOST_REAL_TIME}",
            f"{ratio:.2f} x; {share:.4f} (least {ours.least / 1000:.4f})",
            f"{theirs.median / 1000:.4f} (least {theirs.least / 1000:.4f})",
            _verdict(reached=ratio <= _MOST_CPU and share <= _MOST_REAL_TIME),
        )


def _judge_invocations(results: BoardResults) -> Iterator[Judged]:
    for ours in _figures(results, OURS, "invoke "):
        bare = results.find(ours.board, BARE, ours.measure)
        if bare is None:
            continue
        more = ours.median - bare.median
        yield Judged(
            f"`{ours.measure.removeprefix('invoke ')}` invoked through our layer, {_RUNTIMES[ours.board]}",
            f"≤ {_MOST_MICROSECONDS} µs more than bare",
            f"{ours.median:.2f} µs (least {ours.least:.2f}): {more:+.2f} µs",
            f"{bare.median:.2f} µs (least {bare.least:.2f})",
            _verdict(reached=more <= _MOST_MICROSECONDS),
        )


def _judge_sharing(results: BoardResults) -> Iterator[Judged]:
    for one in _figures(results, OURS, "memory "):
        if not one.measure.endswith(" 1"):
            continue
        ten = results.find(one.board, OURS, one.measure + "0")
        if ten is None:
            continue
        ratio = ten.median / one.median
        yield Judged(
            f"memory of `{one.measure.split()[1]}` shared by ten programs, beside one",
            f"≤ {_MOST_MEMORY} x",
            f"{ratio:.2f} x ({amount(ten.median / 2**20, 'MiB')})",
            amount(one.median / 2**20, "MiB"),
            _verdict(reached=ratio <= _MOST_MEMORY),
        )


def _judge_accuracy(card: ModelCard) -> Iterator[Judged]:
    """int8 beside float32 over all examples, where a card has both of one metric of which more is better."""
    measured = {(entry.scenario, entry.metric, entry.variant): entry for entry in card.accuracy}
    for (scenario, metric, variant), entry in measured.items():
        whole = measured.get((scenario, metric, "float32"))
        if (variant, scenario) != ("int8", "all") or whole is None or "false" in metric or whole.value > 1:
            continue
        lost = 100 * (whole.value - entry.value)
        yield Judged(
            f"`{card.name}`: {metric}, int8 beside float32",
            f"≤ {_MOST_POINTS:g} point lost",
            f"{entry.value:.4f}: {lost:+.2f} points lost",
            f"{whole.value:.4f}",
            _verdict(reached=lost <= _MOST_POINTS),
        )


def inference_table(results: BoardResults) -> str:
    """Each aim, and whether it is reached."""
    rows = [[one.title, one.aim, one.ours, one.best, one.verdict] for one in judge_inference(results)]
    return markdown(["", "aim", "Cygnet", "against", ""], rows)


def trips_table(results: BoardResults) -> str:
    """The way to a model's process and back."""
    rows = [
        [f"`{one.measure.removeprefix(_TRIP)}`", f"{one.median:.0f} µs", f"{one.least:.0f} µs"]
        for one in _figures(results, OURS, _TRIP)
    ]
    return markdown(["one run from the host through the model's process", "median", "least"], rows)


def print_inference(results: BoardResults) -> None:
    """Both tables."""
    print(inference_table(results))
    print(trips_table(results))
