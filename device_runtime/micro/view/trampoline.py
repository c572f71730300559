"""Recursion without a stack: a Pico's holds some 25 calls of Python, and pages are deeper than that."""

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Step, T
except ImportError:
    pass


def run(generator: "Step[T]") -> "T":
    """What a generator returns. Where it yields another one, that is run, and what it returns is sent back."""
    waiting: list[Step[Any]] = [generator]
    value: Any = None
    while waiting:
        try:
            inner = waiting[-1].send(value)
        except StopIteration as stopped:
            waiting.pop()
            value = stopped.value
        else:
            waiting.append(inner)
            value = None
    return value  # type: ignore[no-any-return]
