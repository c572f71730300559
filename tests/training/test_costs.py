"""What a model takes: operations counted by hand, the arena by TensorFlow Lite Micro, time by the back ends."""

import math
from pathlib import Path

import pytest

from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.store import ModelStore
from firmware_tools.training import latency
from firmware_tools.training.arena import ArenaError, NoArenaToolError, measure_arena
from firmware_tools.training.macs import CountError, count_operators

WAKE_WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


def model(name: str) -> bytes:
    store = ModelStore()
    return store.read(store.card(name))


def test_the_operations_of_the_digits_are_those_that_one_counts_by_hand() -> None:
    found = count_operators(model("digits"), "digits")
    convolutions = [one for one in found.operators if one.macs]
    by_hand: list[int] = []
    channels = 1
    for one in convolutions:
        if one.name == "CONV_2D" and not by_hand:
            by_hand.append(8 * 8 * one.shape[-1] * 3 * 3 * channels)
        elif one.name == "DEPTHWISE_CONV_2D":
            by_hand.append(one.shape[1] * one.shape[2] * one.shape[3] * 3 * 3)
        elif one.name == "CONV_2D":
            by_hand.append(one.shape[1] * one.shape[2] * one.shape[3] * channels)
        else:
            before = found.operators[found.operators.index(one) - 1]
            by_hand.append(10 * math.prod(before.shape))
        channels = one.shape[-1]
    assert [one.macs for one in convolutions] == by_hand
    assert convolutions[-1].name == "FULLY_CONNECTED"
    assert found.macs == sum(by_hand)


@pytest.mark.parametrize("name", WAKE_WORDS)
def test_what_runs_once_is_told_apart_from_what_runs_each_time(name: str) -> None:
    found = count_operators(model(name), name)
    assert {"VAR_HANDLE", "ASSIGN_VARIABLE"} <= {one.name for one in found.once}
    assert "READ_VARIABLE" in {one.name for one in found.operators}
    assert 10_000 < found.macs < 100_000


@pytest.mark.parametrize("cut", [0, 8, 100, 5000])
def test_a_damaged_file_is_told_in_a_sentence(cut: int) -> None:
    with pytest.raises(CountError, match=r"model broken (is damaged|cannot be counted: this )"):
        count_operators(model("digits")[:cut], "broken")


def test_the_cards_promise_what_is_counted() -> None:
    store = ModelStore()
    for card in store.cards():
        if card.source.format == "tflite" and card.cost.macs:
            content = store.read(card)
            assert (card.cost.bytes, card.cost.macs) == (len(content), count_operators(content, card.name).macs), (
                card.name
            )
        assert card.path.name == CARD_FILE


@pytest.mark.short
def test_the_arena_is_what_tensorflow_lite_micro_took() -> None:
    pytest.importorskip("tflite_micro")
    assert measure_arena(model("digits"), "digits") == ModelStore().card("digits").cost.arena_bytes


@pytest.mark.short
def test_a_file_that_it_does_not_run_is_told_in_a_sentence() -> None:
    pytest.importorskip("tflite_micro")
    with pytest.raises(ArenaError, match="model broken: TensorFlow Lite Micro does not run it"):
        measure_arena(model("digits")[:3000], "broken")


def test_without_the_tool_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(NoArenaToolError, match="pip install tflite-micro"):
        measure_arena(b"", "any")


def test_each_back_end_is_timed_or_says_why_not() -> None:
    found = {timing.backend: timing for timing in latency.time_invocations(model("digits"), "digits")}
    assert set(found) == set(latency.BACKENDS)
    assert any(timing.runs for timing in found.values())
    for timing in found.values():
        if timing.runs:
            assert 0 < timing.minimum <= timing.median
        else:
            assert "not installed" in timing.missing


def test_the_machine_is_named_without_what_changes_from_day_to_day() -> None:
    assert latency.machine_name() == latency.machine_name()
    assert " x " in latency.machine_name()
    assert Path("/proc/sys/kernel/osrelease").read_text().strip() not in latency.machine_name()
