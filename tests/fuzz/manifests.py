"""The manifest: any bytes are a manifest or a ManifestError; what is taken says the same when it is read again."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device_runtime.privacy import words
from device_runtime.program.data_plan import read_item
from device_runtime.program.manifest import ManifestError, parse_manifest
from device_runtime.program.members import Members
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, mutated, nested, written
from tests.fuzz.refusals import check_refusal

FULL: dict[str, Any] = {
    "app_id": "org.example.hello",
    "name": "Hello",
    "short_name": "Hi",
    "description": "It greets.",
    "lang": "en-US",
    "dir": "ltr",
    "color_scheme": "dark",
    "device_type": ["speaker"],
    "version": {"code": 3, "name": "1.2.0"},
    "platform_version": {"min_code": 1, "target_code": 1, "release_type": "beta"},
    "pages": ["pages/index/index", "pages/b/b.html"],
    "icons": [{"src": "images/icon.svg", "label": "a bell", "sizes": "48x48 any", "type": "image/svg+xml"}],
    "widgets": [{"name": "w", "path": "pages/w/w", "min_code": "1"}],
    "window": {
        "background_color": "#fff",
        "navigation_bar_background_color": "rgb(1, 2, 3)",
        "background_text_style": "dark",
        "orientation": "portrait",
        "design_width": 750,
        "fullscreen": True,
        "navigation_bar_title_text": "Hello",
    },
    "req_permissions": [{"name": "request", "reason": "to ask"}],
    "cygnet": {
        "dialect": "wechat",
        "tab_bar": {"tabs": [{"route": "pages/index/index", "text": "A", "icon": "a.svg"}], "color": "#000"},
        "network": {"request": ["https://example.org"], "socket": ["wss://example.org"]},
        "subpackages": [{"root": "more/", "name": "more", "independent": True}],
        "resolve_alias": {"@/*": "./*"},
        "voice": {
            "intents": [{"name": "light", "phrases": ["turn on the {room} light", "[please] go"]}],
            "slots": {"room": ["kitchen", "hall"]},
        },
        "data_plan": [
            {
                "name": "forecast",
                "category": "preferences",
                "fields": {
                    "city": {"type": "choice", "of": ["oslo", "rome"]},
                    "degrees": {"type": "number", "min": -40, "max": 60.5, "step": 0.1},
                    "note": {"type": "text", "max": 20},
                    "clip": {"type": "audio", "max": 1000},
                    "on": "boolean",
                },
                "purpose": "service",
                "reason": "to tell the weather",
                "basis": "contract",
                "retention_days": 0,
                "destination": "https://example.org",
                "derived_from": ["voice"],
                "paths": ["/v1/{city}"],
            },
            {
                "name": "heard",
                "category": "usage",
                "fields": {"count": {"type": "integer", "min": 0, "max": 10, "step": 5}},
                "purpose": "statistics",
                "reason": "to count",
                "retention_days": 30,
                "destination": "fleet",
                "precision": "aggregated",
            },
        ],
    },
}
SMALL: dict[str, Any] = {
    "app_id": "a",
    "name": "A",
    "version": {"code": 1, "name": "1"},
    "platform_version": {"min_code": 1},
    "pages": ["a"],
}
SEEDS = [json.dumps(FULL, indent=1).encode(), written(SMALL)]
_DOCUMENTS = [FULL, SMALL, *(json.loads(path.read_text()) for path in Path("examples").glob("*/cygnet.json"))]


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(3):
        case 0:
            check(choices.rest())
        case 1:
            check(written(mutated(_DOCUMENTS, choices)))
        case _:
            check(json.dumps(mutated(_DOCUMENTS, choices), indent=1).encode())


def check(text: bytes) -> None:
    try:
        manifest = parse_manifest(text)
    except ManifestError as error:
        check_refusal(error)
        return
    again = parse_manifest(json.dumps(dict(manifest.document), ensure_ascii=False).encode())
    assert again == manifest
    if manifest.data_plan.spoken:
        for item in manifest.data_plan.items:
            assert read_item(Members(item.document())) == item
            assert not item.is_wider_than(item)
            assert words.sentence(item).isprintable()
    assert not any(".." in route.split("/") or route.startswith("/") for route in manifest.pages)
    # It goes to workers, screens, logs and databases.
    repr(manifest).encode()


def _with(**members: Any) -> Callable[[], bytes]:
    return lambda: written({**SMALL, **members})


CASES: Mapping[str, Callable[[], bytes]] = {
    "half a character in a name": _with(name=LONE_SURROGATE),
    "half a character in a member that nobody reads": _with(cygnet={"more": [{LONE_SURROGATE: 1}]}),
    "half a character in the value that a refusal quotes": _with(dir=LONE_SURROGATE),
    "a value that is not a number in a member that nobody reads": _with(more=float("nan")),
    "a whole number of 400 digits": _with(version={"code": 10**400, "name": "1"}),
    "a whole number of 5000 digits": lambda: written(SMALL).replace(b'"code": 1', b'"code": ' + b"1" * 5000),
    "lists 100,000 deep": lambda: b"[" * 100_000,
    "a member that nobody reads, 200 deep": _with(more=nested(200)),
    "a wrong member below one that is 200 deep": lambda: json.dumps(
        {"x": nested(200), **SMALL, "pages": []}, indent=1
    ).encode(),
    "a slot of two lines": _with(cygnet={"voice": {"slots": {"a\nb": ["c"]}}}),
    "an alias of two lines": _with(cygnet={"resolve_alias": {"a\nb": 1}}),
    "a tab of a million characters": _with(cygnet={"tab_bar": {"tabs": [{"route": "a" * 1_000_000}]}}),
    "UTF-16 with a wrong member": lambda: json.dumps({**SMALL, "pages": []}, indent=1).encode("utf-16"),
}
