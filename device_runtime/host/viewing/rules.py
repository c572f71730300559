"""Whether operators may look at the screen: what the board's file says, and what the owner says on the device.

The fleet has no say in it: neither its documents nor its settings reach here.
"""

import logging
from pathlib import Path
from typing import Literal, get_args

from device_runtime.errors import CygnetError
from device_runtime.host.screen.delegate import RemoteSetting
from device_runtime.sealed.durable import disk_sentence, write_whole

logger = logging.getLogger(__name__)

FILE = "remote_screen"


class OwnerRule:
    """The owner's word, in a file of the device's state directory; read each time, so that it counts at once.

    Args:
        state: the directory.
        board: the board's word: ``never`` cannot be taken back by anybody but who writes the board's file.
    """

    def __init__(self, state: Path, board: Literal["ask", "never"] = "ask") -> None:
        self._path, self._board = state / FILE, board

    def read(self) -> RemoteSetting:
        """What holds. A file that says nothing of the kind is read as ``never``: somebody meant to say something."""
        if self._board == "never":
            return "never"
        try:
            text = self._path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return "ask"
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("%s cannot be read: nobody may look at the screen: %s", self._path, error)
            return "never"
        return text if text in get_args(RemoteSetting) else "never"  # type: ignore[return-value]  # one of them

    def write(self, setting: RemoteSetting) -> None:
        """Keep the owner's word.

        Raises:
            CygnetError: the board's file says ``never``, or the disk refuses.
        """
        if self._board == "never" and setting != "never":
            raise CygnetError(
                'the board\'s file says remote_screen = "never" under [screen]; change it there, and start the device '
                "again"
            )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, f"{setting}\n".encode())
        except OSError as error:
            raise CygnetError(f"{self._path} cannot be written: {disk_sentence(error)}") from error
