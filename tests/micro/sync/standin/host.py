"""A stand-in for ``micro/program/host.py``: it runs no pages, but does what the program's ``behaviour.json`` says.

It is put into a slot as ``micro/program/host.py`` by tests of what surrounds programs.
"""

import json
import os
import sys

try:
    from typing import Any
except ImportError:
    pass


class ProgramHost:
    on_failure: "Any" = None

    def __init__(self, root: str, board: "Any", services: "Any") -> None:
        self._services = services
        self.running = ""

    async def start(self, app_id: str, folder: str) -> None:
        with open(folder + "/manifest.json") as file:
            code = json.load(file)["version"]["code"]
        with open(folder + "/behaviour.json") as file:
            do = json.load(file)
        print("program", app_id, code, os.stat(folder + "/pages/index/index.mpy")[6])
        self._services.telemetry(app_id, "started", {"code": code})
        if do.get("reset"):
            sys.exit(3)
        if do.get("raise"):
            raise RuntimeError(do["raise"])
        self.running = app_id
        if do.get("fail"):
            self.running = ""
            self.on_failure(app_id, do["fail"])

    async def stop(self) -> None:
        self.running = ""
