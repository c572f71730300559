"""What a run says of telemetry, and whether it reached the aims."""

from collections.abc import Callable, Iterator

from benchmarks.aims import Judged
from benchmarks.boards.figures import BoardResults, Figure, read_board_results
from benchmarks.systems import ROOT
from benchmarks.tables import markdown

RESULTS = ROOT / "benchmarks" / "results-telemetry.json"
OURS, BARE, PAHO = "ours", "bare", "paho"
ENGINES = {"sqlite": ("SQLite", "`executemany`"), "postgresql": ("PostgreSQL", "`COPY`")}
_EVENTS, _SHARE, _BYTES, _TIMES = 50_000, 0.8, 1024, 2.0


def read_telemetry_results() -> BoardResults:
    """What the last run wrote; nothing before the first."""
    return read_board_results(RESULTS)


def _show(figure: Figure | None, unit: str) -> str:
    return "—" if figure is None else f"{figure.median:,.0f} (best {max(figure.values):,.0f}) {unit}"


def _verdict(*, reached: bool, at_best: bool = False) -> str:
    return "reached" if reached else "reached at its best, not in the median" if at_best else "not reached"


def judge_telemetry(results: BoardResults) -> Iterator[Judged]:
    """Each aim that the figures say something about."""
    for engine, (title, way) in ENGINES.items():
        for measure, per in (("events a second", "by the clock"), ("events a CPU second", "of the worker's processor")):
            ours, bare = results.find(engine, OURS, measure), results.find(engine, BARE, measure)
            if ours is not None:
                yield Judged(
                    f"batches of 100 from the wire into {title}, decoded, stored once and summed up, a second {per}",
                    f"≥ {_EVENTS:,} events",
                    _show(ours, "events"),
                    f"bare {way} {_show(bare, 'rows')}",
                    _verdict(reached=ours.median >= _EVENTS, at_best=max(ours.values) >= _EVENTS),
                )
    for measure, per, aim in (
        ("messages a second", "by the clock", _SHARE),
        ("messages a CPU second", "of its processor", 0.0),
    ):
        ours, bare = results.find("mosquitto", OURS, measure), results.find("mosquitto", BARE, measure)
        if ours is not None and bare is not None:
            share = ours.median / bare.median
            yield Judged(
                f"messages of one record through mosquitto until they are stored, a second {per}",
                f"≥ {aim} x a bare client" if aim else "—",
                f"{share:.2f} x: {_show(ours, 'messages')}",
                f"paho that only counts {_show(bare, 'messages')}",
                _verdict(reached=share >= aim) if aim else "—",
            )
    idle, packets = results.find("wire", OURS, "bytes a minute"), results.find("wire", OURS, "packets a minute")
    if idle is not None and packets is not None:
        yield Judged(
            "idle device, TCP payload in both directions",
            f"≤ {_BYTES:,} bytes a minute",
            f"{idle.median:,.0f} bytes in {packets.median:.1f} packets",
            "—",
            _verdict(reached=idle.median <= _BYTES),
        )
    yield from _judge_crowd(results)


def _judge_crowd(results: BoardResults) -> Iterator[Judged]:
    def value(way: str, measure: str) -> float:
        figure = results.find("crowd", way, measure)
        return 0.0 if figure is None else figure.median

    if not (devices := value(OURS, "devices")):
        return
    packets = value(OURS, "packets")
    for measure, title in (
        ("seconds of the broker's processor", "what the broker needs"),
        ("seconds by the clock", "until all run it"),
    ):
        ours, best = value(OURS, measure), packets * value(BARE, measure) / value(BARE, "packets")
        yield Judged(
            f"one release rolled out to {devices:,.0f} devices: {title}",
            f"≤ {_TIMES:g} x",
            f"{ours / best:.1f} x: {ours:,.1f} s for {packets:,.0f} packets",
            f"as many at their best: {best:,.1f} s",
            _verdict(reached=ours <= _TIMES * best),
        )
    if fleet := value(OURS, "seconds of the fleet's processor"):
        yield Judged(
            f"one release rolled out to {devices:,.0f} devices: what one worker of the fleet needs",
            "—",
            f"{fleet:,.1f} s: {1000 * fleet / devices:.1f} ms a device",
            "—",
            "—",
        )
    yield from _judge_return(devices, value)


def _judge_return(devices: float, value: Callable[[str, str], float]) -> Iterator[Judged]:
    last, known = value(OURS, "seconds until the last is back"), value(OURS, "seconds until the fleet knows all")
    for way, of in ((PAHO, "plain paho clients that subscribe"), (BARE, "hardly more than their bytes")):
        rate = value(way, "connections a second")
        for seconds, what, aim in (
            (last, f"the last is back, and the fleet has stored it after {known:,.1f} s", _TIMES),
            (value(OURS, "seconds of the broker's processor until all are back"), "of the broker's processor", _TIMES),
            (value(OURS, "seconds of the fleet's processor until all are back"), "of one worker's processor", 0.0),
        ):
            if not seconds or not rate or (way == PAHO and seconds != last):
                continue
            yield Judged(
                f"{devices:,.0f} devices back at once: {what}",
                f"≤ {aim:g} x" if aim else "—",
                f"{seconds * rate / devices:.1f} x: {seconds:,.1f} s",
                f"{rate:,.0f} connections a second of {of}: {devices / rate:,.1f} s",
                _verdict(reached=seconds <= aim * devices / rate) if aim else "—",
            )


def telemetry_table(results: BoardResults) -> str:
    """Each aim, and whether it is reached."""
    rows = [[one.title, one.aim, one.ours, one.best, one.verdict] for one in judge_telemetry(results)]
    return markdown(["", "aim", "Cygnet", "against", ""], rows)
