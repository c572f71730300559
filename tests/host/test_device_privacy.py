"""What a device does about privacy as long as it runs."""

import asyncio
from pathlib import Path

from device_runtime.host.privacy import DevicePrivacy
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.ledger import Ledger
from tests.privacy.room import APP, item, plan
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
