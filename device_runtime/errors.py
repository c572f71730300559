"""The one base class of errors that a person is meant to read."""


class CygnetError(Exception):
    """An expected failure whose message is one clear sentence: what, where, what was expected, what to do.

    The command line prints it without a traceback and exits 1; services log it and go on.
    Rooms derive their own classes from it, so that a caller can tell them apart.
    """

    @property
    def told(self) -> str:
        """The sentence for those who are not at the device: it has no program's own words."""
        return str(self)
