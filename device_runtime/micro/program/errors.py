"""What ends a program, and what a program is told."""


class ProgramError(Exception):
    """A program cannot run, or was ended; the message is one sentence."""


class CapabilityError(Exception):
    """A call of a capability was refused or failed. Programs import it from ``cygnet``."""


class Stopped(BaseException):
    """The time of an event is over. Not an ``Exception``, so that a program's handlers do not catch it."""
