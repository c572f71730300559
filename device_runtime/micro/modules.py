"""Modules of this package that go again when they have done their work: a board has no room for code that it runs once
a week."""

import sys

try:
    from typing import Any
except ImportError:
    pass


def forget(*names: str) -> "list[Any]":
    """Forget modules, and give those that were there; they are imported again when they are needed.

    Args:
        names: the last parts of what they are called. On a board there are no packages within this one, and some
            modules are part of others: then there is nothing to forget.
    """
    gone = []
    for name in list(sys.modules):
        package, _, short = name.rpartition(".")
        if short in names and package.partition(".")[0] == "micro":
            gone.append(sys.modules.pop(name))
            if hasattr(sys.modules[package], short):
                delattr(sys.modules[package], short)
    return gone
