"""Synthesisers: they really speak, the same each time, and nobody speaks through two makes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.synthesis import MAKES, PEAK, RATE, Manner, Synthesiser, SynthesisError, find_synthesiser
from firmware_tools.training.synthesis.conversation import Conversation
from firmware_tools.training.synthesis.pico import Pico
from firmware_tools.training.synthesis.synthesiser import tidy

LANGUAGES = {"en": "louder", "cmn": "播放"}
ROOT = Path(__file__).parents[2]


def installed(make: str) -> Synthesiser:
    synthesiser = find_synthesiser(make)
    try:
        synthesiser.version()
    except SynthesisError as error:
        pytest.skip(str(error))
    return synthesiser


def spoken(make: str) -> tuple[Synthesiser, str, str]:
    """A make, its first voice, and a text in its language."""
    synthesiser = installed(make)
    for language, text in LANGUAGES.items():
        if voices := synthesiser.voices(language):
            try:
                synthesiser.say(text, voices[0])
            except SynthesisError as error:
                if "run: " not in str(error):
                    raise
                pytest.skip(str(error))  # what it needs beside itself
            return synthesiser, voices[0], text
    raise AssertionError(f"{make} speaks none of {list(LANGUAGES)}")


@pytest.mark.parametrize("make", MAKES)
def test_a_make_speaks_at_the_labs_rate_and_level_without_silence_around(make: str) -> None:
    synthesiser, voice, text = spoken(make)
    sound = synthesiser.say(text, voice)
    assert sound.dtype == np.float32
    assert 0.15 * RATE < len(sound) < 1.5 * RATE
    assert np.abs(sound).max() == pytest.approx(PEAK, abs=0.01)
    edge = RATE // 20
    assert np.abs(sound[:edge]).max() > 0.001
    assert np.abs(sound[-edge:]).max() > 0.001


def test_pico_speaks_where_tensorflow_is_loaded_too() -> None:
    """In one process with it, py-nanotts ends in a segmentation fault."""
    installed("pico")
    script = (
        "import tensorflow\n"
        "from firmware_tools.training.synthesis import find_synthesiser\n"
        "pico = find_synthesiser('pico')\n"
        "print([len(pico.say('louder', voice)) > 1600 for voice in pico.voices('cmn')])\n"
    )
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[True, True, True, True]\n"), done.stderr[-500:]


def test_what_pico_cannot_load_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "py_nanotts.py").write_text("raise ImportError('no such\\nlibrary')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(Pico, "version", lambda _: "py-nanotts")
    with pytest.raises(SynthesisError, match=r"pico cannot say 'yes' as en-US: .*: no such library; run: pip install"):
        Pico().say("yes", "en-US")


@pytest.mark.parametrize("make", MAKES)
def test_a_make_says_it_faster_when_asked_to(make: str) -> None:
    synthesiser, voice, text = spoken(make)
    slow, fast = (len(synthesiser.say(text, voice, Manner(tempo))) for tempo in (0.75, 1.5))
    assert slow > 1.25 * fast


@pytest.mark.parametrize("make", [make for make in MAKES if find_synthesiser(make).bends_pitch])
def test_a_make_that_bends_pitch_raises_it(make: str) -> None:
    synthesiser, voice, text = spoken(make)

    def pitch(factor: float) -> float:
        sound = synthesiser.say(text, voice, Manner(1.0, factor)).astype(np.float64)
        size = 1 << (2 * len(sound) - 1).bit_length()
        correlation = np.fft.irfft(np.abs(np.fft.rfft(sound, size)) ** 2)
        least, most = RATE // 400, RATE // 60
        return RATE / (least + int(np.argmax(correlation[least:most])))

    assert pitch(1.4) > 1.1 * pitch(1.0)


SAY = """
import hashlib, sys
from firmware_tools.training.synthesis import Manner, find_synthesiser
make, before, text = sys.argv[1:]
synthesiser = find_synthesiser(make)
voices = synthesiser.voices("en") or synthesiser.voices("cmn")
for number in range(int(before)):
    synthesiser.say(text, voices[-1 - number % len(voices)], Manner(1.0 + number / 10))
print(hashlib.sha256(synthesiser.say(text, voices[0], Manner(1.1, 1.1)).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("make", MAKES)
def test_the_same_words_are_the_same_bytes_in_every_process_and_whatever_was_said_before(make: str) -> None:
    _, _, text = spoken(make)
    found = set()
    for before in ("0", "3"):
        done = subprocess.run(
            [sys.executable, "-c", SAY, make, before, text], capture_output=True, text=True, check=True, cwd=ROOT
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_no_speaker_speaks_through_two_makes() -> None:
    owners: dict[str, str] = {}
    for make in MAKES:
        synthesiser = installed(make) if make == "espeak-ng" else find_synthesiser(make)
        for language in LANGUAGES:
            for voice in synthesiser.voices(language):
                assert owners.setdefault(synthesiser.speaker(voice), make) == make


def test_espeak_has_the_voices_of_many_people_in_both_languages_and_none_that_breathes() -> None:
    espeak = installed("espeak-ng")
    for language in LANGUAGES:
        voices = espeak.voices(language)
        assert len({espeak.speaker(voice) for voice in voices}) == len(voices) > 60
        assert not any(voice.endswith(("+f2", "+whisper", "+Alicia")) for voice in voices)
    assert find_synthesiser("festival").voices("cmn") == ()


@pytest.mark.parametrize(
    ("make", "program", "advice"),
    [
        ("flite", "flite", "apt-get install flite"),
        ("festival", "festival", "apt-get install festival festvox-kdlpc16k"),
        ("gnuspeech", "node", "apt-get install nodejs"),
    ],
)
def test_what_is_missing_is_said_with_what_to_install(
    make: str, program: str, advice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SynthesisError, match=f"{program}, which is not installed; run: {advice}"):
        find_synthesiser(make).version()


def test_packages_of_npm_that_were_not_fetched_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda program: f"/bin/{program}")
    with pytest.raises(SynthesisError, match=r"gnuspeech are not in .*; run: deploy/voices.sh"):
        find_synthesiser("gnuspeech").version()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda: find_synthesiser("parrot"), "no synthesiser 'parrot'; there are espeak-ng, festival"),
        (lambda: Manner(3.0), "tempo is changed by 0.5 to 2, not by 3.0"),
        (lambda: Manner(1.0, 0.1), "pitch is changed by 0.5 to 2, not by 0.1"),
        (lambda: find_synthesiser("flite").say("yes", "nobody"), "flite has no voice 'nobody'; it has kal16"),
        (lambda: find_synthesiser("festival").say('") (quit) ("', "ked"), "festival says Latin letters"),
        (lambda: tidy(bytes(3200), RATE, "nobody"), "nobody gave no sound"),
        (lambda: tidy(b"", RATE, "nobody"), "nobody gave no sound"),
    ],
)
def test_faults_are_sentences(what: object, sentence: str) -> None:
    assert callable(what)
    with pytest.raises(DatasetError, match=sentence.replace("(", r"\(")):
        what()


def test_an_unknown_variant_of_espeak_is_refused() -> None:
    with pytest.raises(SynthesisError, match="no voice 'en-us/nobody'"):
        installed("espeak-ng").say("yes", "en-us/nobody")


def test_a_program_that_ends_is_said_and_not_waited_for() -> None:
    program = Conversation("a parrot", [sys.executable, "-c", "input()"])
    with pytest.raises(SynthesisError, match="a parrot ended when it was asked for 'polly'"):
        program.ask("polly")
    assert not program.usable


def test_a_program_that_does_not_start_is_said() -> None:
    with pytest.raises(SynthesisError, match="a parrot does not start"):
        Conversation("a parrot", ["/nonexistent/parrot"])


@pytest.mark.parametrize("make", ["hibari", "piper"])
def test_one_person_says_it_in_several_accents(make: str) -> None:
    synthesiser = installed(make)
    voices = synthesiser.voices("en")
    assert len({synthesiser.speaker(voice) for voice in voices}) == 1
    try:
        said = {synthesiser.say("go", voice).tobytes() for voice in voices}
    except SynthesisError as error:
        if "run: " not in str(error):
            raise
        pytest.skip(str(error))
    assert len(said) == len(voices) == 3
    with pytest.raises(SynthesisError, match="is used with the voice"):
        synthesiser.say("go", f"{voices[0]}+en-martian")
