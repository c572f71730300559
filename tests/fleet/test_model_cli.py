"""`cygnet model publish` and `cygnet fleet model …` as an operator uses them: real processes."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from device_runtime.inference.package import collect_model
from device_runtime.resources import resource_directory
from device_runtime.sync.messages import Reported
from tests.fleet.devices import connected_device
from tests.fleet.packages import small_package
from tests.fleet.test_cli import Operator, Result, init
from tests.inference.model_packages import digits_folder

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path / "fleet")


async def publish(operator: Operator, folder: Path, *arguments: str) -> Result:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware_tools.cli", "model", "publish", str(folder), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "CYGNET_FLEET_HOME": str(operator.home), "COLUMNS": "160"},
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    assert "Traceback" not in err.decode()
    return Result(process.returncode, out.decode(), err.decode())


async def test_a_model_is_published_listed_assigned_and_taken_back(operator: Operator, tmp_path: Path) -> None:
    _, url = await init(operator)
    folder = digits_folder(tmp_path, 3, "numbers")
    async with operator.serving():  # no broker: publishing needs none
        assert "No models yet" in await operator.expect("model", "list")
        told = await publish(operator, folder)
        size = (folder / "digits.tflite").stat().st_size
        assert told == Result(0, f"Model numbers 3.0 (version 3) is published: {size} bytes.\n", "")
        token = operator.home / "operator.token"
        elsewhere = await publish(operator, folder, "--fleet", url, "--token-file", str(token), "--json")
        assert json.loads(elsewhere.out)["new"] is False
        table = await operator.expect("model", "list")
        assert all(word in table for word in ("numbers", "digit-classification", "3.0"))
        (listed,) = json.loads(await operator.expect("model", "list", "--json"))["models"]
        assert (listed["model"], listed["version_code"]) == ("numbers", 3)

        await operator.expect("enroll", "kitchen")
        told_assigned = await operator.expect("model", "assign", "kitchen", "numbers")
        assert told_assigned == "kitchen should have the model numbers 3.0 (version 3).\n"
        devices = await operator.expect("devices")
        assert all(word in devices for word in ("kitchen", "model numbers", "3.0", "waiting"))
        told_unassigned = await operator.expect("model", "unassign", "kitchen", "numbers")
        assert told_unassigned == "kitchen should no longer have the model numbers.\n"
        refused = await operator.run("model", "unassign", "kitchen", "numbers")
        assert (refused.code, refused.err) == (1, "error: model numbers is not assigned to device kitchen\n")


async def test_a_published_version_stays_what_it_is_and_versions_rise(operator: Operator, tmp_path: Path) -> None:
    await init(operator)
    async with operator.serving():
        assert (await publish(operator, digits_folder(tmp_path / "a", 3, "numbers"))).code == 0
        same = await publish(operator, digits_folder(tmp_path / "b", 3, "numbers", said="now"))
        sentence = (
            "model numbers cannot be published as version 3: version 3 (3.0) is published with other content; "
            "set version.code in its card.toml to 4 or more and publish again"
        )
        assert (same.code, same.err) == (1, f"error: {sentence}\n")
        lower = await publish(operator, digits_folder(tmp_path / "c", 2, "numbers"))
        assert "as version 2: version 3 (3.0) is published already; set version.code in its card.toml" in lower.err
        assert len(json.loads(await operator.expect("model", "list", "--json"))["models"]) == 1


def wrong_card(folder: Path) -> None:
    card = folder / "card.toml"
    card.write_text(card.read_text().replace("shape = [1, 8, 8, 1]", "shape = [1, 9, 9, 1]"))


def noise(folder: Path) -> None:
    card, file = folder / "card.toml", folder / "digits.tflite"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) * 64)
    card.write_text(card.read_text().replace(before, hashlib.sha256(file.read_bytes()).hexdigest()))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(wrong_card, "has the shape [", id="another shape than the card's"),
        pytest.param(noise, "numbers", id="no model in the file"),
        pytest.param(lambda folder: (folder / "digits.tflite").unlink(), "cannot be read", id="no file"),
        pytest.param(lambda folder: (folder / "card.toml").write_text("x"), "not TOML", id="no card"),
        pytest.param(lambda _folder: None, "no fleet lives in", id="no fleet"),
    ],
)
async def test_what_no_device_would_take_is_refused_before_it_leaves(
    operator: Operator, tmp_path: Path, spoil: object, sentence: str
) -> None:
    folder = digits_folder(tmp_path, 1, "numbers")
    spoil(folder)  # type: ignore[operator]
    refused = await publish(operator, folder)
    assert refused.code == 1
    assert refused.err.startswith("error: ")
    assert sentence in refused.err
    assert refused.err.count("\n") == 1


async def test_a_card_that_nobody_filled_in_is_not_published(operator: Operator, tmp_path: Path) -> None:
    folder = digits_folder(tmp_path, 1, "numbers")
    card = (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(re.sub('licence = ".*"', 'licence = "TODO: as SPDX names it"', card))
    refused = await publish(operator, folder)
    assert refused.code == 1
    assert refused.err.endswith("card.toml still says TODO of licence; fill it in, then publish\n")


async def test_a_model_that_a_package_of_python_carries_is_not_for_the_fleet(operator: Operator) -> None:
    refused = await publish(operator, resource_directory("models") / "okay_nabu")
    assert (refused.code, "is carried by the package pymicro-wakeword" in refused.err) == (1, True)


async def test_every_model_of_the_zoo_that_lies_beside_its_card_could_be_published(tmp_path: Path) -> None:
    for card in resource_directory("models").glob("*/card.toml"):
        if (card.parent / f"{card.parent.name}.tflite").exists():
            copy = shutil.copytree(card.parent, tmp_path / card.parent.name)
            assert set(collect_model(copy)) == {"card.toml", f"{card.parent.name}.tflite"}


async def test_an_operator_hears_what_a_board_cannot_take(operator: Operator, tmp_path: Path) -> None:
    broker, _ = await init(operator)
    package = tmp_path / "lamp.ma"
    package.write_bytes(small_package(models=["numbers", "alarms"]))
    async with operator.serving("--with-broker"):
        await publish(operator, digits_folder(tmp_path, 1, "numbers"))
        await operator.expect("publish", str(package))
        await operator.expect("enroll", "kitchen")
        told = await operator.expect("assign", "kitchen", "org.example.lamp")
        assert "  with the model numbers 1.0\n" in told
        assert "note: org.example.lamp asks for the model alarms, which this fleet does not have; publish it" in told

        await operator.expect("enroll", "pico-1", "--mac", "--json")
        told = await operator.expect("assign", "pico-1", "org.example.lamp")
        assert "note: device pico-1 takes no models from its fleet: it is a microcontroller" in told
        refused = await operator.run("model", "assign", "pico-1", "numbers")
        assert "error: device pico-1 takes no models from its fleet: it is a microcontroller" in refused.err

        await operator.expect("enroll", "hall")
        async with connected_device("north", "hall", broker) as device:
            await device.report(Reported(1, 0, "speaker", "0.1.0", {}))  # by a Cygnet from before there were models
            shown = await operator.expect("devices")
            async with asyncio.timeout(60):
                while "speaker" not in await operator.expect("devices", "--json"):
                    continue  # each look takes its time
        refused = await operator.run("model", "assign", "hall", "numbers")
        assert "or its Cygnet is older than this and has to be updated" in refused.err
        assert "unsupported: device pico-1 takes no models" in " ".join(shown.split())
