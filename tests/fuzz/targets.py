"""The targets, by name; each is the module of its name."""

import importlib
from types import ModuleType

TARGETS = (
    "audit_logs", "board_answers", "boards", "capabilities", "cards", "firmware", "frames", "links", "manifests",
    "micro_messages", "micro_packages", "micro_views", "model_operators", "model_packages", "monty_messages",
    "packages", "same_views",
    "patches", "python_sources", "screen_messages",
    "queries", "scripts", "sessions",
    "source_maps", "styles", "sync_messages", "templates", "tflite_models", "views",
)  # fmt: skip


def load(name: str) -> ModuleType:
    """Import a target, and with it the code that it feeds."""
    return importlib.import_module(f"tests.fuzz.{name}")
