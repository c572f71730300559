"""Small packages for tests."""

import json
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.package import seal_package

DEVELOPER = Ed25519PrivateKey.from_private_bytes(b"a developer's key in tests only."[:32])


def small_package(
    app_id: str = "org.example.lamp",
    code: int = 1,
    size: int = 200_000,
    models: Sequence[str] = (),
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """A signed package with one page and ``size`` bytes of ballast, so that it takes several blocks, and files
    ``extra``; it asks for ``models``."""
    manifest = {
        "app_id": app_id,
        "name": app_id.rpartition(".")[2].title(),
        "version": {"code": code, "name": f"1.{code}.0"},
        "platform_version": {"min_code": 1},
        "pages": ["pages/index/index"],
        **({"cygnet": {"models": list(models)}} if models else {}),
    }
    entries = {
        "manifest.json": json.dumps(manifest).encode(),
        "app.js": b"App({})",
        "pages/index/index.js": b"Page({})",
        "pages/index/index.view": b"{}",
        "ballast.bin": bytes(index % 251 for index in range(size)),
        **(extra or {}),
    }
    return seal_package(entries, DEVELOPER)
