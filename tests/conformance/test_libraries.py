"""How components are found, and how the pages that use them are made. What they do is `make conformance`'s subject."""

import json
from pathlib import Path

import pytest

from tests.conformance.__main__ import promised
from tests.conformance.libraries import Library, examples, libraries, write_program
from tests.conformance.mounting import drawn_tags


def make_library(root: Path, *components: str) -> Library:
    for path in components:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{path}.json").write_text(json.dumps({"component": True, "usingComponents": {"x-a": "./a"}}))
    return Library("@some/lib", "x", root)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("button/index", "button"),
        ("button/button", "button"),
        ("calendar/components/header/index", "calendar-header"),
        ("fab/draggable/draggable", "fab-draggable"),
        ("chat-markdown/chat-markdown-code/chat-markdown-code", "chat-markdown-code"),
        ("qrcode/components/qrcode-canvas/qrcode-canvas", "qrcode-canvas"),
        ("slideview/slideview-skyline", "slideview-skyline"),
        ("share-sheet/options", "share-sheet-options"),
    ],
)
def test_a_component_is_called_after_its_path(tmp_path: Path, path: str, name: str) -> None:
    assert make_library(tmp_path, path).components() == {name: path}


def test_files_that_describe_no_component_are_left_out(tmp_path: Path) -> None:
    library = make_library(tmp_path, "a/a")
    (tmp_path / "b.json").write_text("[1]")
    (tmp_path / "c.json").write_text("not JSON")
    (tmp_path / "d.json").write_text('{"component": false}')
    assert library.components() == {"a": "a/a"}


def test_a_component_without_an_example_is_used_with_a_text_and_tapped(tmp_path: Path) -> None:
    page = examples(make_library(tmp_path, "a/a"))[0]["a"]
    assert page.markup == "<x-a>a</x-a>"
    assert page.do == ["tap first"]


def test_every_component_of_every_library_has_a_page(installation: Path, tmp_path: Path) -> None:
    for library in libraries(installation):
        folder = tmp_path / library.name
        folder.mkdir()
        pages = write_program(library, folder)
        assert pages.keys() == library.components().keys()
        for name, page in pages.items():
            assert f"<{library.prefix}-" in page.markup
            assert (folder / f"pages/{name}/{name}.wxml").is_file()


def test_the_document_has_the_numbers_of_every_library(installation: Path) -> None:
    kept = promised()
    for library in libraries(installation):
        components, mounted, answered, failed = kept[library.package]
        assert components == len(library.components())
        assert components >= mounted >= answered == components - failed


def test_the_tags_that_the_screen_draws_are_read_from_its_source() -> None:
    assert {"view", "scroll-view", "cover-image", "map", "live-pusher", "ad"} <= drawn_tags()
    assert "van-button" not in drawn_tags()
