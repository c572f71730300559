"""Who may write the list of NATS's users decides of no other setting; and lists that are included as before go on."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.sync.link import TransportError
from firmware_tools.cli.fleet import fleet as fleet_command
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.brokers import nats
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.server import run_fleet
from tests.brokers import free_port
from tests.clusters.nats import CONFIGURATION, nats_server
from tests.identity.attacks import opened
from tests.identity.world import connected, enroll, issue, make_home, running_broker, started_broker

pytestmark = pytest.mark.broker

_BRACED = """authorization {
  include "authorization.conf"
}
"""


def settings_that_do_not_belong_there(folder: Path) -> list[str]:
    return [
        f'http: "127.0.0.1:{free_port()}"',
        f'listen: "127.0.0.1:{free_port()}"',
        f'log_file: "{folder / "elsewhere"}"',
        "accounts { SYS { users: [] } }",
        "}\nhttp_port: 8222\nauthorization {",
        "}\nhttp_port: 8222",
    ]


def checked(configuration: Path) -> subprocess.CompletedProcess[str]:
    """What nats-server says of a configuration, without starting."""
    program = nats_server()
    assert program is not None, "nats-server is missing: run `make setup`"
    return subprocess.run([program, "-t", "-c", str(configuration)], capture_output=True, text=True, timeout=60)


def test_a_setting_among_the_users_is_refused_and_takes_no_effect(tmp_path: Path) -> None:
    home, port = make_home(tmp_path, free_port()), free_port()
    with running_broker(home, "nats", port, tmp_path / "broker") as broker:
        users = broker.folder / nats.AUTHORIZATION
        good = users.read_text()
        for setting in settings_that_do_not_belong_there(tmp_path):
            users.write_text(f"{good}{setting}\n")
            refused = checked(broker.folder / "nats-server.conf")
            assert refused.returncode != 0, setting
            assert nats.AUTHORIZATION in refused.stderr, setting
            broker.reload()
            assert "Failed to reload server configuration" in broker.log().splitlines()[-1]
        users.write_text(good)
        broker.reload()
        assert "Reloaded server configuration" in broker.log()
        assert not (tmp_path / "elsewhere").exists()


def test_the_node_of_a_cluster_includes_its_users_inside_the_braces_as_well(tmp_path: Path) -> None:
    home = make_home(tmp_path, 1)
    office = IdentityOffice(home)
    office.server(["localhost"], cluster=True)
    office.write_broker("nats", tmp_path / "north", "127.0.0.1:1", None, None)
    node, users = tmp_path / "nats.conf", tmp_path / "north" / nats.AUTHORIZATION
    node.write_text(CONFIGURATION.read_text().replace("/etc/nats", str(tmp_path)))
    assert checked(node).returncode == 0
    users.write_text(users.read_text() + "http_port: 8222\n")
    assert 'unknown field "http_port"' in checked(node).stderr


@pytest.fixture
def former(tmp_path: Path) -> tuple[FleetHome, int]:
    """A fleet with files that were written before the list of users was included inside braces."""
    port = free_port()
    home, folder = make_home(tmp_path, port, "nats"), tmp_path / "broker"
    enroll(home, "kitchen", "hall")
    IdentityOffice(home).write_broker("nats", folder, f"127.0.0.1:{port}", None, None)
    main, users = folder / "nats-server.conf", folder / nats.AUTHORIZATION
    assert _BRACED in main.read_text()
    main.write_text(main.read_text().replace(_BRACED, 'include "users.conf"\n'))
    (folder / "users.conf").write_text(f"authorization {{\n{users.read_text()}}}\n")
    users.unlink()
    return home, port


async def test_a_broker_that_includes_them_as_before_is_told_of_who_comes_and_who_is_revoked(
    former: tuple[FleetHome, int], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home, port = former
    with started_broker("nats", port, tmp_path / "broker") as broker:
        kitchen = issue(home, "kitchen", tmp_path / "kitchen")
        hall = issue(home, "hall", tmp_path / "hall")
        async with run_fleet(home):
            assert "put `authorization { include" in caplog.text
            async with connected(broker, kitchen, "c-kitchen") as peer, connected(broker, hall, "c-hall"):
                with opened(home) as database, database.transaction() as connection:
                    assert Certificates(connection).bar("kitchen", "stolen", 1e9) == 1
                await peer.link.closed
                with pytest.raises(TransportError):
                    async with connected(broker, kitchen, "c-kitchen-again"):
                        pass
                async with connected(broker, hall, "c-hall-again"):
                    pass


def test_a_configuration_is_renewed_without_a_moment_in_which_a_broker_lacks_its_list(
    former: tuple[FleetHome, int], tmp_path: Path
) -> None:
    home, port = former
    folder = tmp_path / "broker"
    said = write_anew(home, folder, port)
    assert "In " in said
    assert "and delete users.conf, which is then written no more" in said
    assert checked(folder / "nats-server.conf").returncode == 0
    node = folder / "of-a-node.conf"  # which the command does not know
    node.write_text((folder / "nats-server.conf").read_text().replace(_BRACED, 'include "users.conf"\n'))
    assert checked(node).returncode == 0
    (folder / "users.conf").unlink()
    assert "users.conf" not in write_anew(home, folder, port)
    assert not (folder / "users.conf").exists()
    with started_broker("nats", port, folder):
        pass  # it listens


def write_anew(home: FleetHome, folder: Path, port: int) -> str:
    words = ["--home", str(home.directory), "broker-config", "nats", "--out", str(folder)]
    result = CliRunner().invoke(fleet_command, [*words, "--listen", f"127.0.0.1:{port}"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
