"""``board.plan`` of a program's package: what it may report, by lines of JSON.

The toolchain writes it (``firmware_tools/build/portable/plans.py`` says what is in a line). Items stay texts until one
is asked for: taken apart, the plan would be several times as large.
"""

import json
import os

from ..program.errors import OwnError

_FILE = "/board.plan"
_FORMAT = 1
_MOST_BYTES = 4096
_MOST_ITEMS = 16
UNSPOKEN = '["*","fleet",["unspecified"],"service","consent",36500,"exact",{"*":["*",-1]}]'
"""The item of a program without a plan: anything to its fleet."""


def read_plan(folder: str, is_spoken: bool) -> "tuple[int, list[str]]":
    """Millionths of bits that it tells that an item leaves, and the items in their order.

    Args:
        folder: the program's.
        is_spoken: its manifest has a plan.

    Raises:
        OwnError: the plan is missing, broken, or more than a board takes.
    """
    if not is_spoken:
        return 1_000_000, [UNSPOKEN, unspoken("speech")]
    items = []
    try:
        if os.stat(folder + _FILE)[6] > _MOST_BYTES:
            raise OwnError("its data plan is longer than the 4096 bytes that a board takes")
        with open(folder + _FILE) as file:
            kind, base = json.loads(file.readline())
            if kind != _FORMAT:
                raise ValueError("of a later format")  # noqa: TRY301 - one way out
            for line in file:
                json.loads(line)[7]
                items.append(line)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise OwnError("its data plan for boards is missing or broken; build the program again") from error
    if len(items) > _MOST_ITEMS:
        raise OwnError(f"its data plan has {len(items)} items, and a board takes {_MOST_ITEMS}")
    return base, items


def unspoken(category: str) -> str:
    """What a program without a plan gets: it may have it, if somebody agrees, and it stays here."""
    return f'["{category}","device",["{category}"],"service","consent",0,"exact",{{}}]'
