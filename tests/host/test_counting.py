"""A program on a whole device counts: a thrown answer waits for the fleet, once a day."""

import json
import re
import sqlite3
from pathlib import Path

from tests.host.test_models_for_programs import page, shows, write_program
from tests.whole_device import virtual_speaker

APP = "org.example.radio"
ITEM = {
    "name": "favourite",
    "category": "preferences",
    "fields": {"station": {"type": "choice", "of": ["one", "two", "three"]}},
    "purpose": "statistics",
    "reason": "To see which stations people like",
    "retention_days": 90,
    "destination": "fleet",
    "precision": "aggregated",
}
COUNTS = """
const names = ['first', 'second'], said = [];
for (const name of names) wx.reportCount({ name: 'favourite', value: 'two', complete: ({ errMsg }) => {
  said.push(`${name} ${errMsg}`); if (said.length === names.length) tell(`${said.join(', ')}.`);
} });
"""


def waiting(state: Path) -> list[dict[str, object]]:
    """The values of what waits for the fleet under the item's name."""
    database = sqlite3.connect(state / "device" / "telemetry.db")
    bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM entry")]
    database.close()
    return [values for _, _, name, values in bodies if name == "favourite"]


async def test_a_count_leaves_a_device_once_a_day_and_thrown(tmp_path: Path) -> None:
    program = write_program(tmp_path / "programs", APP, page(COUNTS), data_plan=[ITEM])
    for _ in range(2):  # the second time, the device has started again
        async with virtual_speaker(tmp_path, program) as screen:
            assert await shows(screen, APP, "second") == "first reportCount:ok, second reportCount:ok."
        ((answer,),) = [values.values() for values in waiting(tmp_path)]
        assert re.fullmatch(r"3/1/(one|two|three)", str(answer))
