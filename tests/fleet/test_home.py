"""The fleet's home: what `init` makes, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.errors import CygnetError
from device_runtime.host.provisioning import load_provisioning
from firmware_tools.fleet.connections import make_transport
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.home import FleetHome, init_home, split_address, toml_string
from firmware_tools.provision.identity import split_broker
from firmware_tools.sign.keys import load_private_key

KEY = "A" * 43 + "="


def test_init_makes_secrets_that_only_their_owner_reads(tmp_path: Path) -> None:
    home = init_home(tmp_path / "fleet", "north")
    for secret in (home.key_file, home.token_file):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert home.directory.stat().st_mode & 0o777 == 0o700
    load_private_key(home.key_file)
    assert len(home.token()) >= 40
    settings = home.settings()
    assert settings.retention.event == 90
    assert settings.rollout_days == 400
    assert (settings.fleet, settings.broker.url, settings.http_port) == ("north", "mqtt://127.0.0.1:1883", 8420)


def test_a_fleet_is_never_overwritten(tmp_path: Path) -> None:
    home = init_home(tmp_path, "north")
    token, key = home.token(), home.key_file.read_bytes()
    with pytest.raises(CygnetError, match="already holds a fleet"):
        init_home(tmp_path, "south")
    assert (home.token(), home.key_file.read_bytes()) == (token, key)


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = init_home(tmp_path, "north")
    home.token_file.chmod(0o644)
    with pytest.raises(CygnetError, match="is readable by others; run: chmod 600"):
        home.token()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fleet = 7", "fleet must be a string that is not empty"),
        ("", "fleet must be a string that is not empty"),
        ("fleet = 'North'", "must be 1 to 64 lower-case"),
        (
            "fleet = 'n'\nname = 'x'",
            "name is not a member of this file; known here are: access, ",
        ),
        ("fleet = 'n'\n[broker]\nurl = 'amqp://x'", "broker.url 'amqp://x' must be a URL such as"),
        ("fleet = 'n'\n[broker]\nport = 1", "broker.port is not a member"),
        ("fleet = 'n'\nbroker = 'mqtt://x'", "broker must be a table: [broker]"),
        ("fleet = 'n'\n[http]\nlisten = 'x:y'", "'x:y' is not an address"),
        ("fleet = 'n'\n[http]\nhosts = 'a'", "http.hosts must be a list of names"),
        ("fleet = 'n'\n[telemetry]\ndays = -1", "telemetry.days must be a whole number from 0"),
        ("fleet = 'n'\n[rollouts]\ndays = 9", "rollouts.days is not a member"),
        ("fleet = 'n'\n[rollouts]\ndevice_days = -1", "rollouts.device_days must be a whole number from 0 (for ever)"),
        ("fleet = 'n'\n[rollouts]\ndevice_days = 30", "rollouts.device_days must be 0 (for ever) or more than 30"),
        ("fleet = ", "is not TOML"),
    ],
)
def test_a_faulty_fleet_toml_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    home = FleetHome(tmp_path)
    home.settings_file.write_text(text)
    with pytest.raises(CygnetError) as refusal:
        home.settings()
    assert sentence in str(refusal.value)


def test_files_in_fleet_toml_are_found_from_its_folder(tmp_path: Path) -> None:
    home = FleetHome(tmp_path)
    home.settings_file.write_text(
        "fleet = 'n'\n[broker]\nurl = 'mqtts://b'\nca = 'ca.pem'\npassword_file = '/p'\nusername = 'fleet'\n"
        "device_url = 'mqtts://outside'\n[database]\nurl = 'postgresql://db'"
    )
    settings = home.settings()
    assert settings.broker.ca == tmp_path / "ca.pem"
    assert settings.broker.password_file == Path("/p")
    assert settings.broker.device_url == "mqtts://outside"
    assert settings.database == "postgresql://db"


def test_secrets_are_found_where_systemd_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = FleetHome(tmp_path)
    home.settings_file.write_text(
        "fleet = 'n'\n[broker]\nusername = 'fleet'\npassword_file = '$CREDENTIALS_DIRECTORY/cygnet.broker.password'"
    )
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/cygnet-fleet.service")
    assert home.settings().broker.password_file == Path("/run/credentials/cygnet-fleet.service/cygnet.broker.password")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert home.settings().http_port  # who only asks for the page's address needs no secrets
    with pytest.raises(CygnetError, match=r"the password file \$CREDENTIALS_DIRECTORY/cygnet.broker.password cannot"):
        make_transport(home.settings(), "fleet")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mqtt://a,mqtts://b", "broker.url has mqtt:// beside mqtts://"),
        ("mqtts://a,", "broker.url has an empty address"),
        ("mqtts://a,http://b", "broker.url 'http://b' must be a URL such as"),
        ("mqtts://a,mqtts://user:hush@b", "broker.url must not carry a user or password"),
    ],
)
def test_a_list_of_brokers_of_which_one_is_wrong_is_named(tmp_path: Path, url: str, sentence: str) -> None:
    home = FleetHome(tmp_path)
    home.settings_file.write_text(f"fleet = 'n'\n[broker]\nurl = '{url}'")
    with pytest.raises(CygnetError) as refusal:
        home.settings()
    assert sentence in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_the_nodes_of_a_cluster_stand_in_one_list_from_the_fleet_to_the_device(tmp_path: Path) -> None:
    nodes = "mqtts://a.example,mqtts://b.example:8884"
    home = init_home(tmp_path / "fleet", "north", broker=nodes)
    assert home.settings().broker.device_url == nodes
    (tmp_path / "kitchen.toml").write_text(Provisioning("north", "kitchen", nodes, KEY).to_toml())
    assert load_provisioning(tmp_path / "kitchen.toml").broker == nodes
    assert split_broker(nodes) == ("a.example", 8883, True)  # a microcontroller knows one


@pytest.mark.parametrize("text", ["", "8420", "host", "host:", "host:x", "host:70000", "a@host:1", "host:1/path"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CygnetError, match="is not an address"):
        split_address(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_toml(text: str) -> None:
    import tomllib

    assert tomllib.loads(f"value = {toml_string(text)}") == {"value": text}


def test_a_device_reads_what_enrolling_wrote(tmp_path: Path) -> None:
    file = tmp_path / "kitchen.toml"
    told = Provisioning(
        "north", "kitchen", "mqtts://broker", KEY, "kitchen", "/etc/broker.password", "/ca.pem", "/cert.pem", "/key.pem"
    )
    file.write_text(told.to_toml())
    read = load_provisioning(file)
    assert (read.fleet, read.device, read.broker, read.username) == ("north", "kitchen", "mqtts://broker", "kitchen")
    assert (read.password_file, read.ca) == (Path("/etc/broker.password"), Path("/ca.pem"))
    assert (read.cert, read.key) == (Path("/cert.pem"), Path("/key.pem"))
