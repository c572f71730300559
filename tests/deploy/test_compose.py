"""deploy/compose.yaml and the image that it runs: valid, confined, and with commands that run.

The schema beside this file is the Compose Specification's (https://github.com/compose-spec/compose-spec, Apache-2.0,
``schema/compose-spec.json`` of June 2026), as it stands there.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.site import Site
from tests.deploy.test_units import words
from tests.docs.pages import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "localhost/cygnet-fleet"}
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8").replace("\\\n", "")


def test_it_is_a_compose_file_by_the_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(COMPOSE)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({**COMPOSE, "services": {"fleet": {"imago": "x"}}})


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_read_only_without_rights_and_not_root_s(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files_and_stand_in_no_environment(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        assert not re.search("password|secret|token|key", variable, re.IGNORECASE) or value.startswith("/run/secrets/")
    assert set(SERVICES[name].get("secrets", ())) <= set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().split()


def test_only_the_broker_is_open_to_others_than_this_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"broker": ["8883:8883"], "fleet": ["127.0.0.1:8420:8420"]}


def test_who_is_waited_for_can_say_that_it_is_well() -> None:
    for service in SERVICES.values():
        for name, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[name]


def test_its_commands_are_those_of_the_units_which_run_in_their_tests() -> None:
    home = Path("/var/lib/cygnet-fleet")
    assert {service["environment"]["CYGNET_FLEET_HOME"] for service in OURS.values()} == {str(home)}
    units = {
        "fleet": words("cygnet-fleet.service", 0, home),
        **{f"worker-{n}": words("cygnet-fleet-worker@.service", n, home) for n in (1, 2)},
        **{f"content-worker-{n}": words("cygnet-content-worker@.service", n, home) for n in (1, 2)},
    }
    here = {name: ["fleet", "--home", str(home), *service["command"][1:]] for name, service in OURS.items()}
    assert here == units


@pytest.mark.broker
def test_its_check_finds_the_fleet_well_and_no_fleet_unwell(site: Site) -> None:
    kind, program, *check = OURS["fleet"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "cygnet")
    environment = {"CYGNET_FLEET_HOME": str(site.home.directory)}
    assert site.run(check, environment).wait(30) == 1
    site.forget()
    site.run(OURS["fleet"]["command"], environment)
    site.wait_until(site.is_well)
    assert site.run(check, environment).wait(30) == 0


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_s_root() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    let_in = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", CONTAINERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)
    needed = {"pyproject.toml", *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    needed |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
    assert needed <= copied
    for extras in re.findall(r"\[([\w,]+)\]'", CONTAINERFILE):
        assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])
    users = re.findall(r"^USER (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert users == [OURS["fleet"]["user"]]
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", CONTAINERFILE, re.MULTILINE)[0]) == ["cygnet"]
    assert json.loads(re.findall(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)[0]) == OURS["fleet"]["command"]
