"""``cygnet fleet simulate``, as somebody at a terminal uses it."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.fleet.test_cli import Operator, init, operator

__all__ = ["operator"]


async def test_devices_live_through_rough_weather_and_come_into_step(operator: Operator, tmp_path: Path) -> None:
    broker, _ = await init(operator)
    assert broker
    options = ("--devices", "4", "--seconds", "4", "--records", "0.5", "--json")
    async with operator.serving("--with-broker"):
        told = await operator.expect(
            "simulate", *options, "--weather", "rough", "--set", "cuts=3000", "--set", "delay=0.05"
        )
        lines = [json.loads(line) for line in told.splitlines()]
        assert lines[-1]["devices"] == lines[-1]["online"] == lines[-1]["in_step"] == 4
        assert lines[-1]["recorded"] > 0 == lines[-1]["waiting"]
        assert lines[-1]["cuts"] > 0
        devices = json.loads(await operator.expect("devices", "--json"))["devices"]
        assert [device["id"] for device in devices] == [f"sim-{number:05}" for number in range(1, 5)]


async def test_ctrl_c_ends_it_in_order(operator: Operator) -> None:
    await init(operator)
    async with operator.serving("--with-broker"):
        process = await operator.start("simulate", "--devices", "2", "--seconds", "0", "--json")
        assert process.stdout
        line = await process.stdout.readline()
        while json.loads(line)["in_step"] < 2:
            line = await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, err) == (0, b"")
        assert json.loads(out.splitlines()[-1])["waiting"] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--set", "rain=1"), "a weather has no 'rain'; it has ahead, behind, cuts, dark"),
        (("--set", "loss=2"), "loss of a weather is a share from 0 to 1, not 2"),
        (("--set", "cuts=-1"), "cuts of a weather is a number from 0 on, not -1"),
        (("--set", "cuts"), "--set takes NAME=VALUE with a number, such as loss=0.1, not 'cuts'"),
        (("--set", "cuts=nan"), "cuts of a weather is a number from 0 on, not nan"),
        ((), "no fleet answers at"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(
    operator: Operator, options: tuple[str, ...], sentence: str
) -> None:
    await init(operator)
    result = await operator.run("simulate", "--devices", "1", *options)
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert sentence in result.err
