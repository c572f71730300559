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
