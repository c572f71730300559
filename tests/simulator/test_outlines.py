"""The nodes and components of a page as the tools draw them."""

from typing import Any

from firmware_tools.simulator.outlines import outline_components, outline_data, outline_nodes
from tests.view.components import ComponentScreen, Program, el, slot, when


def brief(nodes: list[Any]) -> list[Any]:
    """Texts, elements as ``(tag, children)``, hosts as ``(path, children)``, virtual ones in capitals."""
    found: list[Any] = []
    for node in nodes:
        if len(node) == 2:
            found.append(node[1])
            continue
        host = node[5] if len(node) > 5 else {"path": node[1], "virtual": False}
        name = host["path"].removeprefix("components/c-")
        found.append((name.upper() if host["virtual"] else name, brief(node[4])))
    return found


def screen(*page: Any, data: dict[str, Any] | None = None) -> ComponentScreen:
    program = Program()
    program.add("c-real", "r", slot())
    program.add("c-flat", "f", slot(), virtual_host=True)
    program.add("c-frame", el("view", {}, slot()), virtual_host=True)
    program.add("c-both", el("c-flat", {}, slot()), "b", virtual_host=True)
    program.add("c-empty", when("{{no}}", "e"), virtual_host=True)
    return ComponentScreen(program, program.page(*page, uses={"c-unknown": None}), data)


def test_virtual_hosts_stand_around_what_is_theirs() -> None:
    shown = screen(
        el("c-flat", {}, "1"), el("c-flat", {}, "2"), "3", el("c-frame", {}, "4", el("c-real", {}, "5")),
        el("view", {}, el("c-both", {}, "6", el("view")), "7"),
    )  # fmt: skip
    assert brief(outline_nodes(shown.view)) == [
        ("FLAT", ["f", "1"]),
        ("FLAT", ["f", "2"]),
        "3",
        ("FRAME", [("view", ["4", ("real", ["r", "5"])])]),
        ("view", [("BOTH", [("FLAT", ["f", "6", ("view", [])]), "b"]), "7"]),
    ]


def test_a_page_without_components_is_its_snapshot() -> None:
    shown = screen(el("view", {"class": "a"}, "1"))
    assert outline_nodes(shown.view) == [operation[3] for operation in shown.view.snapshot()]
    assert outline_components(shown.view) == []


def test_content_without_a_slot_is_not_shown() -> None:
    assert brief(outline_nodes(screen(el("c-empty", {}, "1"), "2").view)) == ["2"]


def test_components_are_listed_below_the_one_whose_template_uses_them() -> None:
    shown = screen(
        el("c-real", {"id": "r"}, el("c-both")), when("{{on}}", el("c-empty")), el("c-unknown"), data={"on": True}
    )

    def tags(components: list[Any]) -> list[Any]:
        return [(tag, tags(inner)) for _, tag, _, _, inner in components]

    assert tags(outline_components(shown.view)) == [("c-real", []), ("c-both", [("c-flat", [])]), ("c-empty", [])]
    shown.update({"on": False})
    components = outline_components(shown.view)
    assert tags(components) == [("c-real", []), ("c-both", [("c-flat", [])])]
    assert components[0][:4] == [shown.node(id="r"), "c-real", "components/c-real", False]


def test_the_data_of_what_is_gone_are_none() -> None:
    shown = screen("1", data={"a": 1})
    assert outline_data(shown.view, 0, None) == {"properties": {}, "data": {"a": 1}}
    assert outline_data(shown.view, 77, None) is None


def test_classes_are_those_of_the_templates() -> None:
    program = Program()
    program.add("c-box", el("view", {"class": "own a {{b}}"}, slot()), prefix="c1-", data={"b": "b"})
    shown = ComponentScreen(program, program.page(el("c-box", {"class": "x"}, el("view", {"class": "y"}))))
    (host,) = outline_nodes(shown.view)
    (inner,) = host[4]

    assert (host[2]["class"], inner[2]["class"], inner[4][0][2]["class"]) == ("x", "own a b", "y")
    assert "c1-own" in str(shown.view.snapshot()), "the snapshot is left as it is"
