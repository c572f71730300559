"""What time it is at least, and how seldom that is written."""

from pathlib import Path

from device_runtime.trust.reference_time import ReferenceTime

YEAR_2026 = 1_767_225_600.0


def test_what_is_heard_counts_at_once_and_is_written_once_an_hour(tmp_path: Path) -> None:
    path, passed = tmp_path / "clock.json", [0.0]

    def made() -> ReferenceTime:
        return ReferenceTime(path, lambda: 0.0, lambda: passed[0])

    device = made()
    assert device.hear(YEAR_2026), "a device that knew nothing of the time is to write it"
    assert device.now() == YEAR_2026
    assert not path.exists(), "hearing it touches no disk"
    device.note(YEAR_2026)
    assert made().now() == YEAR_2026
    passed[0] = 3_599.0
    assert not device.hear(YEAR_2026 + 3_599)
    device.note(YEAR_2026 + 3_599)
    assert made().now() == YEAR_2026, "nor is each message written"
    passed[0] = 3_600.0
    assert device.hear(YEAR_2026), "an hour has passed, though a message that is late says otherwise"
    device.note(YEAR_2026)
    assert made().now() == YEAR_2026 + 3_600
