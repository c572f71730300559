"""The same on PostgreSQL, where it is at hand: a few of the tests that SQLite passes."""

from collections.abc import Iterator
from typing import Any

import pytest

from firmware_tools.fleet.database import Database
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
