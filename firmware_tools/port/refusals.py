"""Everything that the build refuses, not the first thing alone: a team mends all of it in one go."""

import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from device_runtime.errors import CygnetError
from firmware_tools.build.assembly import Assembly
from firmware_tools.build.dialects import SourceProject
from firmware_tools.build.npm import add_npm_packages
from firmware_tools.build.pages import with_pages_that_are_there
from firmware_tools.build.source_files import find_source_files, ignored_files

_QUOTED = re.compile(r"'([^']+)'")
_SECONDS = 30.0


def all_refusals(project: SourceProject, first: str, reached: Mapping[str, frozenset[str]]) -> list[str]:
    """What the build refuses, the ``first`` sentence being known: it is built again without the pages that each
    refusal is about, until it goes through. ``reached`` are the files of each page, by their names in the package."""
    refusals = [first]
    pages = dict(reached)
    started = time.monotonic()
    while time.monotonic() - started < _SECONDS:
        concerned = set(_concerned(refusals[-1], pages, project.root))
        if not concerned:
            break  # it is not about a page, so it comes again
        pages = {page: files for page, files in pages.items() if page not in concerned}
        refusal = _refused(project, tuple(pages)) if pages else None
        if refusal is None or refusal in refusals:
            break
        refusals.append(refusal)
    return refusals


def _refused(project: SourceProject, pages: tuple[str, ...]) -> str | None:
    less = dataclasses.replace(project, pages=pages)
    try:
        files = find_source_files(project.root, ignored_files(project, []))
        less = with_pages_that_are_there(less, files, [])
        Assembly(less, files, add_npm_packages(project, files, []), []).entries()
    except CygnetError as error:
        return str(error)
    return None


def _concerned(refusal: str, pages: Mapping[str, frozenset[str]], root: Path) -> Iterator[str]:
    """The pages that a refusal is about: that it names, or that reach the file which it names."""
    file = refusal.partition(": ")[0].split(":")[0]
    names = {file, file.removeprefix(f"{root.as_posix()}/"), *_QUOTED.findall(refusal)}
    bases = {re.sub(r"\.\w+$", "", name) for name in names}
    for page, files in pages.items():
        if page in bases or not names.isdisjoint(files) or any(re.sub(r"\.\w+$", "", name) in bases for name in files):
            yield page
