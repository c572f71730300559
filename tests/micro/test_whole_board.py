"""Everything that a board has, together: a program of the fleet drawn on its screen, answering its buttons."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.build.program import build_program
from tests.micro.sync.board import REPOSITORY
from tests.micro.whole import DEVICE, whole_board

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
LAMP_TIMER = "cygnet.examples.lamp-timer"
SELECT = 4


async def test_the_example_from_the_fleet_is_drawn_and_answers_a_button(micropython: str, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    built = build_program(REPOSITORY / "examples" / "lamp_timer", key)
    app_id = built.package.manifest.app_id
    async with whole_board(micropython, tmp_path) as whole:
        await whole.fleet.operations.publish(built.data, "lamp_timer.ma")
        await whole.fleet.operations.assign(DEVICE, app_id, None, True)
        whole.board.start()
        await whole.until_running(app_id, built.package.manifest.version.code)
        whole.board.cygnet / "pins"
        print(sorted(path.name for path in whole.board.cygnet.rglob("*") if "micro" not in str(path)))
        print(whole.board.log)
