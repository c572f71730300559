"""The way back from what the engine runs to what was written."""

from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.engine.edits import Edit, EditedText, apply_edits

TEXT = st.text(st.sampled_from("ab \n;é汉😀"), max_size=40)


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits of it that do not overlap; what is put in holds no line break, as in the real ones."""
    source = draw(TEXT)
    places = sorted(draw(st.lists(st.integers(0, len(source)), max_size=6, unique=True)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return source, [(start, end, draw(st.sampled_from(["", ";", "$f(", "  "]))) for start, end in pairs]


@settings(deadline=None)
@given(edited_texts())
def test_every_kept_character_is_found_where_it_was_written(case: tuple[str, list[Edit]]) -> None:
    source, edits = case
    text = EditedText(lambda: source, edits)
    edited = apply_edits(source, edits)
    at = 0  # in the edited text
    inside = [(start, end, new) for start, end, new in sorted(edits)]
    for offset, character in enumerate(source):
        for start, end, new in inside:
            if offset == start:
                at += len(new) + source.count("\n", start, end)
        if any(start <= offset < end for start, end, _ in inside):
            continue
        assert edited[at] == character
        before = edited[:at].rpartition("\n")[2]
        line, column = edited.count("\n", 0, at) + 1, len(before.encode()) + 1
        written = source[:offset].rpartition("\n")[2]
        expected = (source.count("\n", 0, offset) + 1, len(written.encode("utf-16-le")) // 2 + 1)
        assert text.written(line, column) == expected
        at += 1


@settings(deadline=None)
@given(edited_texts())
def test_no_line_moves(case: tuple[str, list[Edit]]) -> None:
    source, edits = case
    assert apply_edits(source, edits).count("\n") == source.count("\n")


def test_a_place_inside_what_was_put_in_is_where_it_was_put() -> None:
    text = EditedText(lambda: "x = async () => 1", [(4, 4, "$f("), (17, 17, ")")])
    assert text.written(1, 5) == (1, 5)
    assert text.written(1, 7) == (1, 5)
    assert text.written(1, 8) == (1, 5)
    assert text.written(1, 9) == (1, 6)
