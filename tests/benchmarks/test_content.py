"""The bench of updates: it counts what travels, and judges it."""

import hashlib
from pathlib import Path

import pytest

from benchmarks.boards.figures import BoardResults, Part
from benchmarks.content import packages
from benchmarks.content.report import FULL, OURS, WHOLE, content_table, judge_content
from benchmarks.content.transfer import received
from device_runtime.sync import zstd
from tests.npm import npm_package


@pytest.mark.parametrize(("delta", "verdict"), [(200, "reached"), (201, "not reached")])
def test_the_aim_is_judged_by_what_was_on_the_wire(delta: int, verdict: str) -> None:
    part = Part("a machine", "a day", [0.0])
    for way, size in ((FULL, 10_000), (OURS, delta)):
        part.add(WHOLE, way, "wire", "bytes", [size])
        part.add(WHOLE, way, "size", "bytes", [size - 100])
    results = BoardResults({"content": part})
    assert [one.verdict for one in judge_content(results)] == [verdict]
    assert "| 10,000 |" in content_table(results)


async def test_everything_that_travels_is_counted() -> None:
    base = hashlib.shake_256(b"base").digest(30_000)
    data = base + b"more"
    forms: dict[bytes | None, bytes] = {base: zstd.compress(data, base)}
    full = await received(data, None, (), {})
    assert len(data) < full < len(data) + 1_000
    delta = await received(data, base, (zstd.DELTA,), forms)
    assert len(forms[base]) < delta < len(forms[base]) + 2_000


async def test_a_patch_release_of_a_real_library_costs_a_device_less_than_2_percent(tmp_path: Path) -> None:
    used = frozenset({"button", "cell", "cell-group", "common", "icon", "loading", "image"})
    base, data = (
        packages.build(npm_package(packages.LIBRARY, version), tmp_path / "program", code, used)
        for code, version in ((1, packages.OLD), (2, packages.NEW))
    )
    delta = await received(data, base, (zstd.DELTA,), {base: zstd.compress(data, base)})
    assert delta < 0.02 * len(data)
