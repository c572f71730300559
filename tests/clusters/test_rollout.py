"""A node of a broker cluster is killed in the middle of a rollout, and nothing is lost: `make clusters`."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.clusters.cluster import Cluster
from tests.clusters.nats import nats_server, running_nats
from tests.clusters.rabbitmq import PROGRAM, running_rabbitmq
from tests.clusters.scenes import lose_nodes_in_mid_rollout, miss_reports

whole = pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it")
pytestmark = [pytest.mark.broker, pytest.mark.timeout(900), whole]


@pytest.fixture
def say() -> Callable[[str], None]:
    begun = time.monotonic()
    return lambda text: print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)


CLUSTERS = [
    pytest.param(running_nats, id="nats", marks=pytest.mark.skipif(nats_server() is None, reason="no NATS")),
    pytest.param(running_rabbitmq, id="rabbitmq", marks=pytest.mark.skipif(not PROGRAM.exists(), reason="no RabbitMQ")),
]
Running = Callable[[Path], AbstractContextManager[Cluster]]


@pytest.mark.parametrize("running", CLUSTERS)
async def test_a_node_that_dies_in_mid_rollout_costs_nothing(
    tmp_path: Path, say: Callable[[str], None], running: Running
) -> None:
    with running(tmp_path / "cluster") as cluster:
        say("the cluster is healthy")
        await lose_nodes_in_mid_rollout(tmp_path, cluster, 12, running is running_nats, say)


@pytest.mark.parametrize("running", CLUSTERS)
async def test_a_fleet_that_comes_back_hears_devices_whose_reports_nobody_kept(
    tmp_path: Path, say: Callable[[str], None], running: Running
) -> None:
    with running(tmp_path / "cluster") as cluster:
        await miss_reports(tmp_path, cluster, say)
