"""How a long page comes and scrolls in a real browser: Chromium on the screen of a real device, by finger and wheel.

python -m benchmarks.scrolling --rows 10000
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from playwright.async_api import CDPSession, Page, ViewportSize, async_playwright

from benchmarks.aims import show
from benchmarks.device_process import device_process
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Results
from benchmarks.machine import print_machine
from benchmarks.page import LIST, SIZES

_SIZE: ViewportSize = {"width": 375, "height": 667}
_SCRIPT = Path(__file__).with_suffix(".js")
_FRAME_SECONDS = 1 / 60
_LATE_MILLISECONDS = 1000 / 30
_PATIENCE_SECONDS = 60.0
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


async def _swipe(fingers: CDPSession) -> None:
    """One finger, half a page upwards in a third of a second."""
    x, y = 180, 600
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 21):
        point = {"x": x, "y": y - 20 * step}
        await fingers.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        await asyncio.sleep(_FRAME_SECONDS)
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def _wheel(page: Page, pixels: int) -> None:
    """A wheel, turned for a second."""
    await page.mouse.move(180, 300)
    for _ in range(60):
        await page.mouse.wheel(0, pixels)
        await asyncio.sleep(_FRAME_SECONDS)


async def _until(page: Page, condition: str, what: str) -> None:
    # Not wait_for_function: it evaluates texts in the page, which the screen's policy forbids.
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await page.evaluate(condition):  # noqa: ASYNC110 the page of the browser sets no event
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise BenchmarkError(f"{what} did not come within {_PATIENCE_SECONDS:g} s") from error


async def _scroll(page: Page, rows: int, results: Results) -> None:
    fingers = await page.context.new_cdp_session(page)
    acts: list[Callable[[], Awaitable[None]]] = [
        lambda: _swipe(fingers),
        lambda: _swipe(fingers),
        lambda: _wheel(page, 30),
        lambda: _wheel(page, 200),
        lambda: _wheel(page, 2000),
        lambda: _wheel(page, -200),
    ]
    place = 0
    for act in acts:
        await page.evaluate("benchmark.record()")
        await act()
        frames = await page.evaluate("benchmark.stop()")
        gaps = [after - before for before, after in pairwise(frames)]
        results.add("cygnet", "scroll, frames a second", rows, "/s", [1000 * len(gaps) / sum(gaps)])
        results.add("cygnet", "scroll, worst gap", rows, "ms", [max(gaps)])
        results.add(
            "cygnet", "scroll, late frames", rows, "%", [100 * sum(gap > 1000 / 30 for gap in gaps) / len(gaps)]
        )
        now = await page.locator(".program.shown .page-frame.front .cy-viewport").evaluate("(area) => area.scrollTop")
        if now == place:
            raise BenchmarkError(f"a page of {rows} rows did not scroll from {place}")
        place = now


async def measure_scrolling(rows: int, results: Results, picture: Path | None = None) -> None:
    """One device, one browser: the first picture of so many rows, then six ways to scroll them.

    Raises:
        BenchmarkError: there is no Chromium, or the page does not do what it should.
    """
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        raise BenchmarkError("Chromium is not installed; make system-tools installs it")
    with tempfile.TemporaryDirectory() as folder:
        async with device_process(Path(folder), [(LIST, rows)]) as device, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
            page = await (await browser.new_context(viewport=_SIZE, has_touch=True)).new_page()
            await page.add_init_script(path=_SCRIPT)
            await page.goto(device.url)
            await page.locator(".tile").first.click()
            await _until(page, "benchmark.painted > 0", "the first picture")
            painted = await page.evaluate("benchmark.painted - benchmark.patched")
            results.add("cygnet", "scroll, first paint", rows, "ms", [painted])
            await _until(page, f"benchmark.rows() === {rows}", f"a page of {rows} rows")
            filled = await page.evaluate("performance.now() - benchmark.patched")
            results.add("cygnet", "scroll, all rows", rows, "ms", [filled])
            await page.locator(".program.shown .splash.gone").wait_for(state="hidden")
            await _scroll(page, rows, results)
            if picture is not None:
                await page.screenshot(path=picture)
            await browser.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrolling", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=SIZES[-1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--picture", type=Path, help="where a picture of the page goes, in the midst of scrolling")
    arguments = parser.parse_args()
    results = Results("", "", arguments.rounds, [], {})
    try:
        for _ in range(arguments.rounds):
            asyncio.run(measure_scrolling(arguments.rows, results, arguments.picture))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print_machine()
    for figure in results.figures:
        print(f"{figure.measure:<28}{figure.rows:>7,}  {show(figure):<24}{max(figure.values):.4g} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
