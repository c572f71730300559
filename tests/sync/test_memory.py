"""What a device holds as desired: only what its fleet signed, and never an older version."""

import dataclasses
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.memory import SyncMemory
from device_runtime.sync.messages import Desired, ProgramTarget, sign_desired

KEY = Ed25519PrivateKey.generate()
TARGET = ProgramTarget(version_code=1, version_name="1.0", sha256="ab" * 32, size=10)
DESIRED = Desired("home", "kitchen", 3, 1_700_000_000, {"org.example.a": TARGET})


@pytest.fixture
def memory(tmp_path: Path) -> SyncMemory:
    return SyncMemory(tmp_path, key_ring([KEY.public_key()]), "home", "kitchen")


def test_the_same_version_signed_again_at_another_time_is_no_news_and_no_attack(memory: SyncMemory) -> None:
    assert memory.accept(sign_desired(DESIRED, KEY))
    again = dataclasses.replace(DESIRED, issued=DESIRED.issued + 60)
    assert not memory.accept(sign_desired(again, KEY))


def test_the_same_version_with_other_programs_is_refused(memory: SyncMemory) -> None:
    memory.accept(sign_desired(DESIRED, KEY))
    other = dataclasses.replace(DESIRED, programs={}, issued=DESIRED.issued + 60)
    with pytest.raises(ProtocolError, match="a second time with other content"):
        memory.accept(sign_desired(other, KEY))


def test_an_older_version_is_refused_after_a_restart_too(memory: SyncMemory, tmp_path: Path) -> None:
    memory.accept(sign_desired(DESIRED, KEY))
    restarted = SyncMemory(tmp_path, key_ring([KEY.public_key()]), "home", "kitchen")
    with pytest.raises(ProtocolError, match="older than version 3"):
        restarted.accept(sign_desired(dataclasses.replace(DESIRED, version=2), KEY))


def test_what_has_expired_is_refused_but_followed_if_it_was_accepted_before(tmp_path: Path) -> None:
    now = DESIRED.issued

    def memory() -> SyncMemory:
        return SyncMemory(tmp_path, key_ring([KEY.public_key()]), "home", "kitchen", clock=lambda: now)

    first = dataclasses.replace(DESIRED, expires=now + 100)
    device = memory()
    assert device.accept(sign_desired(first, KEY))
    now += 1000
    assert not device.accept(sign_desired(first, KEY)), "it is the one that is followed"
    second = dataclasses.replace(first, version=4)
    with pytest.raises(ProtocolError, match="desired version 4 expired 900 s ago: the fleet must sign it again"):
        device.accept(sign_desired(second, KEY))
    assert memory().desired == first
    assert device.accept(sign_desired(dataclasses.replace(second, expires=now + 100), KEY))


def test_a_device_whose_clock_was_never_set_refuses_nothing_as_expired(tmp_path: Path) -> None:
    memory = SyncMemory(tmp_path, key_ring([KEY.public_key()]), "home", "kitchen", clock=lambda: 5.0)
    assert memory.accept(sign_desired(dataclasses.replace(DESIRED, expires=DESIRED.issued + 100), KEY))


def test_what_a_former_key_signed_is_followed_and_asked_for_as_if_nothing_were_held(tmp_path: Path) -> None:
    trusted, later = key_ring([KEY.public_key()]), Ed25519PrivateKey.generate()
    memory = SyncMemory(tmp_path, trusted, "home", "kitchen", known=trusted)
    assert memory.held_version == 0
    memory.accept(sign_desired(DESIRED, KEY))
    assert memory.held_version == 3
    memory.forget_versions()
    assert (memory.desired, memory.held_version) == (DESIRED, 0)
    rotated = key_ring([later.public_key()])
    restarted = SyncMemory(tmp_path, rotated, "home", "kitchen", known={**trusted, **rotated})
    assert (restarted.desired, restarted.held_version) == (DESIRED, 0), "after a start, too"
    assert restarted.accept(sign_desired(DESIRED, later))
    assert restarted.held_version == 3
