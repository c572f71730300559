"""What a device remembers of its updates."""

import json
from pathlib import Path

import pytest

from device_runtime.update.machine import State, Update, Version
from device_runtime.update.records import UpdateRecordError, UpdateRecords

OLD, NEW = Version("a" * 64, 1, "1.0", 10), Version("b" * 64, 2, "2.0", 20)
UPDATE = Update(NEW, State.TRIAL, OLD, urgent=True, launch=True, fleet=True, waited=12.5, tries=2, reason="it ended")


async def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    records = UpdateRecords(tmp_path / "sync" / "updates.json")
    await records.put("programs", "radio", UPDATE)
    await records.put("models", "radio", Update(NEW))
    again = UpdateRecords(tmp_path / "sync" / "updates.json")
    assert again.of("programs") == {"radio": UPDATE}
    assert again.of("models") == {"radio": Update(NEW)}
    await again.put("programs", "radio", None)
    assert UpdateRecords(tmp_path / "sync" / "updates.json").of("programs") == {}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("state", "asleep"),
        ("tries", -1),
        ("tries", True),
        ("waited", "long"),
        ("urgent", 1),
        ("cause", "bad luck"),
        ("reason", 5),
        ("reason", "x" * 2000),
        ("target", None),
        ("target", {"sha256": "../../etc", "version_code": 1, "version_name": "1", "size": 1}),
        ("target", {"sha256": "b" * 64, "version_code": "1", "version_name": "1", "size": 1}),
        ("before", {"sha256": "b" * 64}),
        ("more", 1),
    ],
)
async def test_a_file_that_is_not_what_was_written_is_set_aside(tmp_path: Path, member: str, value: object) -> None:
    path = tmp_path / "updates.json"
    await UpdateRecords(path).put("programs", "radio", UPDATE)
    document = json.loads(path.read_bytes())
    document["programs"]["radio"][member] = value
    path.write_text(json.dumps(document))
    assert UpdateRecords(path).of("programs") == {}
    assert (tmp_path / "updates.json.damaged").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"programs": [], "models": {}}', b"[" * 100_000])
async def test_a_damaged_file_does_not_keep_a_device_from_starting(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "updates.json"
    path.write_bytes(content)
    records = UpdateRecords(path)
    assert records.of("programs") == {}
    await records.put("programs", "radio", UPDATE)
    assert UpdateRecords(path).of("programs") == {"radio": UPDATE}


async def test_a_transition_that_the_disk_does_not_take_has_not_happened(tmp_path: Path) -> None:
    records = UpdateRecords(tmp_path / "updates.json")
    await records.put("programs", "radio", UPDATE)
    (tmp_path / "updates.json.new").mkdir()  # so that nothing can be written beside it
    with pytest.raises(UpdateRecordError, match="cannot be written"):
        await records.put("programs", "radio", None)
    assert records.of("programs") == {"radio": UPDATE}
