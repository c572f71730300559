"""SHA-512, Ed25519 and HMAC of the board, on MicroPython, against Python's and OpenSSL's."""

import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device_runtime.keys import encode_public_key
from device_runtime.sync.messages import Desired, ModelTarget, canonical_json, sign_desired
from tests.micro.sync.mpy import run_micropython

_stream = hashlib.shake_256(b"what is signed").digest(300_000)


def some(length: int, place: int) -> bytes:
    """Bytes that are the same in each run."""
    return _stream[place * 5000 : place * 5000 + length]


ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

# RFC 8032, 7.1: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
VERIFY = """
import binascii
from micro.sync.ed25519 import verify
u = binascii.unhexlify
answer = [verify(u(key), u(signature), u(message)) for key, message, signature in given]
"""


def flipped(text: str, bit: int) -> str:
    raw = bytearray.fromhex(text)
    raw[bit // 8] ^= 1 << bit % 8
    return raw.hex()


def test_sha_512_is_that_of_fips_180_4_for_all_lengths_around_a_block(micropython: str) -> None:
    messages = [some(length, 1) for length in [*range(260), 1000, 4096]]
    code = """
import binascii
from micro.sync.sha512 import Sha512
answer = []
for index, text in enumerate(given):
    digest, data = Sha512(), binascii.unhexlify(text)
    step = index % 37 + 1
    for at in range(0, len(data), step):
        digest.update(data[at : at + step])
    answer.append(binascii.hexlify(digest.digest()).decode())
"""
    answer = run_micropython(micropython, code, [message.hex() for message in messages])
    assert answer == [hashlib.sha512(message).hexdigest() for message in messages]


def test_the_vectors_of_rfc_8032_are_accepted_and_each_change_of_a_bit_refused(micropython: str) -> None:
    assert run_micropython(micropython, VERIFY, RFC_8032) == [True] * 3
    key, message, signature = RFC_8032[2]
    changed = [(key, message, flipped(signature, bit)) for bit in range(0, 512, 7)]
    changed += [(flipped(key, bit), message, signature) for bit in range(0, 256, 11)]
    changed += [(key, flipped(message, bit), signature) for bit in range(16)]
    assert not any(run_micropython(micropython, VERIFY, changed))


def test_what_openssl_signs_is_accepted(micropython: str) -> None:
    cases = []
    for place, length in enumerate((0, 1, 63, 64, 127, 128, 129, 500, 2000)):
        private = Ed25519PrivateKey.from_private_bytes(some(32, place))
        message = some(length, place + 20)
        key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        cases.append((key.hex(), message.hex(), private.sign(message).hex()))
    assert run_micropython(micropython, VERIFY, cases) == [True] * len(cases)


def test_forms_that_a_lenient_verifier_takes_are_refused(micropython: str) -> None:
    key, message, signature = RFC_8032[1]
    s = int.from_bytes(bytes.fromhex(signature)[32:], "little")
    malleable = signature[:64] + (s + ORDER).to_bytes(32, "little").hex()
    small_orders = [  # y of the points of small order, canonical and not
        (1).to_bytes(32, "little"),
        (PRIME - 1).to_bytes(32, "little"),
        (0).to_bytes(32, "little"),
        (1 << 255).to_bytes(32, "little"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        PRIME.to_bytes(32, "little"),
        (PRIME + 1).to_bytes(32, "little"),
    ]
    # With a key of small order, R = the neutral element and S = 0 fit many messages.
    neutral = (1).to_bytes(32, "little").hex() + "00" * 32
    cases = [(key, message, malleable), *((point.hex(), message, neutral) for point in small_orders)]
    cases += [(key, message, signature[:-2]), (key[:-2], message, signature), ("", "", "")]
    assert not any(run_micropython(micropython, VERIFY, cases))


def test_one_signature_of_the_fleets_key_is_checked_however_many_there_are(micropython: str) -> None:
    fleet_key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    envelope = json.loads(sign_desired(Desired("north", "pico-1", 1, 1, {}), fleet_key))
    (good,), signed = envelope["signatures"], canonical_json(envelope["signed"]).decode()
    bad = {**good, "sig": "A" * 86 + "=="}
    stranger = {**good, "keyid": "0" * 64}
    cases = [([bad] * 15 + [good], False), ([good, bad], True), ([stranger] * 15 + [good], True), ([stranger], False)]
    code = """
import asyncio
from micro.sync import desired
checked = []
check = desired.is_signed
def counted(*arguments):
    checked.append(1)
    return check(*arguments)
desired.is_signed = counted
answer = []
for seals in given["seals"]:
    del checked[:]
    payload = ('{"signatures":' + json.dumps(seals) + ',"signed":' + given["signed"] + '}').encode()
    try:
        answer.append([bool(asyncio.run(desired.verify_desired(payload, given["identity"]))), len(checked)])
    except desired.SyncError as error:
        assert "carries no signature of this fleet" in str(error)
        answer.append([False, len(checked)])
"""
    identity = {"fleet": "north", "device": "pico-1", "fleet_key": encode_public_key(fleet_key.public_key())}
    given = {"seals": [seals for seals, _ in cases], "signed": signed, "identity": identity}
    answer = run_micropython(micropython, code, given)
    assert [genuine for genuine, _ in answer] == [genuine for _, genuine in cases]
    assert [checked for _, checked in answer] == [1, 1, 1, 0]


def test_what_linux_takes_for_no_app_id_is_none_on_a_board(micropython: str) -> None:
    code = """
from micro.sync.desired import SyncError, _check_desired
answer = []
document = {"type": "desired", "fleet": "f", "device": "d", "version": 1, "issued": 1}
for app_id in given:
    document["programs"] = {app_id: 1}
    try:
        _check_desired(document)
    except SyncError as error:
        answer.append("this is no app id" in str(error))
"""
    wrong = ["", ".", "..", ".a", "_a", "-a", "a/b", "a b", "a" * 129, "\xe9"]
    assert run_micropython(micropython, code, [*wrong, "a", "0", "Z.b_c-d"]) == [True] * len(wrong) + [False] * 3


def test_models_that_a_fleet_sends_to_a_board_are_passed_over(micropython: str) -> None:
    fleet_key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    model = ModelTarget(2, "1.1.0", "ab" * 32, 40_000, "cd" * 32)
    models = {f"model_{number}": model for number in range(8)}
    payload = sign_desired(Desired("north", "pico-1", 1, 1, {}, models=models), fleet_key).decode()
    code = """
import asyncio
from micro.sync import desired
document = asyncio.run(desired.verify_desired(given["payload"].encode(), given["identity"]))
answer = [document["version"], len(document["programs"])]
"""
    identity = {"fleet": "north", "device": "pico-1", "fleet_key": encode_public_key(fleet_key.public_key())}
    assert run_micropython(micropython, code, {"payload": payload, "identity": identity}) == [1, 0]


def test_macs_are_those_of_rfc_2104(micropython: str) -> None:
    cases = [(some(32, length), some(length, 1)) for length in (0, 1, 50, 20)]
    code = """
import binascii
from micro.sync.seals import equal, hmac_sha256
u = binascii.unhexlify
answer = [binascii.hexlify(hmac_sha256(u(key), u(message))).decode() for key, message in given]
assert equal(b"ab", b"ab") and not equal(b"ab", b"ac") and not equal(b"ab", b"a")
"""
    answer = run_micropython(micropython, code, [(key.hex(), message.hex()) for key, message in cases])
    assert answer == [hmac.digest(key, message, "sha256").hex() for key, message in cases]
