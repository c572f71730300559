"""The targets, by name; each is the module of its name."""

import importlib
from types import ModuleType

TARGETS = (
    "boards", "capabilities", "cards", "frames", "links", "manifests", "micro_views", "packages", "patches",
    "screen_messages",
    "scripts", "sessions",
    "source_maps", "styles", "sync_messages", "templates", "views",
)  # fmt: skip


def load(name: str) -> ModuleType:
    """Import a target, and with it the code that it feeds."""
    return importlib.import_module(f"tests.fuzz.{name}")
