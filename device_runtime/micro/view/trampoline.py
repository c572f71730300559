# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
"""Recursion without a stack: a Pico's holds some 25 calls of Python, and pages are deeper than that."""


def run(generator):
    """What a generator returns. Where it yields another one, that is run, and what it returns is sent back."""
    waiting = [generator]
    value = None
    while waiting:
        try:
            inner = waiting[-1].send(value)
        except StopIteration as stopped:
            waiting.pop()
            value = stopped.value
        else:
            waiting.append(inner)
            value = None
    return value
