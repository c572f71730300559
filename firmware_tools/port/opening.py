"""A program's folder, read and ready to be looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device_runtime.program.apis import api_table
from firmware_tools.build.components import Components
from firmware_tools.build.dialects import SourceProject
from firmware_tools.build.npm import add_npm_packages
from firmware_tools.build.source_files import find_source_files, ignored_files
from firmware_tools.port.files import ProgramFiles
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program


@dataclass(frozen=True, slots=True)
class OpenedProgram:
    """``program`` has read nothing yet; ``places`` tells where in ``files`` something is."""

    files: ProgramFiles
    program: Program
    places: Places


def open_program(
    directory: Path, project: SourceProject, tick: Callable[[str], None] = lambda _: None
) -> OpenedProgram:
    """The program in ``directory``, whose configuration is ``project``; ``tick`` as for :class:`Program`."""
    warnings: list[str] = []  # the build says them
    source = find_source_files(project.root, ignored_files(project, warnings))
    npm = add_npm_packages(project, source, warnings)
    components = Components(source, project.dialect, project.app, npm, warnings)
    files = ProgramFiles(directory, source)
    program = Program(project, files, components, api_table(), tick)
    return OpenedProgram(files, program, Places(files, program.scripts))
