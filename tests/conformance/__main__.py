"""``python -m tests.conformance``: mounts every component of every library, and prints how many there are.

    python -m tests.conformance [--only LIBRARY[/COMPONENT]] [--out FOLDER] [--record]

Pictures and an HTML page of them go to the folder (build/conformance). It fails when a number is below what
docs/conformance.md says; ``--record`` writes the numbers there instead.
"""

import argparse
import asyncio
import logging
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from device_runtime.errors import CygnetError
from tests.browser import CHROMIUM_ARGUMENTS
from tests.conformance.gallery import write_contact_sheet, write_gallery
from tests.conformance.libraries import Library, libraries, write_program
from tests.conformance.mounting import Mounting, Result
from tests.conformance.npm import NpmError, installed
from tests.conformance.stage import stage

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
_ROW = re.compile(r"^\| `([^`]+)`[^|]*\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


async def mount(library: Library, browser: Browser, out: Path, only: str) -> list[Result]:
    """All components of a library, or one."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pages = write_program(library, folder / "program")
        if only:
            pages = {only: pages[only]}
        try:
            async with stage(folder / "program", folder / "state", browser) as running:
                return await Mounting(running, library, out / library.name).try_all(pages)
        except CygnetError as error:
            paths = library.components()
            return [Result(name, paths[name], [f"{library.package}: {error}"]) for name in pages]


def print_table(results: dict[Library, list[Result]]) -> None:
    """The table, and the reason of each failure."""
    print(f"{'library':<32}{'components':>12}{'mounted':>12}{'answered':>12}{'failed':>12}")
    for library, done in results.items():
        numbers = "".join(f"{number:>12}" for number in counts(done))
        print(f"{library.package + ' ' + library.version:<32}{numbers}")
    for library, done in results.items():
        for result in done:
            for stage_name, faults in (("is not mounted", result.mounting), ("does not answer", result.answering)):
                for fault in faults:
                    print(f"  {library.package} {result.name} {stage_name}: {fault[:600]}")


def counts(done: list[Result]) -> tuple[int, int, int, int]:
    """Components, mounted, answered, failed."""
    answered = sum(result.answered for result in done)
    return len(done), sum(result.mounted for result in done), answered, len(done) - answered


def promised() -> dict[str, tuple[int, ...]]:
    """The numbers in docs/conformance.md, by package."""
    return {name: tuple(map(int, row)) for name, *row in _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))}


def short_of_promise(results: dict[Library, list[Result]]) -> list[str]:
    """Where a number has got worse, as sentences."""
    kept = promised()
    sentences = []
    for library, done in results.items():
        components, mounted, answered, _ = counts(done)
        least = kept.get(library.package)
        if least is None:
            sentences.append(f"docs/conformance.md says nothing of {library.package}")
        elif components != least[0] or mounted < least[1] or answered < least[2]:
            sentences.append(
                f"{library.package}: docs/conformance.md promises {least[1]} mounted and {least[2]} answered of "
                f"{least[0]}, and here are {mounted} and {answered} of {components}"
            )
    return sentences


def record(results: dict[Library, list[Result]]) -> None:
    """Write the numbers into docs/conformance.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for library, done in results.items():
        cells = " | ".join(map(str, counts(done)))
        line = f"| `{library.package}` {library.version} | {cells} |"
        text = re.sub(rf"^\| `{re.escape(library.package)}`.*$", line, text, flags=re.MULTILINE)
    DOCUMENT.write_text(text, encoding="utf-8")


async def run(options: argparse.Namespace) -> int:
    """Everything; gives the exit code."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        print("error: Chromium is not installed; make system-tools installs it", file=sys.stderr)
        return 2
    wanted, _, only = options.only.partition("/")
    began = time.monotonic()
    results: dict[Library, list[Result]] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        for library in libraries(installed()):
            if wanted in ("", library.name, library.prefix):
                results[library] = await mount(library, browser, options.out, only)
        write_gallery(results, options.out)
        for library, done in results.items():
            await write_contact_sheet(browser, library, done, options.out)
        await browser.close()
    print_table(results)
    print(f"{options.out / 'index.html'} shows them; {time.monotonic() - began:.0f} s")
    if options.record:
        record(results)
        return 0
    sentences = [] if options.only else short_of_promise(results)
    for sentence in sentences:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if sentences else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="one library, or one component of it: vant-weapp/button")
    parser.add_argument("--out", type=Path, default=Path("build/conformance"), help="where the pictures go")
    parser.add_argument("--record", action="store_true", help="write the numbers into docs/conformance.md")
    logging.getLogger("device_runtime.host.desk").propagate = False
    logging.getLogger("device_runtime.host.desk").setLevel(logging.INFO)
    try:
        return asyncio.run(run(parser.parse_args()))
    except NpmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
