"""docs/privacy-proof.md: its table is that of the tricks which are played."""

import ast

from tests.docs.pages import ROOT
from tests.privacy.dishonest.page import PAGE, written
from tests.privacy.dishonest.scenes import SCENES


def test_the_table_is_that_of_the_tricks() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == written(text), "write it anew: python -m tests.privacy.dishonest.page"


def test_each_scene_is_played_by_a_test() -> None:
    source = (ROOT / "tests" / "privacy" / "dishonest" / "test_scenes.py").read_text(encoding="utf-8")
    played = {node.name for node in ast.parse(source).body if isinstance(node, ast.AsyncFunctionDef)}
    assert {scene.test for scene in SCENES} - played == set()
