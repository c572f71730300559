"""Schemathesis finds nothing: in short here, at length with ``make api-fuzz``."""

import re
from pathlib import Path

import pytest

from firmware_tools.fleet.server import describe_api
from tests.fleet.api.fuzzing import fuzz

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]


async def test_every_request_of_the_description_and_just_beside_it_is_answered_as_described(tmp_path: Path) -> None:
    """The same requests each time: every value of an enum, every bound and just beyond it, every method that is not
    there, each without the token, and some that follow from answers."""
    phases = ("--phases", "examples,coverage,stateful", "--max-examples", "5")
    code, said = await fuzz(tmp_path, describe_api(), [*phases, "--generation-deterministic", "--no-shrink"])
    assert code == 0, said[:20_000]
    made = re.search(r"([0-9]+) generated, ([0-9]+) passed", said)
    assert made, said
    assert int(made[1]) == int(made[2]) > 500
    assert "401" not in said, "the token did not reach the fleet"


async def test_schemathesis_finds_an_answer_that_is_not_as_described(tmp_path: Path) -> None:
    document = describe_api()
    document["components"]["schemas"]["FleetDocument"]["properties"].pop("now")
    code, said = await fuzz(tmp_path, document, ["--include-path", "/api/fleet", "--phases", "coverage"])
    assert code == 1
    assert "Response violates schema" in said, said
