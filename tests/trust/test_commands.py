"""``cygnet fleet trust``: ceremonies as people go through them, at the command line."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from device_runtime.program.package import DIGESTS
from device_runtime.sealed.archive import read_archive
from firmware_tools.cli.fleet import fleet
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.trust.releases import Offer, offer, published
from firmware_tools.fleet.trust.repository import Repository
from tests.fleet.packages import small_package

SECRET = "correct horse"  # noqa: S105 - of keys that live for one test


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CYGNET_KEY_PASSPHRASE", SECRET)
    return init_home(tmp_path / "fleet", "north").directory


def cygnet(home: Path, *words: str, answer: str = "", fails: bool = False) -> str:
    result: Result = CliRunner().invoke(fleet, ["--home", str(home), "trust", *words], input=answer)
    assert (result.exit_code != 0) == fails, result.output
    return result.output if not fails or not result.exception else f"{result.output}{result.exception}"


def travels(home: Path, role: str, keys: Sequence[str]) -> str:
    """The file goes to each, who signs it, and back."""
    file = Path(f"{role}.json")
    file.write_bytes((home / "trust" / "staged" / file).read_bytes())
    for key in keys:
        assert "is signed by" in cygnet(home, "sign", str(file), "--key", f"pem:{key}.pem", answer="y\n")
    return cygnet(home, "accept", str(file))


def make_keys(home: Path, *names: str) -> None:
    for name in names:
        assert f"{name}.pub is for the others" in cygnet(home, "key", name, "--out", f"{name}.pem")
        assert "ENCRYPTED" in Path(f"{name}.pem").read_text()


def test_one_person_makes_a_root_in_one_command(home: Path) -> None:
    assert "no root of trust yet" in cygnet(home, "status")
    said = cygnet(home, "init")
    assert "Take " in said
    assert "off this machine" in said
    assert "restart" not in said, "a fleet that runs looks for its root"
    assert "Root version 1" in cygnet(home, "status")
    assert json.loads(cygnet(home, "status", "--json"))["root_version"] == 1
    assert "has a root of trust already" in cygnet(home, "init", fails=True)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "keys").rglob("*.pem"))


def test_three_people_make_a_root_and_two_of_them_change_it(home: Path) -> None:
    make_keys(home, "anna", "ben", "carla", "dora", "acme")
    roots = [word for name in ("anna", "ben", "carla") for word in ("--root-key", f"{name}.pub")]
    said = cygnet(home, "init", *roots, "--threshold", "2", "--targets-key", "carla.pub", "--no-house")
    assert "root version 1 is not signed yet; 2 must sign, and anna, ben, carla may" in said
    assert "root version 1 is signed by anna; 2 must sign, and ben, carla may" in travels(home, "root", ["anna"])
    assert "waits for what is published with it" in travels(home, "root", ["ben"])
    assert "targets version 1 is published" in travels(home, "targets", ["carla"])

    said = cygnet(home, "rotate", "root", "--add", "dora.pub", "--remove", "anna")
    assert "root version 2 is not signed yet" in said
    assert "root version 2 is published" in travels(home, "root", ["ben", "carla"])
    assert "dora" in cygnet(home, "status")

    cygnet(home, "add-developer", "acme", "--app", "com.acme.*", "--key", "acme.pub")
    assert "targets version 2 is published" in travels(home, "targets", ["carla"])
    assert "acme version 1 is published" in travels(home, "acme", ["acme"])

    package = small_package("com.acme.radio")
    Path("radio.ma").write_bytes(package)
    digests = hashlib.sha256(read_archive(package)[DIGESTS]).hexdigest()
    repository = Repository(home)
    offer(repository, [Offer("programs/com.acme.radio/1.ma", "ab" * 32, 5, digests, "1.0")])
    Path("acme.json").write_bytes((home / "trust" / "staged" / "acme.json").read_bytes())
    Path("other.ma").write_bytes(small_package("com.acme.radio", code=2))
    refused = cygnet(home, "sign", "acme.json", "--key", "pem:acme.pem", "--package", "other.ma", fails=True)
    assert "do not sign" in refused
    said = cygnet(home, "sign", "acme.json", "--key", "pem:acme.pem", "--package", "radio.ma", answer="y\n")
    assert "programs/com.acme.radio/1.ma holds the very files of radio.ma" in said
    assert "acme version 2 is published" in cygnet(home, "accept", "acme.json")
    assert "programs/com.acme.radio/1.ma" in published(repository)

    cygnet(home, "withdraw", "com.acme.radio", "1")
    assert "acme version 3 is published" in travels(home, "acme", ["acme"])
    assert not published(repository)
    cygnet(home, "remove-developer", "acme")
    assert "targets version 3 is published" in travels(home, "targets", ["carla"])
    cygnet(home, "recover")
    assert "restart" not in travels(home, "root", ["dora"]), "the fleet signs with its old key still"
    said = travels(home, "root", ["ben"])
    assert "root version 3 is published" in said
    assert said.splitlines()[-1].startswith("The fleet has a new key. Next: restart `cygnet fleet serve`")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rotate", "root", "--remove", "zoe"], "names 0 keys of root; there are root ("),
        (["rotate", "root", "--threshold", "2"], "its threshold is a number from 1 to 1, not 2"),
        (["remove-developer", "zoe"], "there is no developer zoe"),
        (["renew", "zoe"], "there is no developer zoe"),
        (["withdraw", "com.example.x", "1"], "is not among what house signs"),
        (["add-developer", "root", "--app", "x", "--key", "root.pub"], "is no name for a developer"),
        (["add-developer", "acme", "--app", "a/b", "--key", "root.pub"], "is no pattern of an app id or model"),
        (["accept", "fleet/fleet.toml"], "is no metadata to be signed"),
        (["accept", "fleet/trust/metadata/timestamp.json"], "which nobody signs by hand"),
        (["sign", "fleet/trust/metadata/1.root.json", "--key", "pem:no.pem", "--yes"], "no.pem cannot be read"),
        (["sign", "fleet/trust/metadata/1.root.json", "--key", "hsm:2", "--yes"], "name its public key too"),
        (["sign", "fleet/trust/metadata/1.root.json", "--key", "pem:root.pub", "--yes"], "readable by others"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(home: Path, words: list[str], sentence: str) -> None:
    cygnet(home, "init")
    make_keys(home, "root")
    Path("root.pub").chmod(0o644)
    assert sentence in cygnet(home, *words, fails=True)


def test_a_wrong_passphrase_is_said_and_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_keys(home, "anna")
    cygnet(home, "init", "--root-key", "anna.pub", "--targets-key", "anna.pub")
    monkeypatch.setenv("CYGNET_KEY_PASSPHRASE", "wrong horse")
    said = cygnet(home, "sign", str(home / "trust/staged/root.json"), "--key", "pem:anna.pem", "--yes", fails=True)
    assert "the passphrase is wrong" in said
    assert "wrong horse" not in said


def test_a_file_that_was_changed_on_its_way_is_not_taken(home: Path) -> None:
    make_keys(home, "anna")
    cygnet(home, "init", "--root-key", "anna.pub", "--targets-key", "anna.pub")
    file = Path("root.json")
    text = (home / "trust" / "staged" / "root.json").read_text()
    file.write_text(text.replace('"threshold":1', '"threshold":2', 1))
    cygnet(home, "sign", "root.json", "--key", "pem:anna.pem", "--yes")
    assert "says other things than the root version 1 that waits" in cygnet(home, "accept", "root.json", fails=True)
    make_keys(home, "mallory")
    file.write_text(text)
    cygnet(home, "sign", "root.json", "--key", "pem:mallory.pem", "--yes")
    assert "is not good for root version 1" in cygnet(home, "accept", "root.json", fails=True)
