"""What can be wrong with a template document or with data."""


class TemplateError(Exception):
    """A compiled template breaks its format, or uses what boards do not have; the message names the place."""


class ViewError(Exception):
    """A page cannot show what its program asked for: a bad ``set_data`` key, or a page that is too deep or too long."""
