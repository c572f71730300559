"""The names that npm's typings of the two dialects declare, read from their TypeScript.

No TypeScript parser is needed: comments and strings are blanked, then what lies inside any bracket is dropped, and
what is left of an interface or a namespace are its own members.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

WECHAT = ("miniprogram-api-typings", "5.2.3", "package/types/wx/lib.wx.api.d.ts")
SWAN = ("@types/baidu-app", "2.2.7", "baidu-app/index.d.ts")

_BLANK = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?\*/""", re.DOTALL)


def cache_folder() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "cygnet-tests" / "typings"


def declarations(package: str, version: str, file: str) -> str:
    """The text of one file of an npm package, fetched once; the test is skipped where npm cannot be reached."""
    folder = cache_folder() / f"{package.replace('/', '-')}-{version}"
    if not (folder / file).is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, so the typings cannot be fetched; on Debian: apt-get install npm")
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            [npm, "pack", f"{package}@{version}", "--json", "--pack-destination", str(folder)],
            capture_output=True, text=True, check=False, timeout=100, cwd=folder,
        )  # fmt: skip
        if packed.returncode:
            pytest.skip(f"npm cannot fetch {package}@{version}: {packed.stderr.strip()[-200:]}")
        archive = folder / Path(json.loads(packed.stdout)[0]["filename"]).name
        if not archive.is_file():  # npm 9 names scoped packages otherwise than it stores them
            archive = next(folder.glob("*.tgz"))
        with tarfile.open(archive) as packet:
            packet.extractall(folder, filter="data")
    return (folder / file).read_text(encoding="utf-8")


def blanked(text: str) -> str:
    """The same text without comments, and with empty strings."""
    return _BLANK.sub(lambda match: '""' if match[0][0] in "\"'`" else " ", text)


def block(text: str, head: str) -> str:
    """What lies between the braces after ``head``, which must stand there exactly once."""
    (start,) = re.finditer(head + r"[^{]*\{", text)
    depth = 1
    for at in range(start.end(), len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start.end() : at]
    raise ValueError(f"the braces after {head} do not close")


def own_members(body: str) -> str:
    """``body`` with the content of every bracket dropped, the brackets kept; ``=>`` closes nothing."""
    kept, depth = [], 0
    for at, character in enumerate(body):
        closes = character in ")]}" or (character == ">" and body[at - 1] != "=")
        depth -= closes
        if depth == 0:
            kept.append(character)
        depth += character in "([{<"
    assert depth == 0
    return "".join(kept)


def wechat_methods() -> dict[str, str]:
    """Each method of ``interface Wx`` with its (first) return type."""
    members = own_members(block(blanked(declarations(*WECHAT)), r"\binterface Wx\b"))
    found: dict[str, str] = {}
    for name, returned in re.findall(r"([A-Za-z_$][\w$]*)\??(?:<>)?\(\)\s*:\s*([^\n;]*)", members):
        found.setdefault(name, returned.strip())
    return found


def wechat_properties() -> set[str]:
    """The members of ``interface Wx`` that are no methods."""
    members = own_members(block(blanked(declarations(*WECHAT)), r"\binterface Wx\b"))
    return set(re.findall(r"^\s*(?:readonly )?([A-Za-z_$][\w$]*)\??\s*:", members, re.MULTILINE))


def swan_functions() -> dict[str, str]:
    """Each function of ``namespace swan``, those of its inner namespace ``ai`` as ``ai.name``, with return types."""
    namespace = block(blanked(declarations(*SWAN)), r"\bdeclare namespace swan\b")
    declared = r"\bfunction ([\w$]+)(?:<>)?\(\)\s*:\s*([^\n;]*)"
    found = dict(re.findall(declared, own_members(namespace)))
    inner = dict(re.findall(declared, own_members(block(namespace, r"\bnamespace ai\b"))))
    return found | {f"ai.{name}": returned for name, returned in inner.items()}
