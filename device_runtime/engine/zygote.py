"""The zygote: a process that has imported everything and forks one worker a request.

The host starts it with ``python -m device_runtime.engine.zygote MODULE:FUNCTION DESCRIPTOR BARRIERS MEMORY
[ARGUMENT...]``. The function is called once before any fork with those arguments, and returns the worker's body, which
is called in each child with its socket. BARRIERS are names of :mod:`device_runtime.engine.isolation.confine` with
commas between, MEMORY the bytes that a worker may have. The descriptor is one end of a ``SOCK_SEQPACKET`` pair; every
message on it is JSON:

- host to zygote: ``{"fork": n}`` with the worker's socket attached (SCM_RIGHTS);
- zygote to host: ``{"ready": pid, "missing": {barrier: reason}}`` once, ``{"forked": n, "pid": pid, "companion": pid}``
  (null without one), ``{"exited": n, "pid": pid, "status": status}`` with the status of ``waitpid``, and
  ``{"gone": pid}`` of a companion.

When the host's end closes, the zygote exits, and its workers die with it (PR_SET_PDEATHSIG).
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.holes import fill_holes
from device_runtime.engine.isolation.confine import Confinement
from device_runtime.engine.warming import Run, copy_pages, learn_pages

MESSAGE_BYTES = 4096


class Zygote:
    """The loop of the zygote process: it forks, reaps and reports, and does nothing else."""

    def __init__(self, control: socket.socket, body: WorkerBody, confinement: Confinement, pages: list[Run]) -> None:
        self._control = control
        self._body = body
        self._pages = pages
        self._confinement = confinement
        self._children: dict[int, int] = {}
        self._companions: dict[int, int] = {}
        self._pid = os.getpid()

    def run(self) -> None:
        """Serve until the host closes its end."""
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Workers inherit all three, which is less to do after a fork; they have no children to hear of.
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the host, which then closes us
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._send({"ready": self._pid, "missing": self._confinement.missing})
        while True:
            readable, _, _ = select.select([self._control.fileno(), woken], [], [])
            if woken in readable:
                os.read(woken, 4096)
                self._reap()
            if self._control.fileno() in readable and not self._serve():
                return

    def _send(self, message: dict[str, Any]) -> None:
        self._control.sendall(json.dumps(message).encode())

    def _serve(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 1)
        if not data:
            return False
        number = json.loads(data)["fork"]
        companion, link = (None, None) if self._body.companion is None else self._start_companion()
        pid = os.fork()
        if pid == 0:
            self._become_worker(descriptors[0], link)
        for descriptor in descriptors:
            os.close(descriptor)
        self._children[pid] = number
        if companion is not None and link is not None:
            os.close(link)
            self._companions[pid] = companion
        self._send({"forked": number, "pid": pid, "companion": companion})
        return True

    def _start_companion(self) -> tuple[int, int]:
        """The companion of the next worker: its process, and the descriptor that leads to it."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                self._confinement.become_companion(theirs.detach())
            finally:
                os._exit(1)
        theirs.close()
        return pid, ours.detach()

    def _reap(self) -> None:
        while self._children or self._companions:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid not in self._children:  # a companion; its worker sees that it has gone
                self._companions = {worker: other for worker, other in self._companions.items() if other != pid}
                self._send({"gone": pid})
                continue
            companion = self._companions.pop(pid, None)
            if companion is not None:
                os.kill(companion, signal.SIGKILL)
            self._send({"exited": self._children.pop(pid), "pid": pid, "status": status})

    def _become_worker(self, descriptor: int, link: int | None) -> NoReturn:
        status = 1
        try:
            copy_pages(self._pages)
            signal.set_wakeup_fd(-1)
            # Objects that own descriptors must not close them again behind confine()'s back.
            self._control.detach()
            # Told what it is, the socket asks the kernel nothing.
            first = self._confinement.confine(descriptor, link)
            worker = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, first)
            if link is None:
                self._body.run(worker)
            else:
                self._body.run(worker, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, first + 1))
            status = 0
        finally:
            # No exit handlers: they belong to the zygote. What went wrong was said as an Exit frame by the body.
            os._exit(status)


def main(arguments: list[str]) -> int:
    """Import what workers run, freeze the heap, and serve."""
    module, _, function = arguments[0].partition(":")
    # A host with many open files hands over a high number; here it gets the lowest, so that all are below
    # MOST_DESCRIPTORS, to which confine() closes.
    control = socket.socket(fileno=os.dup(int(arguments[1])))
    os.close(int(arguments[1]))
    body: WorkerBody = getattr(importlib.import_module(module), function)(*arguments[4:])
    confinement = Confinement(arguments[2].split(","), int(arguments[3]), body.companion, body.threads, body.courtesy)
    gc.collect()
    gc.freeze()
    fill_holes()
    pages = learn_pages(body)
    confinement.enter()
    with contextlib.suppress(ConnectionError):  # the host has gone without reading all that was said to it
        Zygote(control, body, confinement, pages).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
