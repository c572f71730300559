"""What a style sheet asks for: other sheets, and files of servers."""

import re
from dataclasses import dataclass, field

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)""")
_NETWORK = re.compile(r"""url\(\s*["']?((?:https?:)?//[^"')\s]+)""")


@dataclass(slots=True)
class StyleFacts:
    """One style sheet; ``shown`` are addresses of servers."""

    files: list[str] = field(default_factory=list)
    shown: list[tuple[str, int]] = field(default_factory=list)


def read_style(text: str) -> StyleFacts:
    """The facts of a style sheet, comments left out; nothing of it is checked here."""
    bare = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return StyleFacts(
        [found[1] for found in _IMPORT.finditer(bare) if "://" not in found[1]],
        [(found[1], found.start(1)) for found in _NETWORK.finditer(bare)],
    )
