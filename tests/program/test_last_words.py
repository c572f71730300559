"""Why a program ended is heard, whatever the host was busy with, and whatever was sent to it that it did not read."""

import asyncio
import socket

from device_runtime.engine.frames import Event, Exit, Frame, Log, encode_frame
from device_runtime.engine.workers import WorkerFactory, WorkerProcess
from device_runtime.program.limits import Limits
from device_runtime.program.session import ProgramSession
from tests.program.running import Recorder, program, surroundings

REASON = "it needs more than the 24 MB it may have"
LINES = 15
"""With ``ready`` more messages than a tenth of a second's: the host takes no more for a moment."""


class Process(WorkerProcess):
    """No process at all."""

    def kill(self) -> None:
        if not self.ended.done():
            self.ended.set_result(0)


class Workers(WorkerFactory):
    """One worker, which reads nothing and says much."""

    def __init__(self) -> None:
        super().__init__("none")
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

    async def start_worker(self) -> WorkerProcess:
        self.ours.setblocking(False)
        self.say(Event("ready", {}), *(Log("log", str(number), "") for number in range(1, LINES + 1)))
        return Process(0, self.ours, asyncio.get_running_loop().create_future())

    def say(self, *frames: Frame) -> None:
        self.theirs.sendall(b"".join(map(encode_frame, frames)))


class Listener(Recorder):
    """Has the worker say its last words when the host has heard the last line, and before it takes anything more."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self._workers = workers

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        super().on_log(app_id, level, text, source)
        if text == str(LINES):
            self._workers.say(Log("error", f"the program is ended: {REASON}", ""), Exit(REASON))
            self._workers.theirs.close()  # with the launch unread, so that the kernel resets the connection


async def test_why_it_ended_is_heard_though_the_connection_was_reset_while_the_host_let_it_wait() -> None:
    workers = Workers()
    listener = Listener(workers)
    session = ProgramSession(program({"pages/a/a": ""}), workers, surroundings(listener, Limits(messages_a_second=100)))
    await session.start()
    assert await listener.exit(session) == REASON
    assert listener.errors(session) == [(f"the program is ended: {REASON}", "")]
