"""Patches of a hostile program in front of the real screen code: nothing runs, nothing throws."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.fuzz import screen
from tests.fuzz.in_chromium import feed_all, open_screen

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.browser]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    async with open_screen() as page:
        yield page


async def test_random_patches_run_nothing_and_throw_nothing(page: Page) -> None:
    assert await feed_all(page, screen.pages_from(1, 400)) == []


async def test_what_once_broke_the_screen_is_refused(page: Page) -> None:
    for case, make in screen.CASES.items():
        assert await feed_all(page, [make()]) == [], case
