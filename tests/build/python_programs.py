"""Small programs in Python for tests: written as folders, and built."""

import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.build.program import BuiltProgram, build_program

KEY = Ed25519PrivateKey.from_private_bytes(b"a developer's key in tests only."[:32])
PAGE = "from cygnet import Page\n\n\nclass Index(Page):\n    data = {}\n"


def write_program(folder: Path, files: Mapping[str, str], pages: tuple[str, ...] = ("pages/index/index",)) -> Path:
    """A program with these files; a page has an empty template, and is empty, where ``files`` do not say more."""
    own = {"app_id": "org.example.py", "name": "Py", "version": {"code": 1, "name": "1.0.0"}, "language": "python"}
    texts = {"cygnet.json": json.dumps(own), "app.json": json.dumps({"pages": list(pages)})}
    for page in pages:
        texts |= {f"{page}.py": PAGE, f"{page}.wxml": "<view/>"}
    for name, text in (texts | dict(files)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def build(folder: Path) -> BuiltProgram:
    return build_program(folder, KEY)
