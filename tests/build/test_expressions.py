import pytest

from firmware_tools.build.dialects import SourceError
from firmware_tools.build.expressions import parse_expression, parse_template_data
from firmware_tools.build.source import SourceText

# What expressions give is compared with node in tests/view/test_javascript.py.


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("f(a", r"t.wxml:1:6: '\)' is missing after the arguments"),
        ("f(...a)", "t.wxml:1:5: a call takes its arguments one by one; pass an array, at '...'"),
        ("a?.", r"the name of a member is missing after '\?\.'"),
        ("a = 1", "t.wxml:1:5: an assignment cannot be used"),
        ("a++", "an assignment cannot be used"),
        ("x => 1", "a function cannot be used"),
        ("function () {}", "a function cannot be used"),
        ("new Date()", "the operator new cannot be used"),
        ("a in b", "the operator in cannot be used"),
        ("a ** b", r"the operator \*\* cannot be used"),
        ("`a`", "a template string cannot be used"),
        ("a;", "a statement cannot be used"),
        ("a b", "should end here, at 'b'"),
        ("1 +", "t.wxml:1:6: a value is missing"),
        ("a ? b", "':' is missing in the condition"),
        ("(a", r"'\)' is missing"),
        ("a[1", "']' is missing"),
        ("[1, 2", "']' is missing"),
        ("({a: 1)", "'}' is missing"),
        ("a.", "the name of a member is missing"),
        ("a.1", "should end here"),
        ("'abc", "a string that is not closed"),
        ("a # b", "should end here, at '#'"),
        ("a § b", "t.wxml:1:5: '§' cannot stand"),
        ("'\\u{110000}'", "is not a character"),
        ("(" * 100 + "a" + ")" * 100, "nested more than 60 deep"),
        ("-" + " -" * 100 + "a", "nested more than 60 deep"),
        ("\n\n  a +", "t.wxml:3:6: a value is missing"),
    ],
)
def test_what_is_no_template_expression_is_refused_with_its_place(expression: str, expected: str) -> None:
    source = SourceText("t.wxml", f"{{{{{expression}}}}}")
    with pytest.raises(SourceError, match=expected):
        parse_expression(source, expression, 2)


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", []),
        ("a", [["a", ["variable", "a"]]]),
        ("a, b", [["a", ["variable", "a"]], ["b", ["variable", "b"]]]),
        ("...a", [[None, ["variable", "a"]]]),
        ("a: 1, ...b,", [["a", ["constant", 1]], [None, ["variable", "b"]]]),
        ("'x-y': a", [["x-y", ["variable", "a"]]]),
        ("{a}", [["a", ["variable", "a"]]]),
    ],
)
def test_template_data_are_the_members_of_an_object(text: str, members: list[object]) -> None:
    assert parse_template_data(SourceText("t", text), text, 0) == ["object", members]


@pytest.mark.parametrize("text", ["a.b", "a ? b : c", "true"])
def test_template_data_may_be_an_expression(text: str) -> None:
    assert parse_template_data(SourceText("t", text), text, 0)[0] in ("member", "conditional", "constant")


def test_nothing_at_all_is_undefined() -> None:
    assert parse_expression(SourceText("t", "  "), "  ", 0) == ["undefined"]


def test_operators_made_of_letters_are_names_where_a_value_must_stand() -> None:
    text = "classNames(in && instanceof, of ? in.a : {in, of: in})"
    instruction = parse_expression(SourceText("t.wxml", text), text, 0)
    name = ["variable", "in"]
    assert instruction[2] == [
        ["logical", "&&", name, ["variable", "instanceof"]],
        [
            "conditional",
            ["variable", "of"],
            ["member", name, ["constant", "a"]],
            ["object", [["in", name], ["of", name]]],
        ],
    ]
