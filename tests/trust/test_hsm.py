"""Keys that never leave a token: SoftHSM through PKCS#11 and securesystemslib."""

import os
import subprocess
from pathlib import Path

import pytest

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.trust import ceremony, signatures
from firmware_tools.fleet.trust.keys import key_of_hsm, open_signer
from tests.trust.world import APP, World

LIBRARY = next(iter(Path("/usr/lib").glob("**/softhsm/libsofthsm2.so")), None)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token called ``vault`` with the PIN 1234 and one key on P-256, number 2; gives its URI."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    if LIBRARY is None:
        pytest.skip("SoftHSM is not installed: Debian's softhsm2")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    os.environ["SOFTHSM2_CONF"], os.environ["PYKCS11LIB"] = str(folder / "softhsm2.conf"), str(LIBRARY)
    init = ["softhsm2-util", "--init-token", "--free", "--label", "vault", "--pin", "1234", "--so-pin", "5678"]
    subprocess.run(init, check=True, capture_output=True)
    from pkcs11.util.ec import encode_named_curve_parameters

    with pkcs11.lib(str(LIBRARY)).get_token(token_label="vault").open(user_pin="1234", rw=True) as session:  # noqa: S106
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        parameters.generate_keypair(store=True, id=b"\x02", label="root")
    return "hsm:2?label=vault"


def test_a_root_is_signed_by_a_key_in_a_token(token: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    uri, public = key_of_hsm(token, "vault", lambda _: "1234")
    ceremony.init(world.repository, "north", [public], [world.people["tess"].key], threshold=1)
    travelling = tmp_path / "root.json"
    travelling.write_bytes((world.repository.staged / "root.json").read_bytes())
    signatures.sign(travelling, open_signer(uri, public, tmp_path, lambda name: {"pin": "1234"}[name]))
    signatures.accept(world.repository, travelling)
    assert world.sign("targets", "tess").published
    device = world.device()
    device.refresh()
    assert device.verifier.root_version == 1
    assert device.sees(f"programs/{APP}/1.ma") is None


def test_a_wrong_pin_is_one_sentence_without_the_pin(token: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    uri, public = key_of_hsm(token, "vault", lambda _: "1234")
    ceremony.init(world.repository, "north", [public], [public], threshold=1)
    with pytest.raises(FleetError, match=r"root.json cannot be signed: ") as refused:
        signatures.sign(world.repository.staged / "root.json", open_signer(uri, public, tmp_path, lambda _: "9876"))
    assert "9876" not in str(refused.value)


def test_a_token_that_is_not_there_is_one_sentence(token: str) -> None:
    with pytest.raises(FleetError, match=r"the key hsm:2\?label=other of the HSM cannot be used: No PKCS#11 token"):
        key_of_hsm("hsm:2?label=other", "other", lambda _: "1234")
