"""The pages that a program really has, of those that ``app.json`` lists."""

import dataclasses
from pathlib import Path

from firmware_tools.build.dialects import SourceError, SourceProject
from firmware_tools.build.project_json import line_of
from firmware_tools.build.source_files import SourceFiles


def with_pages_that_are_there(project: SourceProject, files: SourceFiles, warnings: list[str]) -> SourceProject:
    """The project without the pages that lack a template or a script; each is a warning.

    Raises:
        SourceError: no page is left.
    """
    faults = {route: fault for route in project.pages if (fault := _fault(project, route, files))}
    if not faults:
        return project
    app_file = project.root / "app.json"
    pages = tuple(route for route in project.pages if route not in faults)
    told = {route: f"{_where(app_file, route)}: the page {route!r} has no {fault}" for route, fault in faults.items()}
    if not pages:
        raise SourceError(next(iter(told.values())))
    warnings += [f"{sentence}; it is left out" for sentence in told.values()]
    manifest = {**project.manifest, "pages": list(pages), "cygnet": dict(project.manifest["cygnet"])}
    if bar := manifest["cygnet"].pop("tab_bar", None):
        tabs = [tab for tab in bar["tabs"] if tab["route"] not in faults]
        if tabs:
            manifest["cygnet"]["tab_bar"] = {**bar, "tabs": tabs}
    return dataclasses.replace(project, pages=pages, manifest=manifest)


def _fault(project: SourceProject, route: str, files: SourceFiles) -> str:
    """What a page lacks; empty where nothing is missing."""
    for kind, suffix in (("template", project.dialect.template), ("script", project.script)):
        name = f"{route}{suffix}"
        if name not in files:
            return f"{kind} {name}{files.hint(name)}"
    return ""


def _where(app_file: Path, route: str) -> str:
    """The file and line that list a page; within a subpackage its route starts below the root."""
    parts = route.split("/")
    lines = (line_of(app_file, "/".join(parts[start:])) for start in range(len(parts)))
    return f"{app_file}:{next((line for line in lines if line > 1), 1)}"
