"""docs/operators.md: its table of roles is the one that counts, and its settings are read."""

import tomllib

from firmware_tools.fleet.access.permissions import RULES
from firmware_tools.fleet.access.settings import AccessSettings, access_settings
from tests.docs.pages import ROOT, blocks, table

PAGE = ROOT / "docs" / "operators.md"


def test_the_table_of_roles_is_the_table_of_permissions() -> None:
    rows = {row[0].strip("`"): (row[1], row[2].strip("`")) for row in table(PAGE, "Roles")}
    assert rows == {
        f"{method} {path}": ((rule.role or "anybody") + (", or oneself" if rule.own else ""), rule.action)
        for (method, path), rule in RULES.items()
    }


def test_the_settings_on_the_page_are_the_defaults_but_for_the_proxy() -> None:
    (block,) = [block for block in blocks(PAGE) if block.language == "toml"]
    found = access_settings(tomllib.loads(block.text)["access"], PAGE)
    assert found.trusts("127.0.0.1")
    assert AccessSettings(found.proxies) == found


def test_each_request_of_the_page_is_in_the_table_of_permissions() -> None:
    known = {(method, path.replace("{name}", "NAME").replace("{id}", "ID")) for method, path in RULES}
    for row in table(PAGE, "The API"):
        method, path = row[0].split("`")[1].split(" ")
        assert (method, path.partition("?")[0]) in known
