"""What is taken out of a picture before it is one."""

from typing import Any

import pytest

from device_runtime.host.viewing.masking import ELSEWHERE, Mask
from device_runtime.view.differences import EMPTY, changes, picture_of
from device_runtime.view.mirror import MirrorTree

SECRET = "swordfish"  # noqa: S105 - of nothing


def seen(*operations: list[Any], mask: Mask | None = None, tree: MirrorTree | None = None) -> str:
    tree = tree or MirrorTree()
    tree.apply(operations)
    return repr(changes(EMPTY, picture_of(tree.root, (mask or Mask()).look)))


def insert(tag: str, attributes: dict[str, Any], *children: list[Any]) -> list[Any]:
    return ["insert", 0, 0, [1, tag, attributes, ["tap"], list(children)]]


@pytest.mark.parametrize(
    "attributes",
    [
        {"password": True},
        {"password": "false"},  # to a screen, any text is a yes
        {"password": 1},
        {"type": "password"},
        {"type": "safe-password"},
        {"type": "Password "},
        {"type": "idcard"},
    ],
)
@pytest.mark.parametrize("tag", ["input", "textarea"])
@pytest.mark.parametrize("name", ["value", "default-value", "defaultValue", "model:value", "data-value", "cursor"])
def test_what_is_secret_is_not_in_the_picture(tag: str, attributes: dict[str, Any], name: str) -> None:
    shown = seen(insert(tag, {**attributes, name: SECRET, "placeholder": "PIN"}))
    assert SECRET not in shown
    assert "PIN" in shown


@pytest.mark.parametrize("order", [["password", "value"], ["value", "password"]])
def test_a_field_that_becomes_secret_or_was_it_is_secret(order: list[str]) -> None:
    tree, mask = MirrorTree(), Mask()
    values = {"password": True, "value": SECRET}
    assert SECRET not in seen(insert("input", {name: values[name] for name in order}), tree=tree, mask=mask)
    assert SECRET not in seen(["set", 1, "password", False], tree=tree, mask=mask)  # the eye beside the field
    assert SECRET not in seen(["set", 1, "value", SECRET + "!"], tree=tree, mask=mask)


def test_what_a_program_shows_in_an_open_field_is_shown() -> None:
    for attributes in ({}, {"password": False}, {"password": None}, {"password": ""}, {"type": "text"}):
        assert "milk" in seen(insert("input", {**attributes, "value": "milk"}))


@pytest.mark.parametrize(
    ("tag", "attributes", "gone"),
    [
        ("view", {"hidden": True}, "below"),
        ("view", {"hidden": "no"}, "below"),
        ("view", {"data-account": "12345"}, "12345"),
        ("view", {"bindtap": "handler"}, "handler"),
        ("image", {"src": "https://bank.example/card.png?token=12345"}, "12345"),
        ("image", {"src": "//bank.example/12345"}, "12345"),
        ("image", {"src": "wxfile://usr/12345.png"}, "12345"),
        ("image", {"src": "data:text/html,12345"}, "12345"),
        ("image", {"src": "data:image/png;base64," + "A" * 40_000}, "AAAA"),
        ("video", {"src": "film.mp4", "poster": "https://x.example/12345"}, "12345"),
        ("web-view", {"src": "/12345.html"}, "12345"),
        ("view", {"style": "background: url( 'https://x.example/12345' )"}, "12345"),
        ("view", {"style": "background: URL(//x.example/12345)"}, "12345"),
    ],
)
def test_addresses_of_elsewhere_and_what_is_hidden_do_not_go_out(
    tag: str, attributes: dict[str, Any], gone: str
) -> None:
    assert gone not in seen(insert(tag, attributes, [2, "below"] if gone == "below" else [2, "text"]))


def test_pictures_of_the_package_and_small_data_stay() -> None:
    small = "data:image/png;base64,AAAA"
    assert "images/a.png" in seen(insert("image", {"src": "images/a.png"}))
    assert small in seen(insert("image", {"src": small}))
    assert "url(images/a.png)" in seen(insert("view", {"style": "background: url(images/a.png)"}))
    assert ELSEWHERE in seen(insert("image", {"src": "https://x.example/a.png"}))
