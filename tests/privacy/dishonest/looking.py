"""What became of a trick: whether the secret left, and where the trick shows."""

import base64

from device_runtime.sync.telemetry_messages import TelemetryRecord
from tests.privacy.dishonest.cases import Place
from tests.privacy.dishonest.house import SECRET, House


def secrets_in(out: bytes) -> list[bytes]:
    """The forms of the secret that are in what left."""
    raw = SECRET.encode()
    digits = "".join(str(byte) for byte in raw)
    forms = [
        raw, raw[::-1], raw.lower(), base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), digits.encode(),
        "".join(f"%{byte:02X}" for byte in raw).encode(), raw[:8], raw[8:],
    ]  # fmt: skip
    return [form for form in forms if form in out]


def shown(house: House, app: str, failed: list[str], records: list[TelemetryRecord]) -> set[Place]:
    """Where a program's trick shows."""
    entries = [entry for entry in house.room.written() if entry.app == app]
    of_device = [each for each in records if each.source != app and each.values.get("app_id") == app]
    places: dict[Place, bool] = {
        "program": bool(failed),
        "ledger": any(entry.act in ("refused", "send") for entry in entries),
        "operator": any(each.name not in ("program_started", "program_ended") for each in of_device),
        "budget": house.room.labels.spent(app) > 0,
    }
    return {place for place, holds in places.items() if holds}
