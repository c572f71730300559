"""Everything that a board has, together: a program of the fleet drawn on its screen, answering its buttons."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.build.program import BuiltProgram, build_program
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.provision.runtime import seal_runtime
from tests.build.python_programs import build, write_program
from tests.micro.sync.board import REPOSITORY, Board
from tests.micro.whole import DEVICE, Whole, whole_board

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
LAMP_TIMER = "cygnet.examples.lamp-timer"
NEXT, SELECT = 3, 4
"""The pins of the virtual board's buttons, which are pressed when low."""
ENOUGH = {64: "256k", 32: "176k"}
"""By the bits of a word, a heap in which all of it fits; a Pico W, whose words have 32 bits, has 201 KB."""
SHORT = "128k"
REFUSED = "it (does not fit: the board has not enough memory for it|took the board down each time it was started)"
"""The second where there was not even memory to say the first, and the board had to start anew for it."""


def lamp_timer() -> BuiltProgram:
    return build_program(REPOSITORY / "examples" / "lamp_timer", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))


@pytest.mark.parametrize("bits", [64, 32])
async def test_the_example_from_the_fleet_is_drawn_and_answers_a_button(
    request: pytest.FixtureRequest, bits: int, tmp_path: Path
) -> None:
    built = lamp_timer()
    async with whole_board(_port(request, bits), tmp_path) as whole:
        board = whole.board
        board.heap = ENOUGH[bits]
        await whole.fleet.operations.publish(built.data, "lamp_timer.ma")
        await whole.fleet.operations.assign(DEVICE, LAMP_TIMER, None, True)
        board.start()
        await whole.until_running(LAMP_TIMER, built.package.manifest.version.code)
        frame, lamp = board.cygnet / "frame", board.cygnet / "pins" / "1"
        await until(lambda: set(frame.read_bytes()) == {0, 1}, board)
        first = frame.read_bytes()
        assert len(first) == 128 * 64
        await press(board, NEXT, lambda: frame.read_bytes() != first)  # the lamp has the focus
        focused = frame.read_bytes()
        await press(board, SELECT, lambda: frame.read_bytes() != focused and is_lit(lamp))
        await until(lambda: has_told(whole), board)
        assert board.starts == 1, board.log


def _port(request: pytest.FixtureRequest, bits: int) -> str:
    path: str = request.getfixturevalue("micropython" if bits == 64 else "micropython_32")
    return path


async def test_in_136_kilobytes_a_board_without_a_display_lives_its_whole_life(
    micropython_32: str, tmp_path: Path
) -> None:
    async with whole_board(micropython_32, tmp_path, more={"display": {}}) as whole:
        board, fleet = whole.board, whole.fleet
        board.heap = "136k"
        for code, fault in ((1, ""), (2, ""), (3, "        raise ValueError('of the program')\n")):
            await fleet.operations.publish(blinker(tmp_path, code, fault), f"blinker-{code}.ma")
        await fleet.operations.assign(DEVICE, BLINKER, 1, True)
        board.start()
        await whole.until_running(BLINKER, 1)
        await until(lambda: has_told(whole, BLINKER, 1), board)
        await until(lambda: is_lit(board.cygnet / "pins" / "1"), board)

        await fleet.operations.assign(DEVICE, BLINKER, 2, True)
        await whole.until_running(BLINKER, 2)
        await until(lambda: has_told(whole, BLINKER, 2), board)

        await fleet.operations.assign(DEVICE, BLINKER, 3, True)
        await board.says("rolled_back", within=60)
        await until(lambda: has_failed(whole, BLINKER, "own words, which stay on the board"), board)

        whole.broker.kill()
        await board.says("warning sync", within=60)
        whole.broker.start_again()
        await board.says("connected to", times=2, within=90)
        await fleet.operations.assign(DEVICE, BLINKER, 2, True)
        await whole.until_running(BLINKER, 2)
        assert board.starts == 1, board.log


BLINKER = "org.example.blinker"


def blinker(folder: Path, code: int, fault: str) -> bytes:
    own = f'{{"app_id": "{BLINKER}", "name": "Blinker", "version": {{"code": {code}, "name": "1.0.{code}"}}, '
    page = "from cygnet import Page, call\n\n\nclass Index(Page):\n    data = {'on': False}\n\n"
    page += (
        f"    def on_load(self, query):\n{fault}        call('telemetry', name='blink', values={{'code': {code}}})\n"
    )
    page += "        self.every(0.2, 'blink')\n\n    def blink(self):\n"
    page += "        self.set_data({'on': not self.data['on']})\n"
    page += "        call('led.set', name='lamp', on=self.data['on'])\n"
    files = {
        "cygnet.json": own + '"language": "python", "permissions": [{"name": "led", "reason": "to blink"}]}',
        "pages/index/index.py": page,
        "pages/index/index.wxml": "<view wx:if='{{on}}'>on</view>",
    }
    return build(write_program(folder / f"blinker-{code}", files)).data


async def test_a_program_that_does_not_fit_is_refused_and_the_board_goes_on_with_its_fleet(
    micropython: str, tmp_path: Path
) -> None:
    built = lamp_timer()
    async with whole_board(micropython, tmp_path) as whole:
        board = whole.board
        board.heap = SHORT
        await whole.fleet.operations.publish(built.data, "lamp_timer.ma")
        await whole.fleet.operations.assign(DEVICE, LAMP_TIMER, None, True)
        board.start()
        await board.says("rolled_back", within=60)
        await until(lambda: has_failed(whole), board)
        assert re.search(rf"rolled_back \S+, 1, {REFUSED}", board.log), board.log
        # It hears its fleet, and does what that says.
        await whole.fleet.operations.unassign(DEVICE, LAMP_TIMER)
        await board.says("removed", within=60)
        assert "fault" not in board.log  # a start that it asked for itself is none
        assert set(board.exits) <= {0}, board.log


@pytest.mark.slow
async def test_the_whole_runtime_is_updated_again_and_again(micropython: str, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    async with whole_board(micropython, tmp_path) as whole:
        board = whole.board
        board.start()
        for version in ("99.0.0", "99.1.0"):  # into one slot, then into the other, which holds the first
            await whole.fleet.operations.publish_runtime(seal_runtime(version, key), "runtime.ma")
            await whole.fleet.operations.assign_runtime(DEVICE, version)
            await board.says(f"runtime {version} has proved itself", within=100)
        assert (await whole.device()).runtime == "99.1.0"
        assert set(board.exits) == {0}, board.log


def is_lit(pin: Path) -> bool:
    return pin.exists() and pin.read_text().split(" ")[0] not in ("", "0")


async def has_failed(whole: Whole, app_id: str = LAMP_TIMER, why: str = REFUSED) -> bool:
    has = (await whole.device()).has.get(app_id)
    return has is not None and has.phase == "failed" and re.search(why, has.error) is not None


async def has_told(whole: Whole, app_id: str = LAMP_TIMER, code: int = 0) -> bool:
    query = TelemetryQuery(device=DEVICE, source=app_id)
    records = await whole.fleet.service.read(lambda _, telemetry: telemetry.records(query))
    return any(not code or record["values"]["code"] == code for record in records)


async def until(test: Callable[[], bool | Awaitable[bool]], board: Board) -> None:
    """Wait until something is so."""
    try:
        async with asyncio.timeout(60):
            while True:
                answer = test()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain:\n{board.log}")


async def press(board: Board, pin: int, done: Callable[[], bool]) -> None:
    """Hold a button until something has happened, and let it go."""
    path = board.cygnet / "pins" / str(pin)
    path.write_text("0")
    await until(done, board)
    path.write_text("1")
    await asyncio.sleep(0.2)  # as a finger does: longer than contacts bounce
