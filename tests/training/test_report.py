"""The report: one file that needs nothing else, and says everything in words, too."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from firmware_tools.training.evaluation.measures import Confusion, Example
from firmware_tools.training.examination import Examination
from firmware_tools.training.gate import judge
from firmware_tools.training.report.index import Outcome, index_page
from firmware_tools.training.report.page import report_page
from tests.training.examinations import CARD, card_of, examination

_VOID = {"meta", "link", "br", "img", "wbr", "input", "rect", "line", "circle", "path", "polygon", "polyline"}
HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "javascript:alert(1)", "a\u202eb&amp;")


class Page(HTMLParser):
    """What is in a page: tags with their attributes, and whether each that was opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += "" if tag == "wbr" else " "
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(found: Examination) -> Page:
    return Page(report_page(found, judge(found)))


def test_every_tag_is_closed_and_nothing_is_fetched_from_elsewhere() -> None:
    page = page_of(examination())
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "form", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}:
                assert value is not None
                assert value.startswith(("data:image/png;base64,", "data:audio/wav;base64,", "#"))
    text = report_page(examination(), judge(examination()))
    assert "url(" not in text
    assert "@import" not in text


def test_what_was_measured_is_there_in_words() -> None:
    text = " ".join(page_of(examination()).text.split())
    for said in (
        "Passed", "All 7 promises of the model's card are kept", "Accuracy by scenario", "car-60", "90.0 %",
        "82.6 to 94.5 %", "False accepts an hour", "Accuracy against noise", "What is taken for what",
        "What quantisation costs", "Signal over error, layer by layer", "net/conv", "Its worst mistakes",
        "yes was taken for no", "flite", "39.0 KB", "25.0 KB", "Every promise of the card", "2 x made up, x86_64",
        "Made up.", "Python 3.11", "it is not installed",
    ):  # fmt: skip
        assert said in text, said


def test_a_missed_promise_stands_at_the_top() -> None:
    found = examination(card_of(CARD.replace("bytes = 40000", "bytes = 1000", 1)))
    text = " ".join(page_of(found).text.split())
    assert "Missed 1 of 7 promises of the model's card is not kept: size: promised at most 1,000 bytes" in text


def test_hostile_labels_and_names_stay_text() -> None:
    count = len(HOSTILE)
    counts = tuple(tuple(1 for _ in range(count)) for _ in range(count))
    found = examination(
        card_of(labels=HOSTILE),
        confusions=(Confusion(HOSTILE, counts),),
        worst=(Example(HOSTILE[0], HOSTILE[1], 0.9, HOSTILE[2], HOSTILE[0], b"", np.eye(8, dtype=np.float32)),),
        facts=((HOSTILE[0], HOSTILE[1]),),
    )
    found = replace(found, machine=HOSTILE[0], versions=((HOSTILE[1], HOSTILE[0]),))
    page = page_of(found)
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert not [value for _, attributes in page.tags for name, value in attributes.items() if name.startswith("on")]
    assert all((attributes["src"] or "").startswith("data:") for tag, attributes in page.tags if tag == "img")
    assert HOSTILE[0] in page.text
    assert "\u202e" not in page.text


def test_a_model_of_which_little_is_known_has_a_page_too() -> None:
    found = examination(
        measures=(), curves=(), confusions=(), groups=(), worst=(), series=(), facts=()
    )  # fmt: skip
    found = replace(found, layers=(), costs=replace(found.costs, operators=None, arena_bytes=None, timings=()))
    assert page_of(found).open == []


def test_the_page_over_all_models_leads_to_each_report() -> None:
    found = examination()
    broken = examination(card_of(CARD.replace("bytes = 40000", "bytes = 1", 1)))
    tested = [
        Outcome("commands", "spoken-commands", "commands.html", found, judge(found)),
        Outcome("large", "spoken-commands", "large.html", broken, judge(broken)),
        Outcome("<b>", "other", error="<script>no data</script>"),
    ]
    page = Page(index_page(tested))
    assert page.open == []
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["commands.html", "large.html"]
    assert not [tag for tag, _ in page.tags if tag in {"script", "b0"}]
    text = " ".join(page.text.split())
    assert "1 of 3 keep every promise of their cards" in text
    assert "size: promised at most 1 bytes, measured 39,000 bytes" in text
    assert "<script>no data</script>" in text
