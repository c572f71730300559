"""The table of docs/operations.md that says what each broker gives: every cell of it is tried on that broker."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from socket import create_connection

import pytest

from tests.brokers import free_port, running_mosquitto
from tests.clusters.behaviour import ROWS, Site
from tests.clusters.cluster import Cluster, wait_for
from tests.clusters.nats import nats_server, running_nats
from tests.clusters.rabbitmq import running_rabbitmq
from tests.docs.pages import DOCS, table

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
At = Callable[[Path], AbstractContextManager[Site]]
HEADING = "What each broker gives"


@contextmanager
def at_embedded(folder: Path) -> Iterator[Site]:
    listen = f"127.0.0.1:{free_port()}"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "firmware_tools.cli", "fleet", "broker", "--listen", listen],
                stderr=(folder / "broker.log").open("ab"),
            )
        )
        wait_for(lambda: _answers(int(listen.partition(":")[2])), (folder / "broker.log").read_text)

    def lose() -> None:
        running[-1].kill()
        running[-1].wait()
        start()

    try:
        start()
        yield Site((f"mqtt://{listen}",), lose)
    finally:
        running[-1].kill()
        running[-1].wait()


@contextmanager
def at_mosquitto(folder: Path) -> Iterator[Site]:
    with running_mosquitto(folder) as broker:

        def lose() -> None:
            broker.kill()
            broker.start_again()

        yield Site((broker.url,), lose)


def at_cluster(running: Callable[[Path], AbstractContextManager[Cluster]]) -> At:
    @contextmanager
    def at(folder: Path) -> Iterator[Site]:
        with running(folder) as cluster:

            def lose() -> None:
                cluster.kill(cluster.nodes[0])
                cluster.wait_until_healthy()

            yield Site(tuple(node.url for node in cluster.nodes), lose)

    return at


COLUMNS: dict[str, At] = {
    "embedded": at_embedded,
    "mosquitto": at_mosquitto,
    "NATS": at_cluster(running_nats),
    "RabbitMQ": at_cluster(running_rabbitmq),
}
WHOLE = "CYGNET_CLUSTERS" in os.environ
MARKS = {
    "NATS": [pytest.mark.skipif(nats_server() is None, reason="nats-server is missing")],
    "RabbitMQ": [pytest.mark.skipif(not WHOLE, reason="`make clusters` runs it")],
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in COLUMNS])
async def test_a_broker_gives_what_the_table_says(tmp_path: Path, name: str) -> None:
    said = said_of(name)
    assert list(said) == list(ROWS)
    with COLUMNS[name](tmp_path) as site:
        *before, last = ROWS
        cells = await asyncio.gather(*(ROWS[row](site) for row in before))
        found = dict(zip(before, cells, strict=True))
        # A cluster takes its time to agree that a node is gone; `make clusters` waits for it.
        if len(site.urls) == 1 or WHOLE:
            found[last] = await ROWS[last](site)
    assert found == {row: cell for row, cell in said.items() if row in found}


def said_of(name: str) -> dict[str, str]:
    """A column of the table, by row; what stands in brackets there is for readers."""
    page = DOCS / "operations.md"
    header = next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| | embedded"))
    column = [cell.strip().partition(" ")[0] for cell in header.strip("|").split("|")].index(name)
    return {row[0]: row[column].partition(" (")[0] for row in table(page, HEADING)}


def _answers(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
