"""A device knows its fleet from one file."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.provisioning import ProvisioningError, load_provisioning
from device_runtime.keys import encode_public_key, key_id

KEY = Ed25519PrivateKey.generate().public_key()
GOOD = f"""\
fleet = "home"
device = "kitchen"
broker = "mqtts://broker.example:8883"
fleet_key = "{encode_public_key(KEY)}"
username = "kitchen"
password_file = "password"

[tls]
ca = "/etc/cygnet/ca.pem"
"""


def test_a_provisioning_file_is_read_with_paths_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(GOOD)
    provisioning = load_provisioning(path)
    assert (provisioning.fleet, provisioning.device) == ("home", "kitchen")
    assert key_id(provisioning.fleet_key) == key_id(KEY)
    assert provisioning.password_file == tmp_path / "password"
    assert provisioning.ca == Path("/etc/cygnet/ca.pem")
    assert provisioning.cert is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('fleet = "home"\n', "", "'fleet' is missing: the fleet's id"),
        ('"home"', '"Home/1"', "fleet id 'Home/1' must be 1 to 64"),
        ('"kitchen"\nb', "7\nb", "'device' must be a string"),
        ("broker =", "brokr =", "unknown member 'brokr'"),
        ('fleet_key = "', 'fleet_key = "x', "is not an Ed25519 public key in base64"),
        ("[tls]", "[tls", "not TOML"),
    ],
)
def test_a_fault_is_one_sentence_with_the_file(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "device.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ProvisioningError) as fault:
        load_provisioning(path)
    assert str(fault.value).startswith(f"{path}: ")
    assert sentence in str(fault.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match=r"cygnet fleet enroll DEVICE --out device\.toml"):
        load_provisioning(tmp_path / "device.toml")
