"""The addresses of one broker: one URL, or several of a cluster, of which any will do.

They stand in one text, with commas between them: ``mqtts://a.example,mqtts://b.example:8884``.
"""

import random
from collections.abc import Callable
from typing import Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

MOST_ADDRESSES = 16
"""More nodes than a cluster has; a longer list is a slip."""


class AddressError(ValueError):
    """What is wrong with a broker's addresses, in words that follow "the broker's URL". They hold none of the text,
    in which somebody may have written a password."""


def split_addresses(text: str) -> tuple[str, ...]:
    """The URLs in ``text``, of which only the scheme is looked at.

    Raises:
        AddressError: none, too many, one twice, or ``mqtt`` and ``mqtts`` side by side: who can break the one would
            have the client speak in the clear to the other.
    """
    urls = tuple(part.strip() for part in text.split(","))
    if not all(urls):
        raise AddressError("has an empty address: write one, or several with a comma between two")
    if len(urls) > MOST_ADDRESSES:
        raise AddressError(f"lists {len(urls)} addresses: at most {MOST_ADDRESSES} can stand there")
    if len(set(urls)) != len(urls):
        raise AddressError("lists an address twice: each node of a cluster stands there once")
    if {"mqtt", "mqtts"} <= {_scheme(url) for url in urls}:
        raise AddressError("has mqtt:// beside mqtts://: all its addresses must be of one kind")
    return urls


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


class Rotation(Generic[T]):
    """Goes from one to the next, and round again, in an order that it draws once.

    Each client draws for itself: those of a node that dies come to all others, not to the one that is listed next.
    """

    def __init__(self, items: tuple[T, ...], sample: Callable[[tuple[T, ...], int], list[T]] = random.sample) -> None:
        """``sample`` draws the order; a test gives it."""
        self._items = sample(items, len(items))
        self._at = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def now(self) -> T:
        """The one whose turn it is."""
        return self._items[self._at]

    def turn(self) -> None:
        """Go on to the next."""
        self._at = (self._at + 1) % len(self._items)

    def change(self, anew: Callable[[T], T]) -> None:
        """Put something else in the place of each, in the same order; whose turn it is does not change."""
        self._items = [anew(item) for item in self._items]
