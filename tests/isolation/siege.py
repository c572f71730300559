"""A board under siege: attackers, a neighbour that must go on, and what there is to steal."""

import asyncio
import contextlib
import itertools
import json
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

from device_runtime.program.limits import Limits
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from tests.isolation.attacker import ENTRY, Prey
from tests.program.running import Program, Recorder, button, program, surroundings, text, view

COUNT = "Page({data: {n: 0}, tap() { this.setData({n: this.data.n + 1}) }, onVoiceIntent() { return 'mine' }})"


class Siege:
    """One zygote for attackers and neighbour."""

    def __init__(self, sessions: Sessions, heard: Recorder, prey: Prey, neighbour: ProgramSession) -> None:
        self.sessions = sessions
        self.heard = heard
        self.prey = prey
        self.neighbour = neighbour
        self.attacks = 0
        self._taps = itertools.count(1)

    async def attack(self, name: str) -> ProgramSession:
        """Start an attacker; it has begun when this returns."""
        self.attacks += 1
        orders = json.dumps({"attack": name, "prey": asdict(self.prey)})
        return await self.sessions.launch(program({"pages/a/a": "Page({})"}, {"attack.json": orders}))

    async def outcome(self, attacker: ProgramSession) -> str:
        """What became of an attack that comes to an end: the reason why the worker was ended, or what it says."""

        def known() -> str | None:
            ended = self.heard.exits.get(attacker.app_id)
            if ended:
                return f"ended: {ended[0]}"
            words = ("won", "refused", "survived")
            return next((line for line in self.heard.lines(attacker) if line.startswith(words)), None)

        return await self.heard.until(known)

    async def tap_the_neighbour(self) -> None:
        """The neighbour answers a tap."""
        wanted = str(next(self._taps))
        self.neighbour.node_event(1, 2, "tap", {}, [], 0.0)
        await self.heard.until(lambda: wanted in self.heard.texts(self.neighbour))


def counting_program() -> Program:
    """It counts taps on its node 2."""
    return program({"pages/a/a": COUNT}, views={"pages/a/a": view(text("n"), button("tap"))})


@contextlib.asynccontextmanager
async def siege(folder: Path, heard: Recorder | None = None) -> AsyncIterator[Siege]:
    """A board with a neighbour that runs, a file and open ports."""
    heard = heard or Recorder()
    secret = folder / "secret.txt"
    secret.write_text("the host's own", encoding="ascii")
    sessions = Sessions(surroundings(heard, Limits(event_seconds=0.25)), ENTRY)
    with contextlib.ExitStack() as stack:
        tcp, udp, unix, abstract = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        )
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        path, name = str(folder / "socket"), f"cygnet-{os.getpid()}-{folder.name}"
        unix.bind(path)
        unix.listen()
        abstract.bind("\0" + name)
        abstract.listen()
        try:
            neighbour = await sessions.launch(counting_program())
            process = neighbour.worker_pid
            assert process is not None
            prey = Prey(os.getpid(), process, str(secret), port, path, name)
            yield Siege(sessions, heard, prey, neighbour)
        finally:
            await sessions.close()
            await asyncio.sleep(0)
