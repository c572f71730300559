"""The models of a device as its fleet's side meets them."""

from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from device_runtime.host.fleet_models import FleetModels
from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelStore
from device_runtime.keys import key_ring
from device_runtime.sync.messages import ModelTarget
from tests.inference.model_packages import KEY, digits_package

TRUSTED = key_ring([KEY.public_key()])
TARGET = ModelTarget(2, "2.0", "0" * 64, 1)


async def passes(_card: ModelCard, _content: bytes) -> None:
    """Any model will do."""


def package(tmp_path: Path, code: int) -> Path:
    path = tmp_path / f"package-{code}"
    path.write_bytes(digits_package(code))
    return path


async def test_a_device_without_a_runtime_for_models_says_why_it_takes_none(tmp_path: Path) -> None:
    models = FleetModels(tmp_path / "models", TRUSTED)
    sentence = "this device runs no models, only programs: no runtime for models is installed; install one with: pip"
    assert models.unusable().startswith(sentence)
    with pytest.raises(CygnetError, match=sentence):
        await models.install(package(tmp_path, 2), "digits", TARGET)
    models.use(passes)
    assert models.unusable() == ""
    await models.install(package(tmp_path, 2), "digits", TARGET)
    assert {name: model.version_code for name, model in models.installed().items()} == {"digits": 2}
    assert models.store.card("digits").version.code == 2


async def test_what_came_with_the_device_is_told_if_its_file_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(FleetModels(tmp_path / "a", TRUSTED).built_in()) == {card.name for card in ModelStore().cards()}
    monkeypatch.setattr("sys.path", [])  # where packages of Python are found
    here = FleetModels(tmp_path / "b", TRUSTED).built_in()
    assert set(here) == {card.name for card in ModelStore().cards() if not card.source.package}
    assert here["digits"] == ModelStore().card("digits").version


async def test_a_model_damaged_on_the_disk_is_told_once(tmp_path: Path) -> None:
    models = FleetModels(tmp_path / "models", TRUSTED)
    models.use(passes)
    await models.install(package(tmp_path, 2), "digits", TARGET)
    (file,) = (tmp_path / "models" / "versions").glob("*/digits/digits.tflite")
    file.write_bytes(b"")
    again = FleetModels(tmp_path / "models", TRUSTED)
    assert "digits" in again.take_faults()["digits"]
    assert again.take_faults() == {}
    assert again.store.card("digits").version.code == 1
