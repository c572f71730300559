"""What goes wrong in a benchmark."""

from device_runtime.errors import CygnetError


class BenchmarkError(CygnetError):
    """A figure cannot be taken, or what was measured did not do what it should have; the message says what."""
