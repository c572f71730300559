"""The gate: what it lets through, and one sentence for each promise that is missed."""

from dataclasses import replace

import pytest

from firmware_tools.training.evaluation.measures import FALSE_ACCEPTS, FLOAT32, hourly, proportion
from firmware_tools.training.examination import Costs, Examination
from firmware_tools.training.gate import judge, passed
from firmware_tools.training.latency import Timing
from firmware_tools.training.macs import Operator, Operators
from tests.training.examinations import CARD, card_of, examination, measures


def missed(found: Examination) -> list[str]:
    return [finding.sentence for finding in judge(found) if not finding.passes]


def test_a_model_that_keeps_every_promise_passes() -> None:
    findings = judge(examination())
    assert passed(findings)
    assert [finding.what for finding in findings] == [
        "accuracy in quiet",
        "false accepts an hour in background",
        "accuracy lost by int8",
        "size",
        "operations",
        "arena",
        "latency with litert on 2 x made up, x86_64",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "value = 0.95",
            "value = 0.98",
            "accuracy in quiet: promised 98.00 %, measured 95.00 %; more than 2.00 % worse",
        ),
        ("value = 1.0", "value = 0.9", "false accepts an hour in background: promised 0.9 an hour, measured 1 an hour"),
        ("samples = 100", "samples = 400", "accuracy in quiet: promised over 400 samples, measured over 100"),
        ('scenario = "quiet"', 'scenario = "at sea"', "accuracy in at sea: promised 0.95, and nothing measures it"),
        ('metric = "accuracy"', 'metric = "beauty"', "beauty in quiet: promised 0.95, and nothing measures it"),
        ('metric = "accuracy"', 'metric = "accuracy"\nvariant = "float32"', "(float32): promised 0.95, and nothing"),
        ("bytes = 40000", "bytes = 38999", "size: promised at most 38,999 bytes, measured 39,000 bytes"),
        ("macs = 3000000", "macs = 1999999", "operations: promised at most 1,999,999 multiply-accumulates, measured"),
        ("arena_bytes = 30000", "arena_bytes = 24999", "arena: promised at most 24,999 bytes, measured 25,000 bytes"),
        ("microseconds = 200", "microseconds = 100", "promised 100 µs, measured 212.0 µs"),
        (
            'backend = "litert"',
            'backend = "abacus"',
            "latency with abacus on 2 x made up, x86_64: promised 200 µs, and",
        ),
    ],
)
def test_each_missed_promise_is_told_in_a_sentence(old: str, new: str, told: str) -> None:
    assert old in CARD
    found = examination(card_of(CARD.replace(old, new, 1)))
    sentences = missed(found)
    assert len(sentences) == 1
    assert told in sentences[0]
    assert not passed(judge(found))


@pytest.mark.parametrize("tolerance", ["0.03", "0.04"])
def test_a_card_says_itself_how_far_off_a_test_may_be(tolerance: str) -> None:
    text = CARD.replace("value = 0.95", f"value = 0.98\ntolerance = {tolerance}", 1)
    assert missed(examination(card_of(text))) == []


@pytest.mark.parametrize("correct", [*range(200, 571, 13), 467])
def test_a_card_that_says_what_was_measured_is_kept_and_shows_the_same_figure_twice(correct: int) -> None:
    """A card rounds to four digits: that is no promise missed, and no reader sees 81.8 beside 81.7."""
    measure = proportion("quiet", "accuracy", correct, 571)
    text = CARD.replace("value = 0.95", f"value = {round(measure.value, 4)}\ntolerance = 0.0", 1)
    found = examination(card_of(text), measures=(measure,))
    (finding,) = (finding for finding in judge(found) if finding.what == "accuracy in quiet")
    assert (finding.state, finding.promised) == ("kept", finding.measured)


def test_a_last_digit_more_than_was_measured_is_missed() -> None:
    measure = proportion("quiet", "accuracy", 467, 571)
    text = CARD.replace("value = 0.95", f"value = {round(measure.value, 4) + 0.0001}\ntolerance = 0.0", 1)
    assert "promised 81.80 %, measured 81.79 %" in missed(examination(card_of(text), measures=(measure,)))[0]


def test_a_card_that_promises_no_accuracy_fails() -> None:
    text = CARD[: CARD.index("# Heard in quiet")]
    assert missed(examination(card_of(text))) == [
        "accuracy: the card promises none; write what was measured into it with --update"
    ]


def test_int8_may_lose_one_point_and_no_more_unless_the_card_says_why() -> None:
    worse = tuple(one for one in measures() if one.variant != FLOAT32)
    worse += (proportion("all", "accuracy", 188, 200, variant=FLOAT32, headline=True),)
    found = examination(measures=worse)
    (sentence,) = missed(found)
    assert sentence == ("accuracy lost by int8: promised at most 1 point, measured 1.50 points (94.00 % to 92.50 %)")
    text = CARD + '[quantization]\npoints_lost = 1.5\nreason = "Narrow layers."\n'
    assert missed(examination(card_of(text), measures=worse)) == []


def test_an_error_rate_that_grows_is_a_loss_too() -> None:
    both = [
        proportion("all", "missed", count, 100, variant=variant, headline=True, lower_is_better=True)
        for variant, count in (("int8", 9), (FLOAT32, 5))
    ]
    (sentence,) = missed(examination(measures=(*measures(), *both)))
    assert sentence.startswith("missed lost by int8: promised at most 1 point, measured 4.00 points")


def test_more_false_accepts_than_promised_fail_and_fewer_do_not() -> None:
    for events, count in ((0, 0), (2, 1)):
        changed = tuple(one for one in measures() if one.metric != FALSE_ACCEPTS)
        changed += (hourly("background", FALSE_ACCEPTS, events, 3600),)
        assert len(missed(examination(measures=changed))) == count


def test_what_was_measured_on_another_machine_says_nothing_here() -> None:
    text = CARD.replace('machine = "2 x made up, x86_64"', 'machine = "a board"').replace("= 200", "= 1")
    findings = judge(examination(card_of(text)))
    assert findings[-1].state == "elsewhere"
    assert passed(findings)


def test_a_missing_tool_fails_unless_it_is_allowed_to() -> None:
    found = examination()
    operators = Operators((Operator("CONV_2D", (1, 8, 8, 4), 2_000_000),))
    reasons = (("arena_bytes", "it is not installed"),)
    timings = (Timing("litert", 212.0, 180.0, 2000),)
    without = replace(found, costs=Costs(39_000, operators, None, timings, reasons, frozenset({"arena_bytes"})))
    assert missed(without) == ["arena: promised at most 30,000 bytes, not measured: it is not installed"]
    assert not passed(judge(without))
    assert passed(judge(without), allow_unmeasured=True)
    broken = replace(found, costs=Costs(39_000, operators, None, timings, reasons))
    assert not passed(judge(broken), allow_unmeasured=True)
