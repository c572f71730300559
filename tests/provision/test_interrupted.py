"""Ctrl-C while a command works at boards: what writes goes on to its end, what only listens is left at once."""

import os
import signal
import sys
import threading

import pytest

from firmware_tools.cli.board_cable import Done, run_on
from firmware_tools.cli.board_progress import Line
from firmware_tools.provision.trial import await_trial
from tests.flash.ports import flooded_port

pytestmark = pytest.mark.timeout(60)


def _interrupt() -> None:
    """Ctrl-C, as soon as the command waits for its boards."""
    main = threading.main_thread().ident or 0
    while True:
        frame = sys._current_frames().get(main)
        while frame is not None and frame.f_code.co_name != "result":
            frame = frame.f_back
        if frame is not None:
            os.kill(os.getpid(), signal.SIGINT)
            return


def test_ctrl_c_ends_the_wait_for_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[bool] = []

    def work(port: str, _number: int, line: Line) -> Done:
        _interrupt()
        heard.append(await_trial(port, "org.example.py", 100, line.is_over))
        return Done("desk", "", "left")

    with flooded_port() as port, pytest.raises(KeyboardInterrupt):
        run_on([port], work, None, as_json=False)
    assert heard == [False]
    assert "left" in capsys.readouterr().out


def test_what_writes_is_not_torn_by_ctrl_c() -> None:
    done: list[str] = []

    def work(_port: str, _number: int, line: Line) -> Done:
        _interrupt()
        while not line.is_over():
            os.sched_yield()
        done.append("written")
        return Done("desk", "", "written")

    with pytest.raises(KeyboardInterrupt):
        run_on(["here"], work, None, as_json=True)
    assert done == ["written"]
