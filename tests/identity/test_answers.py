"""A device believes its fleet's answer, and nobody else's."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.sync.certificates import (
    Holder,
    IdentityError,
    certification_request,
    holder_of,
    key_from_pem,
    new_key,
    requested_key,
    sign,
)
from device_runtime.sync.identity import IdentityDocument, believe
from device_runtime.sync.identity_messages import IdentityAnswer, answer_bytes
from device_runtime.sync.messages import decode_response, encode
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.profiles import Issuer, issue_client, issue_server

KEY = new_key()
NOW = 1_795_000_000.0


def authority(folder: Path, fleet: str = "north") -> Authority:
    made = Authority(folder, fleet, clock=lambda: NOW)
    made.found(None)
    return made


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("others"))


KITCHEN = Holder("north", "device", "kitchen")


def document(issuer: Issuer, holder: Holder = KITCHEN) -> IdentityDocument:
    certificate = issue_client(issuer, holder, KEY.public_key(), NOW, 30)
    own = (certificate, issuer.certificate)
    return IdentityDocument(holder.fleet, holder.name, "mqtts://b", "key", "", own, (issuer.root,))


def answer(issuer: Issuer, said: IdentityDocument, id_: str = "1") -> IdentityAnswer:
    data = said.to_bytes()
    signer = issuer.certificate.public_bytes(Encoding.DER)
    return IdentityAnswer(id_, data, signer, sign(issuer.key, answer_bytes(id_, data)))


def test_the_fleets_answer_is_believed_and_fits_a_message(ours: Authority) -> None:
    said = document(ours.issuer())
    came = decode_response(encode(answer(ours.issuer(), said)))
    assert isinstance(came, IdentityAnswer)
    assert believe(came, "north", KEY.public_key(), ours.roots(), "kitchen") == said


def test_an_answer_with_two_roots_and_the_longest_names_fits_a_message(ours: Authority, others: Authority) -> None:
    said = document(ours.issuer(), Holder("f" * 64, "device", "d" * 64))
    said = dataclasses.replace(said, authorities=(*ours.roots(), *others.roots()), broker="mqtts://" + "b" * 250)
    came = decode_response(encode(answer(ours.issuer(), said)))
    assert isinstance(came, IdentityAnswer)
    assert believe(came, "f" * 64, KEY.public_key(), ours.roots()).device == "d" * 64


Forge = Callable[[Authority, Authority], IdentityAnswer]


def _by_another_ca(ours: Authority, others: Authority) -> IdentityAnswer:
    return answer(others.issuer(), document(others.issuer()))


def _by_the_broker(ours: Authority, others: Authority) -> IdentityAnswer:
    """The broker has a certificate of the CA, and is none itself."""
    issuer, key = ours.issuer(), new_key()
    broker = issue_server(issuer, ["localhost"], key.public_key(), NOW)
    return answer(Issuer(broker, key, issuer.root), document(issuer))


def _root_issuer(ours: Authority) -> Issuer:
    """The root itself in the place of the issuing CA."""
    (file,) = ours.ca_file.parents[1].glob("keys/identity/ca-*/root.key")
    root = ours.issuer().root
    return Issuer(root, key_from_pem(file.read_bytes(), "root"), root)


def _by_who_the_root_issued_no_ca(ours: Authority, others: Authority) -> IdentityAnswer:
    root, key = _root_issuer(ours), new_key()
    leaf = issue_server(root, ["localhost"], key.public_key(), NOW)
    return answer(Issuer(leaf, key, root.root), document(ours.issuer()))


def _with_a_certificate_of_who_is_no_ca(ours: Authority, others: Authority) -> IdentityAnswer:
    root, key = _root_issuer(ours), new_key()
    leaf = Issuer(issue_server(root, ["localhost"], key.public_key(), NOW), key, root.root)
    return answer(ours.issuer(), document(leaf))


def _by_a_device(ours: Authority, others: Authority) -> IdentityAnswer:
    issuer, key = ours.issuer(), new_key()
    own = issue_client(issuer, Holder("north", "device", "hall"), key.public_key(), NOW, 30)
    return answer(Issuer(own, key, issuer.root), document(issuer))


def _changed(ours: Authority, others: Authority) -> IdentityAnswer:
    made = answer(ours.issuer(), document(ours.issuer()))
    return dataclasses.replace(made, document=made.document.replace(b"mqtts://b", b"mqtts://c"))


def _of_another_request(ours: Authority, others: Authority) -> IdentityAnswer:
    return dataclasses.replace(answer(ours.issuer(), document(ours.issuer()), "2"), id="1")


def _for_another_key(ours: Authority, others: Authority) -> IdentityAnswer:
    issuer = ours.issuer()
    other = issue_client(issuer, Holder("north", "device", "kitchen"), new_key().public_key(), NOW, 30)
    return answer(issuer, dataclasses.replace(document(issuer), certificates=(other, issuer.certificate)))


def _for_another_device(ours: Authority, others: Authority) -> IdentityAnswer:
    return answer(ours.issuer(), document(ours.issuer(), Holder("north", "device", "hall")))


def _that_names_another_device(ours: Authority, others: Authority) -> IdentityAnswer:
    made = document(ours.issuer(), Holder("north", "device", "hall"))
    return answer(ours.issuer(), dataclasses.replace(made, device="kitchen"))


def _for_a_service(ours: Authority, others: Authority) -> IdentityAnswer:
    return answer(ours.issuer(), document(ours.issuer(), Holder("north", "service", "kitchen")))


def _of_another_fleet(ours: Authority, others: Authority) -> IdentityAnswer:
    return answer(ours.issuer(), document(ours.issuer(), Holder("south", "device", "kitchen")))


def _without_its_ca(ours: Authority, others: Authority) -> IdentityAnswer:
    made = document(ours.issuer())
    return answer(ours.issuer(), dataclasses.replace(made, certificates=made.certificates[:1]))


def _with_a_certificate_of_another_ca(ours: Authority, others: Authority) -> IdentityAnswer:
    foreign = document(others.issuer())
    return answer(ours.issuer(), dataclasses.replace(foreign, authorities=tuple(ours.roots())))


def _with_a_signer_that_is_none(ours: Authority, others: Authority) -> IdentityAnswer:
    return dataclasses.replace(answer(ours.issuer(), document(ours.issuer())), signer=b"no certificate")


@pytest.mark.parametrize(
    "forge",
    [
        _by_another_ca,
        _by_the_broker,
        _by_a_device,
        _by_who_the_root_issued_no_ca,
        _with_a_certificate_of_who_is_no_ca,
        _changed,
        _of_another_request,
        _for_another_key,
        _for_another_device,
        _that_names_another_device,
        _for_a_service,
        _of_another_fleet,
        _without_its_ca,
        _with_a_certificate_of_another_ca,
        _with_a_signer_that_is_none,
    ],
    ids=lambda forge: forge.__name__.strip("_"),
)
def test_what_is_not_the_fleets_answer_for_this_device_is_refused(
    forge: Forge, ours: Authority, others: Authority
) -> None:
    with pytest.raises(IdentityError):
        believe(forge(ours, others), "north", KEY.public_key(), ours.roots(), "kitchen")


def test_in_a_rotation_the_former_ca_vouches_for_the_new_one(tmp_path: Path) -> None:
    made = authority(tmp_path)
    before, trusted = made.issuer(), made.roots()
    made.rotate(None)
    said = document(made.issuer())
    said = dataclasses.replace(said, authorities=tuple(made.roots()))
    assert believe(answer(before, said), "north", KEY.public_key(), trusted).authorities == tuple(made.roots())
    with pytest.raises(IdentityError):
        believe(answer(made.issuer(), said), "north", KEY.public_key(), trusted)


def test_a_request_that_its_own_key_did_not_sign_is_refused() -> None:
    good = certification_request(KEY, "kitchen")
    assert requested_key(good).public_numbers() == KEY.public_key().public_numbers()
    for bad in (good[:-1] + bytes([good[-1] ^ 1]), good[:40], b""):
        with pytest.raises(IdentityError):
            requested_key(bad)


def test_a_name_counts_in_the_certificate_that_it_was_made_for_alone(ours: Authority) -> None:
    issuer, holder = ours.issuer(), Holder("north", "device", "kitchen")
    certificate = issue_client(issuer, holder, KEY.public_key(), NOW, 30)
    assert holder_of(certificate) == holder
    assert holder_of(issuer.certificate) is None
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [holder.urn(certificate.serial_number)]
