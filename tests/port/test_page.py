"""The report's page, in a real browser: whole without a network, searchable, fit for narrow screens and for paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from firmware_tools.port.findings import Report
from firmware_tools.port.web import report_page
from tests.browser import CHROMIUM_ARGUMENTS
from tests.port.programs import Files, report_of

pytestmark = pytest.mark.browser

HOSTILE = '"><img src=x onerror=alert(1)>'
PROGRAM: Files = {
    "app.json": {"pages": ["pages/index/index", "pages/pay/pay", "pages/quiet/quiet"], "sitemapLocation": "a"},
    "app.js": f"wx.setStorageSync('a', 1); wx.reportEvent('{HOSTILE}', {{ a_rather_long_name: 1 }}); App({{}})",
    "project.config.json": {"appid": "wx1234567890abcdef", "projectname": HOSTILE},
    "pages/index/index.js": f"Page({{ onTap() {{ wx.makePhoneCall({{ phoneNumber: '{HOSTILE}' }}) }} }})",
    "pages/index/index.wxml": '<map/><image src="https://img.example/a.png"/>',
    "pages/pay/pay.js": "Page({ onPay() { wx.requestPayment({}) } })",
    "pages/pay/pay.wxml": "<view/>",
    "pages/quiet/quiet.js": "Page({ onShareTimeline() {} })",
    "pages/quiet/quiet.wxml": "<view/>",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report_of(tmp_path_factory.mktemp("program"), PROGRAM)


def opened(browser: Browser, report: Report, folder: Path, **options: Any) -> Page:
    """The page; that it asks for anything else, or complains, fails the test."""
    path = folder / "port-report.html"
    path.write_text(report_page(report), encoding="utf-8")
    page = browser.new_page(**options)
    page.on("request", lambda request: _only(request.url, path.as_uri()))
    page.on("console", lambda message: pytest.fail(message.text))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(path.as_uri())
    return page


def _only(url: str, allowed: str) -> None:
    assert url.partition("#")[0] == allowed


def titles(page: Page) -> list[str]:
    """The titles of the findings in sight, without their badges."""
    found = page.locator("[data-view=name] .finding:visible h3")
    return [
        str(title)
        for title in found.evaluate_all(
            "items => items.map((item) => item.cloneNode(true)).map((item) =>"
            " (item.querySelector('.badge').remove(), item.textContent))"
        )
    ]


def test_the_page_says_it_all_in_its_first_sentences(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path)
    verdict = page.locator(".verdict").inner_text()
    assert "1 of 3 pages touch nothing that is missing" in verdict
    assert "2 of 4 API names that are used work here" in verdict
    assert page.title() == f"{HOSTILE}: porting report"
    assert page.locator("h1").inner_text() == HOSTILE


def test_findings_are_filtered_by_severity_and_by_words(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path)
    assert titles(page) == ["wx.requestPayment", "<map>", "wx.makePhoneCall", "server https://img.example"]
    page.get_by_label("Degraded").uncheck()
    assert titles(page) == ["wx.requestPayment", "<map>"]
    page.get_by_label("Harmless").check()
    assert len(titles(page)) == 4
    page.get_by_label("Search").fill("pay/pay")
    assert titles(page) == ["wx.requestPayment"]
    page.get_by_label("Search").fill("nonsense")
    assert titles(page) == []
    assert page.get_by_role("status").inner_text() == "Nothing fits."


def test_findings_are_grouped_by_file(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path)
    page.get_by_text("by file").click()
    files = page.locator(".file:visible > summary h3").all_inner_texts()
    assert files == ["pages/index/index.wxml", "pages/pay/pay.js", "pages/index/index.js"]
    page.locator(".file").first.locator("summary").click()
    inside = page.locator(".file").first.locator(".body h3:visible").all_inner_texts()
    assert [title.split()[0] for title in inside] == ["<map>breaks", "server"]


def test_a_finding_opens_to_its_places_and_lines(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path)
    item = page.locator(".finding", has_text="wx.requestPayment").first
    item.locator("summary").click()
    assert item.locator(".place").inner_text() == "pages/pay/pay.js:1"
    assert "wx.requestPayment({})" in item.locator("code").last.inner_text()


def test_each_page_is_a_square_that_leads_to_its_row_and_on_to_the_finding(
    browser: Browser, report: Report, tmp_path: Path
) -> None:
    page = opened(browser, report, tmp_path)
    page.get_by_role("link", name="pages/pay/pay: may not work").click()
    row = page.locator("tr:target")
    assert "pages/pay/pay" in row.inner_text()
    row.get_by_role("link", name="wx.requestPayment").click()
    assert page.locator("details:target").evaluate("item => item.open")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(browser: Browser, report: Report, width: int, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path, viewport={"width": width, "height": 844})
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_everything_is_there(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path, java_script_enabled=False)
    assert len(titles(page)) == 6
    assert not page.locator(".filters").is_visible()


def test_dark_screens_get_dark_colours(browser: Browser, report: Report, tmp_path: Path) -> None:
    light = opened(browser, report, tmp_path, color_scheme="light")
    dark = opened(browser, report, tmp_path, color_scheme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert light.evaluate(ground) != dark.evaluate(ground)


_CONTRAST = """
() => {
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = colour(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll('p, h1, h2, h3, td, th, span, code, li, label, a, summary')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${node.tagName} ${node.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return faint;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, report: Report, scheme: Any, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path, color_scheme=scheme)
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    assert page.evaluate(_CONTRAST) == []


def test_paper_gets_every_place_and_no_controls(browser: Browser, report: Report, tmp_path: Path) -> None:
    page = opened(browser, report, tmp_path)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".filters").is_visible()
    assert page.locator(".finding:visible .place").count() >= 4
