"""The pages for readers, cut into what a test can look at."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^ *```(\w*)(?: (\S+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it stands for (or nothing), its text."""

    language: str
    file: str
    text: str


def blocks(page: Path) -> list[Block]:
    return blocks_in(page.read_text(encoding="utf-8"))


def blocks_in(text: str) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(text)]


def links(page: Path) -> list[str]:
    """The targets of links outside of blocks and code."""
    prose = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    return _LINK.findall(prose)


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[str]:
    """Every command line that begins with ``cygnet``, in blocks and in the prose; continued lines joined."""
    found = []
    text = page.read_text(encoding="utf-8")
    for block in blocks(page):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith((" ", "…")):
                continue
            bare = re.sub(r"^(\$ )?(\S*/)?cygnet ", "cygnet ", line)
            if bare.startswith("cygnet ") and block.language in {"console", "sh", ""}:
                found.append(re.split(r"\s#|\s{3,}", bare)[0].strip())
    return found + list(re.findall(r"`(cygnet [^`\n]+)`", _BLOCK.sub("", text)))


def table(page: Path, heading: str) -> list[list[str]]:
    """The body cells of the first table under a heading."""
    section = re.split(
        r"^#+ ", page.read_text(encoding="utf-8").partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE
    )[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]
