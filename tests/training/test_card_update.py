"""What ``--update`` writes into a card, and what it leaves as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from device_runtime.inference.card import ModelCard, read_card
from firmware_tools.training.card_update import update_card
from firmware_tools.training.evaluation.measures import hourly, proportion
from firmware_tools.training.examination import Examination, ExaminationError
from firmware_tools.training.gate import judge, passed
from tests.training.examinations import CARD, examination, measures

TEXT = CARD.replace("{labels}", '["yes", "no", "up"]')


def on_disk(folder: Path, text: str = TEXT) -> ModelCard:
    path = folder / "commands" / "card.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return read_card(path)


def test_only_figures_change_and_comments_and_order_stay(tmp_path: Path) -> None:
    card = on_disk(tmp_path)
    changed = tuple(one for one in measures() if one.scenario != "quiet")
    changed += (proportion("quiet", "accuracy", 113, 120, headline=True),)
    said = update_card(examination(card, measures=changed))
    expected = TEXT.replace("value = 0.95   #", "value = 0.9417   #").replace("samples = 100", "samples = 120")
    expected = expected.replace("bytes = 40000", "bytes = 39000", 1).replace("macs = 3000000", "macs = 2000000")
    expected = expected.replace("arena_bytes = 30000", "arena_bytes = 25000").replace("value = 1.0", "value = 1")
    expected = expected.replace("microseconds = 200", "microseconds = 212")
    assert card.path.read_text(encoding="utf-8") == expected
    assert "accuracy in quiet: 0.95 is now 0.9417" in said


def test_a_card_that_was_updated_keeps_its_promises(tmp_path: Path) -> None:
    card = on_disk(tmp_path, TEXT[: TEXT.index("[cost]")])
    found = examination(card, measures=(*measures(), hourly("quiet", "false accepts an hour", 2, 600, headline=True)))
    assert not passed(judge(found))
    update_card(found)
    again = read_card(card.path)
    assert passed(judge(found.against(again)))
    assert [entry.scenario for entry in again.accuracy] == ["all", "quiet", "car-60", "all", "background", "quiet"]
    assert (again.cost.bytes, again.cost.macs, again.cost.arena_bytes) == (39_000, 2_000_000, 25_000)
    # One more in ten minutes is six an hour.
    assert again.accuracy[-1].tolerance == 6.0


def test_a_second_update_changes_nothing(tmp_path: Path) -> None:
    card = on_disk(tmp_path)
    update_card(examination(card))
    before = card.path.read_bytes()
    assert update_card(examination(read_card(card.path))) == []
    assert card.path.read_bytes() == before


def test_an_entry_that_nothing_measures_stays_for_the_gate_to_tell_of(tmp_path: Path) -> None:
    card = on_disk(tmp_path, TEXT.replace('scenario = "quiet"', 'scenario = "at sea"'))
    update_card(examination(card))
    assert read_card(card.path).accuracy[0].value == 0.95


def test_accuracy_on_one_line_is_refused_rather_than_written_wrongly(tmp_path: Path) -> None:
    start, end = TEXT.index("# Heard in quiet"), TEXT.index("[[latency]]")
    line = 'accuracy = [{scenario = "quiet", metric = "accuracy", value = 0.9, samples = 100}]\n'
    card = on_disk(tmp_path, line + TEXT[:start] + TEXT[end:])
    before = card.path.read_bytes()
    with pytest.raises(ExaminationError, match="accuracy must be written as tables of their own"):
        update_card(examination(card))
    assert card.path.read_bytes() == before


def test_what_was_not_measured_is_not_written(tmp_path: Path) -> None:
    found: Examination = examination(on_disk(tmp_path))
    update_card(replace(found, costs=replace(found.costs, arena_bytes=None)))
    assert read_card(found.card.path).cost.arena_bytes == 30_000


def test_a_figure_that_was_missing_stands_with_its_like_and_before_what_is_said_of_the_next(tmp_path: Path) -> None:
    card = on_disk(tmp_path, TEXT.replace("macs = 3000000\n", "").replace("arena_bytes = 30000\n", ""))
    update_card(examination(card))
    text = card.path.read_text(encoding="utf-8")
    assert "bytes = 39000\nmacs = 2000000\narena_bytes = 25000\n\n# Heard in quiet.\n[[accuracy]]" in text
