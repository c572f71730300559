"""Source maps as they travel in a package: what a place is looked up in, and no more."""

import json
from collections.abc import Mapping
from typing import Any


def with_source_maps(entries: Mapping[str, bytes], warnings: list[str]) -> dict[str, bytes]:
    """``entries`` with their maps made small: without the sources that a map repeats, and without the names, which a
    device does not use. One that is damaged is left out."""
    kept = {}
    for name, data in entries.items():
        if not name.endswith(".map"):
            kept[name] = data
            continue
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            warnings.append(f"{name}: not JSON: {error}; the source map is left out")
            continue
        for part in _parts(document):
            part.pop("sourcesContent", None)
            part.pop("names", None)
        kept[name] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return kept


def without_source_maps(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """``entries`` without their maps."""
    return {name: data for name, data in entries.items() if not name.endswith(".map")}


def _parts(document: Any) -> list[dict[str, Any]]:
    """A map, and the maps of its sections."""
    if not isinstance(document, dict):
        return []
    sections = document.get("sections")
    inner = [part.get("map") for part in sections if isinstance(part, dict)] if isinstance(sections, list) else []
    return [document, *(part for part in inner if isinstance(part, dict))]
