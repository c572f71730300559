"""The same on PostgreSQL, where it is at hand: a few of the tests that SQLite passes."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError
from firmware_tools.fleet.rollouts.retention import prune_some
from tests.fleet.rollouts.scene import Scene
from tests.fleet.rollouts.test_engine import (  # noqa: F401 - collected here once more
    test_a_program_that_is_stopped_while_it_is_watched_has_failed,
    test_a_rolled_back_device_gets_what_it_had_and_one_that_had_nothing_gets_nothing,
    test_late_joiners,
    test_the_emergency_stop_takes_back_what_has_not_switched_and_lets_nothing_out,
    test_three_stages_go_one_after_the_other_and_each_contains_the_one_before,
    test_two_rollouts_of_one_program_are_refused_or_the_newer_takes_the_devices,
)
from tests.fleet.rollouts.test_kinds import (  # noqa: F401
    models,
    test_a_model_goes_to_those_that_take_models_and_comes_back_when_it_is_rolled_back,
    test_a_runtime_goes_to_microcontrollers,
)
from tests.fleet.rollouts.test_query import four, test_the_database_takes_what_the_tree_says  # noqa: F401
from tests.fleet.rollouts.test_races import test_workers_that_race_hand_each_device_out_once  # noqa: F401
from tests.fleet.rollouts.test_retention import (  # noqa: F401
    DAY,
    DAYS,
    document,
    ended,
    test_an_old_rollout_loses_its_devices_a_portion_at_a_time_and_keeps_what_became_of_them,
    test_an_older_rollout_that_goes_on_leaves_the_devices_alone_that_a_newer_old_one_served,
)

pytest.importorskip("psycopg")
postgres = pytest.importorskip("tests.postgres", reason="no PostgreSQL of the tests' own")
pytestmark = pytest.mark.xdist_group("rollouts-postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with postgres.running_postgres() as running:
        yield running


@pytest.fixture
def scene(server: Any) -> Iterator[Scene]:
    database = Database(server.url())
    yield Scene(database)
    database.close()


def test_of_several_that_prune_while_somebody_rolls_back_all_see_one_order(scene: Scene) -> None:
    """Whoever comes first has it whole: either all devices get back what they had, or it is refused."""
    scene.publish(1, 2)
    names = scene.enroll(60)
    scene.assign(names, 1)
    number = ended(scene, count=60)
    scene.now += (DAYS + 1) * DAY
    gone: list[int] = []
    back: list[bool] = []

    def give_up() -> None:
        database = Database(scene.database.url)
        while True:
            with database.transaction() as connection:
                count = prune_some(connection, DAYS, scene.now, 7)
            if not count:
                break
            gone.append(count)
        database.close()

    def roll_back() -> None:
        try:
            scene.verbs("ada", "abort", number, back=True)
            back.append(True)
        except ConflictError:
            back.append(False)

    threads = [threading.Thread(target=work) for work in (give_up, roll_back, give_up)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scene.settle(number)
    if back == [True]:
        assert not gone
        assert scene.should() == dict.fromkeys(names, 1)
    else:
        assert back == [False]
        assert sum(gone) == 60
        assert document(scene, number)["counts"] == {"good": 59, "failed": 1}
        assert scene.should() == dict.fromkeys(names, 2)
