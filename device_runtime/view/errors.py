"""What can be wrong with a template document, with data and with operations."""

from device_runtime.errors import CygnetError


class TemplateError(CygnetError):
    """A compiled template breaks its format; the message names the place in the document."""


class ViewError(CygnetError):
    """A page cannot show what its program asked for: a bad ``setData`` key, or a tree that is too deep or too long."""
