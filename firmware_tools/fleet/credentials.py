"""Files that hold secrets, named in ``fleet.toml`` wherever the service runs.

systemd hands secrets to a service in a directory of its own, which differs from service to service and is named by
``$CREDENTIALS_DIRECTORY`` (systemd.exec(5), "Credentials"); the containers of ``deploy/compose.yaml`` set it, too.
"""

import os
from pathlib import Path

_PREFIX = "$CREDENTIALS_DIRECTORY/"


def secret_path(text: str, folder: Path) -> Path:
    """The path that ``text`` means: absolute, below ``folder``, or below ``$CREDENTIALS_DIRECTORY`` where it begins so.

    Where there is no such variable the path stays as it is written: who only wants the address of the page reads
    settings without secrets, and who opens the file is told its name.
    """
    if not text.startswith(_PREFIX):
        return folder / text
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(directory) / text.removeprefix(_PREFIX) if directory else Path(text)
