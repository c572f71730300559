"""Why programs end: the device's own sentences, and a program's own words, which stay on the device.

A reason may hold anything that the program knows, since it can be the text of an error of its own. So only a sentence
that the device composes, with nothing of the program's in it, is told to others.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from device_runtime.errors import CygnetError

UNTOLD = "its own words, which stay on the device, say why"

_OF_WORKERS = (
    r"it did not come back from one operation in time and was ended",
    r"it asked the kernel for what no program may have, and was ended",
    r"it was ended by the signal SIG[A-Z0-9]{2,10}",
    r"it ended with exit code -?[0-9]{1,3}",
    r"the zygote that watched it is gone",
)
_KNOWN = re.compile(
    "|".join(
        (
            r"it was stopped",
            r"it did not show its first page within [0-9.]{1,8} s",
            r"it needs more than the [0-9.]{1,8} MB it may have",
            r"it needs more than the [0-9.]{1,8} MB of memory that it may have in all",
            r"it needs more than the [0-9.]{1,8} s of processor time that it may use in a minute",
            r"the program needs more memory than a worker may have",
            r"a change of its page is larger than the [0-9.]{1,8} MB that screens take at once",
            r"its worker sent what is nested too deeply",
            r"its worker sent what the device cannot use",
            rf"its worker ended: (?:{'|'.join(_OF_WORKERS)})",
            r"it ran longer than it may, and was stopped",
            r"its promises ran longer than they may, and were stopped",
        )
    )
)


@contextmanager
def own_words_stay() -> Iterator[None]:
    """What goes wrong with a program in the block is raised without the program's own words.

    Raises:
        CygnetError: what was raised, if it has no such words; else the same in the device's.
    """
    try:
        yield
    except CygnetError as error:
        if error.told != str(error):
            raise CygnetError(error.told) from error
        raise


def told_ending(reason: str) -> str:
    """What others may hear of why a program ended: ``reason`` where it is the device's own, else that there is one."""
    return reason if not reason or _KNOWN.fullmatch(reason) else UNTOLD
