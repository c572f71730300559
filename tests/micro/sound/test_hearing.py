"""What a model hears on a board, beside what it hears on Linux: the same words at the same moments."""

from pathlib import Path

import pytest

from device_runtime.inference.backend import find_backend
from device_runtime.inference.card import CARD_FILE, parse_card
from device_runtime.inference.listening import SoundClassifier
from device_runtime.inference.sounds import sound_settings
from device_runtime.inference.store import ModelStore
from firmware_tools.build.portable.models import board_models
from tests.micro.board import run_json
from tests.voice.sounds import silence, spoken

_ROOT = Path(__file__).parents[3]
_STORE = ModelStore()
_SCRIPT = """
import json
from micro.inference.model import Model
from micro.sound.frontend import Frontend
from micro.sound.hearing import Hearing
with open(given["card"], "rb") as file:
    card, table = json.loads(file.readline()), file.read()
frontend, hearing, heard = Frontend(), Hearing(Model(given["model"]), card, table), []
with open(given["sound"], "rb") as sound:
    while sound.readinto(frontend.step) == len(frontend.step):
        if frontend.advance():
            found = hearing.take(frontend.row)
            if found: heard.append(found)
answer(heard)
"""


def model_and_card(name: str) -> tuple[bytes, str]:
    if name == "on_off":
        folder = _ROOT / "examples" / "keyword_lamp" / "models"
        return (folder / "on_off.tflite").read_bytes(), (folder / "on_off.toml").read_text()
    card = _STORE.card(name)
    return _STORE.read(card), (card.path.parent / CARD_FILE).read_text()


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize(
    ("name", "said"), [("on_off", ("on", "off", "what time is it", "on")), ("okay_nabu", ("okay nabu", "okay nabu"))]
)
def test_the_same_is_heard_at_the_same_moments(
    request: pytest.FixtureRequest, bits: int, name: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    content, text = model_and_card(name)
    pcm = silence(1.5) + b"".join(spoken(each) for each in said)
    card = parse_card(text, Path(f"{name}.toml"), name, with_source=False)
    expected = SoundClassifier(find_backend("reference").load(content, name), sound_settings(card)).feed(pcm)
    labels = card.labels or (card.text("phrase"),)
    assert [each.label for each in expected] == [each for each in said if each in labels]
    entries = {f"models/{name}.tflite": content, f"models/{name}.toml": text.encode()}
    made = board_models(entries).entries
    given = {"sound": str(tmp_path / "sound.pcm")}
    (tmp_path / "sound.pcm").write_bytes(pcm)
    for kind, suffix in (("model", ".cgm"), ("card", ".card")):
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(made[f"models/{name}{suffix}"])
        given[kind] = str(path)
    port: str = request.getfixturevalue("micropython" if bits == 64 else "micropython_32")
    heard = run_json(port, _SCRIPT, given, tmp_path)
    assert [each[0] for each in heard] == [each.label for each in expected]
    assert [each[2] for each in heard] == pytest.approx([each.seconds for each in expected])
    # The reference kernels and a board's agree to the bit; a board's floats have 23 of them.
    assert [each[1] for each in heard] == pytest.approx([each.probability for each in expected], rel=1e-5)


def test_the_first_sounds_are_nobody_s_word(tmp_path: Path) -> None:
    content, text = model_and_card("on_off")
    card = parse_card(text, Path("on_off.toml"), "on_off", with_source=False)
    classifier = SoundClassifier(find_backend("reference").load(content, "on_off"), sound_settings(card))
    assert classifier.feed(silence(3)) == []
    classifier.reset()
    assert classifier.feed(silence(3)) == []
