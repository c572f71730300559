from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import running_mosquitto
from tests.deploy.site import PASSWORD, Site
from tests.postgres import running_postgres


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_mosquitto(tmp_path / "broker", users={"fleet": PASSWORD}, tls=True) as broker:
        made = Site(tmp_path, broker)
        try:
            yield made
        finally:
            made.kill()


@pytest.fixture
def site_on_postgres(tmp_path: Path) -> Iterator[Site]:
    with (
        running_postgres() as server,
        running_mosquitto(tmp_path / "broker", users={"fleet": PASSWORD}, tls=True) as broker,
    ):
        made = Site(tmp_path, broker, server.url())
        try:
            yield made
        finally:
            made.kill()
