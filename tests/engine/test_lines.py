"""The line space: every line of every file is found again, and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.engine.lines import LineSpace


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_every_line_is_found_in_its_file(sizes: list[int]) -> None:
    space = LineSpace()
    bases = [space.place(f"f{index}.js", "\n" * (size - 1)) for index, size in enumerate(sizes)]
    for index, (base, size) in enumerate(zip(bases, sizes, strict=True)):
        for line in range(1, size + 1):
            assert str(space.locate(base + line, 7)) == f"f{index}.js:{line}:7"
        assert str(space.locate(base, 1)) != f"f{index}.js:0:1"


def test_a_trace_names_the_programs_frames_and_leaves_out_the_base_library() -> None:
    space = LineSpace()
    base = space.place("base/api.js", "a\nb", internal=True)
    own = space.place("pages/a.js", "a\nb\nc")
    stack = (
        f"    at inner (<input>:{base + 1}:3)\n    at outer (eval_script:{own + 2}:5)\n    at eval (native)\nnoise\n"
    )
    stack += f"    at <anonymous> (<input>:{own + 3}:1)\n"
    assert space.trace(stack) == ("pages/a.js:2:5", ["at outer (pages/a.js:2:5)", "at pages/a.js:3:1"])


def test_a_line_of_no_file_is_nowhere() -> None:
    space = LineSpace()
    base = space.place("a.js", "x")
    assert space.locate(base + 2, 1) is None
    assert space.locate(0, 1) is None
