"""An attacker who owns a worker asks the kernel for everything, and gets nothing."""

import pytest

from tests.isolation import kernel_attacks
from tests.isolation.attacker import ATTACKS
from tests.isolation.siege import Siege

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ENDLESS = {"burn_the_processor"}
_NAMES = [name for name, function in ATTACKS.items() if function.__module__ == kernel_attacks.__name__]
_KILLED = "ended: its worker ended: it asked the kernel for what no program may have, and was ended"
_TOO_LARGE = "ended: it needs more than the 384 MB of memory that it may have in all"
_CRASHED = "ended: its worker ended: it was ended by the signal SIGSEGV"


@pytest.mark.parametrize("name", [name for name in _NAMES if name not in _ENDLESS])
async def test_an_attack_on_the_kernel_gets_nothing_and_the_neighbour_goes_on(board: Siege, name: str) -> None:
    attacker = await board.attack(name)
    outcome = await board.outcome(attacker)
    assert outcome in (_KILLED, _CRASHED, _TOO_LARGE, "survived") or outcome.startswith("refused: "), outcome
    await board.tap_the_neighbour()
    await board.sessions.stop(attacker.app_id)
