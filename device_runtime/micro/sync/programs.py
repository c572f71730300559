"""Which version of each program is current, which was before, and which is on trial: ``programs.json``.

The record is the switch: a folder that it does not name is never run, and it names a folder only when every file in it
has been checked. So a power cut leaves the old version or the new one. :mod:`.switching` changes it.
"""

from ..records import read_record, write_record

try:
    from typing import Any
except ImportError:
    pass


_FILE = "cygnet/programs.json"


class Programs:
    """The record below ``root``.

    ``apps``: by app id, ``current`` and ``before`` (``folder``, ``code``, ``name``, ``sha256``, ``size``, or None),
    ``trial``, ``starting`` (how often it was started since it last ran well), ``bad`` (the version that was rolled
    back, with ``error``, or None), ``local`` (it came over the cable, and the fleet did not name it since).
    ``front``: the program that is to run.
    """

    def __init__(self, root: str) -> None:
        self.root, self.folder = root, root + "cygnet/programs/"
        record = read_record(root + _FILE) or {}
        self.apps: dict[str, dict[str, Any]] = record.get("apps", {})
        self.front: str = record.get("front", "")

    def current(self, app_id: str) -> "dict[str, Any] | None":
        """What is installed."""
        app = self.apps.get(app_id)
        return app["current"] if app else None

    def save(self) -> None:
        """Raises :class:`OSError` when the disk does not take it."""
        write_record(self.root + _FILE, {"front": self.front, "apps": self.apps})
