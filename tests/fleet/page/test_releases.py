"""Releases on the page: published, signed, rolled out; and who may sign for what."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.trust import ceremony, signatures
from firmware_tools.fleet.trust.keys import make_key, open_signer
from firmware_tools.fleet.trust.repository import Repository
from tests.brokers import Mosquitto
from tests.fleet.packages import small_package
from tests.fleet.page.conftest import Visit

pytestmark = [pytest.mark.broker, pytest.mark.browser]


class TestWithOneKey:
    async def test_a_package_is_published_from_the_page_and_leads_to_a_rollout(
        self, page: Page, visit: Visit, tmp_path: Path
    ) -> None:
        await visit("#/releases")
        good, bad = tmp_path / "lamp.ma", tmp_path / "bad.ma"
        good.write_bytes(small_package())
        bad.write_bytes(b"no package")
        await expect(page.get_by_text("Nothing is published yet")).to_be_visible()
        await page.locator("#file").set_input_files([good, bad])
        await expect(page.get_by_text("Lamp 1.1.0 is published.")).to_be_visible()
        await expect(page.get_by_text("bad.ma cannot be published: it is not a whole ZIP file")).to_be_visible()
        await expect(page.locator("#releases")).to_contain_text("fleet key")
        await page.get_by_role("button", name="Roll out Lamp 1.1.0").click()
        await expect(page.locator(".words")).to_contain_text("Lamp 1.1.0 goes to")
        await visit("#/trust")
        await expect(page.get_by_role("region", name="One key decides")).to_contain_text("cygnet fleet trust init")


class TestWithARootOfTrust:
    @pytest.fixture
    def home(self, tmp_path: Path, mosquitto: Mosquitto) -> FleetHome:
        """Anna has the root, acme signs for com.acme.*, the fleet for the rest."""
        home = init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0")
        repository = Repository(home.directory)
        keys = {name: make_key(tmp_path / f"{name}.pem", name, "") for name in ("anna", "acme")}

        def sign(role: str, name: str) -> None:
            travelling = tmp_path / f"{role}.json"
            travelling.write_bytes((repository.staged / f"{role}.json").read_bytes())
            signer = open_signer(f"pem:{tmp_path / name}.pem", keys[name], Path("/"), lambda _: "")
            signatures.sign(travelling, signer)
            signatures.accept(repository, travelling)

        ceremony.init(repository, "north", [keys["anna"]], [keys["anna"]], threshold=1)
        sign("root", "anna")
        sign("targets", "anna")
        ceremony.add_developer(repository, "acme", [keys["acme"]], ["com.acme.*"], [])
        sign("targets", "anna")
        sign("acme", "acme")
        return home

    async def test_each_release_says_who_signed_it_and_the_trust_page_who_may(
        self, fleet: RunningFleet, page: Page, visit: Visit
    ) -> None:
        await fleet.operations.publish(small_package("org.example.lamp"), "lamp.ma")
        await fleet.operations.publish(small_package("com.acme.radio"), "radio.ma")
        await visit("#/releases")
        lamp = page.get_by_role("region", name="Lamp")
        await expect(lamp).to_contain_text("the fleet itself")
        await expect(lamp).to_contain_text("until")
        await expect(page.get_by_role("region", name="Radio")).to_contain_text("waits for acme")
        await visit("#/trust")
        await expect(page.get_by_role("region", name="Two must agree")).to_contain_text("1 of 2 releases is signed")
        signs = page.get_by_role("region", name="Who signs for what").get_by_role("listitem").filter(has_text="acme")
        await expect(signs.first).to_contain_text("programs/com.acme.*/*")
        await expect(page.get_by_role("region", name="Waits for signatures")).to_contain_text("acme may yet")
        await expect(page.get_by_role("region", name="Roles")).to_contain_text("1 of 1 key")
