"""Workers that race, and workers that are killed: nothing is handed out twice, nothing is forgotten."""

import os
import signal
import threading
from collections import Counter
from typing import Any

import pytest

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.rollouts import engine
from firmware_tools.fleet.rollouts.store import RolloutStore
from tests.fleet.rollouts.scene import Scene


def test_workers_that_race_hand_each_device_out_once(scene: Scene) -> None:
    scene.publish(1, 2)
    names = scene.enroll(60)
    scene.assign(names, 1)
    number = scene.rollout(stages=["10", "100%"], soak=0)
    told: Counter[str] = Counter()
    stages: list[str] = []
    barrier = threading.Barrier(3)

    def work() -> None:
        database = Database(str(scene.database.url))
        barrier.wait()
        for _ in range(12):
            try:
                with database.transaction() as connection:
                    step = engine.advance(connection, number, scene.now, at_once=7)
            except StorageError:  # another was faster; the next look goes on
                continue
            told.update(step.told)
            stages.extend(line for line in step.said if "begins" in line)
        database.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scene.settle(number)
    told.update(scene.told)
    assert set(told.values()) == {1}, "nobody was told twice"
    assert sorted(told) == scene.who(number, "handed")
    assert len(stages) <= 1


class Killed:
    """What a process does that is killed at a place in the code: in a fork, so that the kill is a real one."""

    def __init__(self, scene: Scene, number: int) -> None:
        self._scene, self._number = scene, number

    def step(self, *, after_commit: bool) -> None:
        child = os.fork()
        if child == 0:
            try:
                database = Database(str(self._scene.database.url))
                with database.transaction() as connection:
                    engine.advance(connection, self._number, self._scene.now, at_once=4)
                    if not after_commit:
                        os.kill(os.getpid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_worker_that_is_killed_in_any_step_leaves_a_rollout_that_goes_on(scene: Scene, after_commit: bool) -> None:
    scene.publish(1, 2)
    names = scene.enroll(10)
    scene.assign(names, 1)
    number = scene.rollout(stages=["2", "100%"], soak=0)
    killed = Killed(scene, number)
    for _ in range(4):
        killed.step(after_commit=after_commit)
        with scene.database.transaction() as connection:
            told = RolloutStore(connection).counts_of([number])[number].get("handed", 0)
        handed = scene.who(number, "handed")
        assert told == len(handed)
        assert {device for device, code in scene.should().items() if code == 2} >= set(handed), "both or neither"
        scene.say(handed)
    scene.obey(number)
    assert scene.get(number).state == "done"
    killed_back: Any = scene.verbs("ada", "abort", number, back=True)
    for _ in range(2):
        killed.step(after_commit=after_commit)
    scene.settle(number)
    assert killed_back.state == "aborted"
    assert scene.should() == dict.fromkeys(names, 1)
    assert scene.states(number) == {"restoring": 10}
