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
from tests.clusters.scenes import lose_nodes_in_mid_rollout

whole = pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it")
pytestmark = [pytest.mark.broker, pytest.mark.timeout(900), whole]


@pytest.fixture
def say() -> Callable[[str], None]:
    begun = time.monotonic()
    return lambda text: print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)


@pytest.mark.parametrize(
    ("running", "kept_everywhere"),
    [
        pytest.param(running_nats, True, id="nats", marks=pytest.mark.skipif(nats_server() is None, reason="no NATS")),
        pytest.param(
            running_rabbitmq, False, id="rabbitmq", marks=pytest.mark.skipif(not PROGRAM.exists(), reason="no RabbitMQ")
        ),
    ],
)
async def test_a_node_that_dies_in_mid_rollout_costs_nothing(
    tmp_path: Path,
    say: Callable[[str], None],
    running: Callable[[Path], AbstractContextManager[Cluster]],
    kept_everywhere: bool,
) -> None:
    with running(tmp_path / "cluster") as cluster:
        say("the cluster is healthy")
        await lose_nodes_in_mid_rollout(tmp_path, cluster, 12, kept_everywhere, say)
