"""Finding and running a program's test files."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from device_runtime.errors import CygnetError
from firmware_tools.testing.driver import ProgramDriver
from firmware_tools.testing.launching import Launcher
from firmware_tools.testing.script import Failure, ScriptFileError, TestCase, TestScript

Outcome = Literal["passed", "failed", "skipped"]


class TestRunError(CygnetError):
    """There is nothing to run."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went; ``source`` is ``file:line:column`` of the failure, or empty."""

    __test__ = False

    file: str
    name: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    source: str = ""


def find_test_files(directory: Path) -> list[Path]:
    """The files ``tests/**/*.test.js`` of a program.

    Raises:
        TestRunError: there are none.
    """
    files = sorted((directory / "tests").glob("**/*.test.js"))
    if not files:
        raise TestRunError(f"{directory / 'tests'} holds no tests; a test file is called NAME.test.js")
    return files


async def run_program_tests(
    directory: Path,
    tell: Callable[[TestResult], None],
    show: Callable[[str], None],
    only: str = "",
    wait_seconds: float = 3.0,
) -> list[TestResult]:
    """Run every test of the program in ``directory`` whose name holds ``only``.

    ``tell`` hears each result as it comes, ``show`` what tests print and what the build warned of. An expectation
    waits ``wait_seconds`` for the program to fulfil it.

    Raises:
        CygnetError: the program cannot be built, has no tests, or the zygote does not start.
    """
    files = find_test_files(directory)
    results: list[TestResult] = []

    def note(result: TestResult) -> None:
        results.append(result)
        tell(result)

    async with Launcher(directory, wait_seconds) as launcher:
        for warning in launcher.built.warnings:
            show(f"warning: {warning}")
        for file in files:
            driver = ProgramDriver(launcher)
            script = TestScript(directory, file, driver.act, wait_seconds, show)
            try:
                await _run_file(script, driver, file.relative_to(directory).as_posix(), only, note)
            finally:
                await script.close()
                await driver.end()
    return results


async def _run_file(
    script: TestScript, driver: ProgramDriver, file: str, only: str, note: Callable[[TestResult], None]
) -> None:
    try:
        tests = await script.load()
    except ScriptFileError as error:
        note(TestResult(file, "the file as a whole", "failed", message=str(error)))
        return
    if not tests:
        note(
            TestResult(file, "the file as a whole", "failed", message="it declares no tests; write it('…', () => {…})")
        )
        return
    for test in _chosen(tests, only):
        if test.skip:
            note(TestResult(file, test.name, "skipped"))
            continue
        started = time.monotonic()
        failure = await script.run(test)
        errors = await driver.end()
        if failure is None and errors:
            # A program that threw is broken even where the page looks right.
            failure = Failure(f"the program reported an error: {errors[0]}", "")
        seconds = time.monotonic() - started
        if failure is None:
            note(TestResult(file, test.name, "passed", seconds))
        else:
            message = failure.message
            if errors and errors[0] not in message:
                message += f"\nthe program also reported: {errors[0]}"
            note(TestResult(file, test.name, "failed", seconds, message, failure.source))


def _chosen(tests: list[TestCase], only: str) -> Iterator[TestCase]:
    return (test for test in tests if only.lower() in test.name.lower())
