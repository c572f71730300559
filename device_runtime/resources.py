"""Where the data files of the distribution are: beside the packages in a checkout, inside them in a wheel."""

from pathlib import Path

from device_runtime.errors import CygnetError

_PACKAGE = Path(__file__).resolve().parent


def resource_directory(kind: str) -> Path:
    """The directory of one kind of data file: ``models``, ``board_configs`` or ``examples``.

    Raises:
        CygnetError: the installation lacks it.
    """
    for directory in (_PACKAGE / "_resources" / kind, _PACKAGE.parent / kind):
        if directory.is_dir():
            return directory
    raise CygnetError(f"this installation of cygnet lacks its {kind}; reinstall the package")
