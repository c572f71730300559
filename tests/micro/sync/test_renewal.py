"""What a board believes of a newer certificate, and how it reads one: on MicroPython, against ``cryptography``."""

import base64
import calendar
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device_runtime.keys import encode_public_key
from device_runtime.sync.certificates import Holder, new_key
from device_runtime.sync.fields import canonical_json
from device_runtime.sync.reissue_messages import sign_certificate
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.profiles import Issuer, issue_client
from tests.micro.board import run_json

FLEET_KEY = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
DEVICE_KEY = b"\x0b" * 32
NOW = 1_795_000_000
PICO = Holder("north", "device", "pico-1")
CHECK = """
import asyncio
from micro.sync.renewal import _checked
from micro.sync.messages import SyncError
class Link: pass
link = Link()
link.root, link.identity = given["root"], given["identity"]
found = {}
for name in given["cases"]:
    try:
        asyncio.run(_checked(link, given["cases"][name].encode()))
        found[name] = ""
    except SyncError as error:
        found[name] = str(error)
answer(found)
"""


@dataclass(frozen=True)
class Given:
    """A board with a certificate, and who issues them."""

    root: Path
    issuer: Issuer
    key: EllipticCurvePrivateKey

    def certificate(
        self, days: float = 730, holder: Holder = PICO, key: EllipticCurvePrivateKey | None = None
    ) -> bytes:
        made = issue_client(self.issuer, holder, (key or self.key).public_key(), NOW, days)
        return made.public_bytes(Encoding.DER)


@pytest.fixture
def board(tmp_path: Path) -> Given:
    authority = Authority(tmp_path / "fleet", "north", lambda: NOW)
    authority.found(None)
    given = Given(tmp_path, authority.issuer(), new_key())
    (tmp_path / "cygnet").mkdir()
    (tmp_path / "cygnet" / "device.der").write_bytes(given.certificate(days=100))
    key = given.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "cygnet" / "device.key").write_bytes(key)
    return given


def sealed(certificate: bytes, fleet: str = "north", device: str = "pico-1") -> str:
    return sign_certificate(fleet, device, certificate, (FLEET_KEY,), DEVICE_KEY).decode()


def of_another_type(certificate: bytes) -> str:
    """What the fleet signed, but not as a certificate."""
    made = json.loads(sealed(certificate))
    content = {**made["signed"], "type": "desired"}
    mac = base64.b64encode(hmac.digest(DEVICE_KEY, canonical_json(content), "sha256")).decode()
    return canonical_json({"signed": content, "signatures": [], "macs": [{"device": "pico-1", "mac": mac}]}).decode()


def test_a_board_takes_its_next_certificate_from_its_fleet_and_no_other(
    micropython: str, board: Given, tmp_path: Path
) -> None:
    good = board.certificate()
    cases = {
        "": sealed(good),
        "no signature of this fleet": sealed(good).replace(base64.b64encode(good).decode()[40:60], "A" * 20),
        "is broken": sealed(good)[:-30],
        "no signature of this fleet ": sealed(good, device="pico-2"),
        "meant for another device ": sealed(good, fleet="south"),
        "meant for another device  ": of_another_type(good),
        "does not name this device": sealed(board.certificate(holder=Holder("north", "device", "pico-10"))),
        "does not name this device ": sealed(board.certificate(holder=Holder("north", "service", "pico-1"))),
        "another key": sealed(board.certificate(key=new_key())),
        "ends no later": sealed(board.certificate(days=100)),
        "ends no later ": sealed(board.certificate(days=99)),
        "is no certificate": sealed(b"\x30\x03\x02\x01\x01"),
        "is no certificate ": sealed(good[:-1]),
        "is no certificate  ": sealed(good + b"\0"),
        "is no certificate   ": sealed(b""),
    }
    identity = {
        "fleet": "north",
        "device": "pico-1",
        "fleet_key": encode_public_key(FLEET_KEY.public_key()),
        "signature": "hmac",  # the same in a hundredth of the time
        "device_key": base64.b64encode(DEVICE_KEY).decode(),
    }
    asked = {"root": f"{board.root}/", "identity": identity, "cases": cases}
    found = run_json(micropython, CHECK, asked, tmp_path)
    assert found.pop("") == ""
    for expected, sentence in found.items():
        assert expected.strip() in sentence, (expected, sentence)
    signed = {"signature": "ed25519", "device_key": ""}
    asked = {"root": f"{board.root}/", "identity": identity | signed, "cases": {"": sealed(good)}}
    assert run_json(micropython, CHECK, asked, tmp_path) == {"": ""}


READ = """
import binascii
from micro.sync.renewal import Certificate, seconds
from micro.sync.messages import SyncError
found = []
for text in given:
    try:
        each = Certificate(binascii.a2b_base64(text))
        key = binascii.b2a_base64(each.key)[:-1].decode()
        found.append([each.serial, seconds(each.begins), seconds(each.ends), key])
    except SyncError:
        found.append(None)
answer(found)
"""


@pytest.mark.parametrize("bits", ["", "_32"])
def test_a_board_reads_a_certificate_as_cryptography_does(
    request: pytest.FixtureRequest, bits: str, board: Given, tmp_path: Path
) -> None:
    long = Holder("n" * 64, "device", "d" * 64)
    made = [board.certificate(days, long) for days in (1, 59.5, 400, 1461, 4000, 9130, 36_525)]
    cut = [made[0][:length] for length in range(0, len(made[0]), 7)]
    port = request.getfixturevalue(f"micropython{bits}")
    found = run_json(port, READ, [base64.b64encode(der).decode() for der in made + cut], tmp_path)
    assert found[len(made) :] == [None] * len(cut)
    for der, (serial, begins, ends, key) in zip(made, found, strict=False):
        certificate = x509.load_der_x509_certificate(der)
        assert int(serial, 16) == certificate.serial_number
        assert serial == f"{certificate.serial_number:x}"
        assert begins == calendar.timegm(certificate.not_valid_before_utc.timetuple())
        assert ends == calendar.timegm(certificate.not_valid_after_utc.timetuple())
        assert base64.b64decode(key) in der


DAYS = "from micro.sync.renewal import seconds\nanswer([seconds(text) for text in given])\n"


def test_dates_are_seconds_in_leap_years_too(micropython: str, tmp_path: Path) -> None:
    texts = [f"{year}{month:02}{day:02}235959" for year in (1970, 2000, 2026, 2028, 2100) for month in range(1, 13) for day in (1, 28)]  # fmt: skip  # noqa: E501
    texts += ["20280229000000", "20000229120000"]
    expected: list[Any] = [calendar.timegm(time.strptime(text, "%Y%m%d%H%M%S")) for text in texts]
    assert run_json(micropython, DAYS, texts, tmp_path) == expected


STEPS = """
from micro.sync.certificate import judge, put_on_trial, shown
import os
root = given["root"]
def look():
    found.append([shown(root)[0].decode(), shown(root, True)[0].decode(), shown(root)[1]])
found = []
look()
put_on_trial(root, b"second")
look()
put_on_trial(root, b"third")
look()
judge(root, False)
look()
put_on_trial(root, b"second")
judge(root, True)
look()
put_on_trial(root, b"third")
judge(root, False)
look()
with open(root + "cygnet/device.der", "w") as file:
    file.write("by cable")
look()
os.remove(root + "cygnet/device.der")
look()
answer(found)
"""


def test_which_certificate_is_shown_at_each_step(micropython: str, tmp_path: Path) -> None:
    (tmp_path / "cygnet").mkdir()
    (tmp_path / "cygnet" / "device.der").write_bytes(b"first")
    assert run_json(micropython, STEPS, {"root": f"{tmp_path}/"}, tmp_path) == [
        ["first", "first", False],
        ["second", "first", True],
        ["third", "first", True],  # the second never connected
        ["first", "first", False],
        ["second", "second", False],
        ["second", "second", False],
        ["by cable", "by cable", False],
        ["", "", False],
    ]


PUT_BACK = """
import asyncio
from micro.sync.certificate import put_on_trial, shown
from micro.sync.renewal import turn
class Link: pass
link = Link()
link.root, link.shows = given["root"], 3
class Agent:
    certificate, renewal, asked = None, 1, ""
    waits = 600
    def renew_in(self, seconds): self.waits = seconds
    def refuse(self, name, reason): self.refused = name
agent = Agent()
put_on_trial(link.root, b"second")
asyncio.run(turn(agent, link, None, {}))
answer([shown(link.root)[0].decode(), link.shows, agent.refused, agent.waits])
"""


def test_a_certificate_that_was_put_back_is_tried_again_a_day_later_and_no_sooner(
    micropython: str, tmp_path: Path
) -> None:
    (tmp_path / "cygnet").mkdir()
    (tmp_path / "cygnet" / "device.der").write_bytes(b"first")
    found = run_json(micropython, PUT_BACK, {"root": f"{tmp_path}/"}, tmp_path)
    assert found == ["first", 1, "certificate_refused", 86_400]
