"""The small program that the zygote runs before it forks; ``worker.rehearse`` says why."""

import json

from device_runtime.engine.frames import Event, Exit, Frame

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
