"""What the zygote runs and loads before it forks; ``worker.rehearse`` says why."""

import codecs
import json
import time
import traceback

from device_runtime.engine.frames import Event, Exit, Frame

# Files of a package may come in any of these, and columns are counted in UTF-16.
_WIDE = [f"utf-{width}{order}" for width in (16, 32) for order in ("", "-le", "-be")]

REHEARSAL: tuple[Frame, ...] = (
    Event(
        "launch",
        {
            "manifest": {
                "app_id": "rehearsal",
                "name": "rehearsal",
                "version": {"code": 1, "name": "1"},
                "platform_version": {"min_code": 1},
                "pages": ["page"],
            },
            "files": {
                "app.js": b"App({})",
                "page.js": b"Page({data: {n: 0}, tap() { this.setData({n: 1, 'list[0].done': true}) }, onLoad() {} })",
                "page.json": b"{}",
                "page.view": json.dumps(
                    {
                        "format": 2,
                        "body": [
                            ["element", "view", {}, {}, [["tap", "bind", ["constant", "tap"]]], {}, []],
                            ["text", ["variable", "n"]],
                        ],
                        "templates": [],
                        "scopes": [],
                    }
                ).encode(),
            },
            "path": "",
            "system": {},
            "storage": {},
        },
    ),
    *(
        Event("node", {"page": 1, "node": 1, "type": "tap", "detail": {}, "touches": [], "time_stamp": 0.0})
        for _ in range(20)
    ),
    Exit(""),
)


def load_stragglers() -> None:
    """Load what the standard library would look for on the disk when it is first needed: a worker has no disk."""
    for name in ("ascii", "latin-1", "utf-8-sig", *_WIDE):
        codecs.lookup(name)
    traceback.format_exception(LookupError())
    time.localtime()
