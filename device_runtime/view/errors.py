"""What can be wrong with a template document, with data and with operations."""

import reprlib

from device_runtime.errors import CygnetError


class TemplateError(CygnetError):
    """A compiled template breaks its format; the message names the place in the document."""


class ViewError(CygnetError):
    """A page cannot show what its program asked for: a bad ``setData`` key, or a tree that is too deep or too long."""


def shown(value: object) -> str:
    """A part of a document as a message quotes it: its beginning, on one line, however large or deep it is."""
    return reprlib.repr(value)[:80]


def one_line(text: str) -> str:
    """A name or place of a document in a message: as it is, if it can stand in a line."""
    return text if text.isprintable() else ascii(text)
