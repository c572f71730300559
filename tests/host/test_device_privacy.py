"""What a device does about privacy as long as it runs."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from device_runtime.host.privacy import DevicePrivacy, PersonAsker
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.gate import RefusedError
from device_runtime.privacy.ledger import Ledger
from device_runtime.privacy.outflow import event_outflow
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value
from tests.privacy.room import APP, Room, item, plan
from tests.sync.waiting import until

HEARD = plan(item("heard")).items


async def test_a_fault_of_something_else_does_not_keep_a_no_from_being_heard(tmp_path: Path) -> None:
    def record(*_: object) -> None:
        raise RuntimeError("the queue has a fault")

    privacy = DevicePrivacy(tmp_path, PrivacySettings(), record)
    looked = asyncio.Event()
    privacy.on_look.append(looked.set)
    privacy.consents.decide(APP, HEARD, granted=True, who="owner")
    privacy.start()
    await looked.wait()
    elsewhere = PrivacyFile(tmp_path)
    Consents(elsewhere, Ledger(elsewhere)).decide(APP, HEARD, granted=False, who="owner")
    elsewhere.close()
    await until(lambda: privacy.consents.standing(APP, HEARD[0]).value == "refused")
    privacy.close()


async def test_a_board_that_cannot_speak_just_now_asks_on_its_screen_alone() -> None:
    tried = asyncio.Event()

    class Dialogs:
        async def ask(self, words: Mapping[str, Value], seconds: float) -> Value:  # noqa: ARG002 - a person taps
            await tried.wait()
            return {"confirm": True}

    async def aloud(_text: str) -> bool:
        tried.set()
        raise OSError("no loudspeaker")

    asker = PersonAsker(Dialogs(), aloud, lambda app: app)  # type: ignore[arg-type]
    assert await asker.ask(APP, HEARD) is True


async def test_a_question_that_fails_is_no_yes_and_no_fault_of_the_program(tmp_path: Path) -> None:
    class Broken:
        async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:  # noqa: ARG002 - it fails
            raise OSError("no screen")

    room = Room(tmp_path)
    room.gate.asker = Broken()
    with pytest.raises(RefusedError, match="nobody has agreed yet"):
        await room.gate.permit(APP, plan(item("heard")), event_outflow("heard", {"station": "one"}, 1))
    room.close()
