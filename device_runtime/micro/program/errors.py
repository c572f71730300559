"""What ends a program, and what a program is told."""


class ProgramError(Exception):
    """A program cannot run, or was ended; the message is one sentence, which may hold the program's own words."""


class OwnError(ProgramError):
    """The same in nobody's words but ours: what others may hear of it."""


class CapabilityError(Exception):
    """A call of a capability was refused or failed. Programs import it from ``cygnet``."""


class Stopped(BaseException):
    """The time of an event is over. Not an ``Exception``, so that a program's handlers do not catch it."""
