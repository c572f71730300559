"""The CA's files: whole, secret, and what OpenSSL takes."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.sync.certificates import Holder
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.identity.authority import Authority, Files
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.profiles import Revoked, revocation_list
from tests.identity.world import make_home
from tests.trust.power import every_cut


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path, "north")
    made.found(None)
    return made


@pytest.mark.parametrize(("purpose", "server"), [("sslclient", False), ("sslserver", True)])
def test_openssl_takes_the_certificates_strictly_and_for_their_purpose_alone(
    authority: Authority, tmp_path: Path, purpose: str, server: bool
) -> None:
    issuing = tmp_path / "issuing.pem"
    issuing.write_bytes(authority.issuer().certificate.public_bytes(Encoding.PEM))
    if server:
        authority.issue_server(["localhost", "192.0.2.7", "*.example.org"])
        leaf = authority.server.certificate
    else:
        leaf = tmp_path / "device.pem"
        authority.issue(Holder("north", "device", "kitchen"), Files(leaf, tmp_path / "device.key"), 30)
    verify = ("verify", "-x509_strict", "-CAfile", str(authority.ca_file), "-untrusted", str(issuing))
    assert openssl(*verify, "-purpose", purpose, str(leaf)).returncode == 0
    other = "sslserver" if purpose == "sslclient" else "sslclient"
    assert openssl(*verify, "-purpose", other, str(leaf)).returncode != 0


def test_the_certificate_of_a_cluster_is_a_clients_too_and_stays_so_when_the_ca_is_rotated(tmp_path: Path) -> None:
    home = make_home(tmp_path, 1, own_ca=True)
    office = IdentityOffice(home)
    office.server(["a.example", "b.example"], cluster=True)
    office.rotate(None)
    assert "server" in office.finish_rotation(force=False)
    issuing = tmp_path / "issuing.pem"
    issuing.write_bytes(office.authority.issuer().certificate.public_bytes(Encoding.PEM))
    verify = ("verify", "-x509_strict", "-CAfile", str(office.authority.ca_file), "-untrusted", str(issuing))
    for purpose in ("sslserver", "sslclient"):
        assert openssl(*verify, "-purpose", purpose, str(office.authority.server.certificate)).returncode == 0


def test_openssl_finds_what_was_revoked_in_the_list(authority: Authority, tmp_path: Path) -> None:
    issuer = authority.issuer()
    serials = {}
    for name in ("kitchen", "hall"):
        files = Files(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        serials[name] = authority.issue(Holder("north", "device", name), files, 30).serial_number
    crl = tmp_path / "crl.pem"
    crl.write_bytes(revocation_list(issuer, [Revoked(serials["hall"], 1e9)], 1, 1.79e9).public_bytes(Encoding.PEM))
    issuing = tmp_path / "issuing.pem"
    issuing.write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    check = ("verify", "-crl_check", "-CRLfile", str(crl), "-CAfile", str(authority.ca_file))
    for name, good in (("kitchen", True), ("hall", False)):
        found = openssl(*check, "-untrusted", str(issuing), str(tmp_path / f"{name}.pem"))
        assert (found.returncode == 0) == good, found.stderr


def test_keys_are_for_their_owner_alone(authority: Authority, tmp_path: Path) -> None:
    authority.issue_server(["localhost"])
    authority.make_bundle("", "mqtts://localhost", 30)
    keys = list(tmp_path.rglob("*.key"))
    assert {path.name for path in keys} == {"root.key", "issuing.key", "server.key", "claim.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)
    authority_key = next(path for path in keys if path.name == "issuing.key")
    authority_key.chmod(0o640)
    with pytest.raises(FleetError, match="chmod 600"):
        authority.issuer()


def test_a_second_ca_is_not_made_by_accident_and_the_roots_key_may_lie_elsewhere(tmp_path: Path) -> None:
    vault = tmp_path / "vault" / "root.key"
    made = Authority(tmp_path / "home", "north")
    made.found(vault)
    assert vault.exists()
    assert not list((tmp_path / "home").rglob("root.key"))
    with pytest.raises(FleetError, match="has a CA already"):
        made.found(None)
    with pytest.raises(FleetError, match="never overwritten"):
        Authority(tmp_path / "other", "north").found(vault)
    vault.unlink()
    made.issue(Holder("north", "device", "kitchen"), Files(tmp_path / "k.pem", tmp_path / "k.key"), 30)


def test_the_power_may_go_at_any_step_of_making_or_rotating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, cut in enumerate(every_cut(monkeypatch)):
        made = Authority(tmp_path / str(number), "north")
        with cut():
            made.found(None)
        if not made.exists:
            made.found(None)
        made.tell_roots()
        first = made.issuer().id
        assert len(made.roots()) == 1
        if number % 2:
            continue
        made.rotate(None)
        assert made.issuer().id != first
        assert [issuer.id for issuer in made.issuers()][1] == first
        made.finish_rotation()
        assert len(made.roots()) == 1


@pytest.mark.parametrize("name", ["", "-x", "a b", "localhost;", "x" * 300, "ünder"])
def test_what_is_no_name_of_a_server_is_refused(authority: Authority, name: str) -> None:
    with pytest.raises(FleetError):
        authority.issue_server([name])
