"""Each trick of the table, played by a real program on a real device."""

import pytest

from device_runtime.privacy.labels import BITS_A_DAY
from tests.privacy.dishonest.cases import Case, items
from tests.privacy.dishonest.detours import DETOURS
from tests.privacy.dishonest.house import House, liar
from tests.privacy.dishonest.looking import secrets_in, shown
from tests.privacy.dishonest.sendings import SENDINGS

CASES = (*SENDINGS, *DETOURS)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_trick_comes_to_what_the_table_says(house: House, case: Case) -> None:
    app = f"org.liar.{CASES.index(case)}"
    origin = house.wire.origin
    plan = None if case.plan is None else items(origin, *case.plan)
    house.room.person.answer = True  # a program without a plan is asked about as it goes
    house.add(liar(app, origin, plan, case.body))
    failed = await house.run(app)
    if case.again:
        house.store.add(liar(app, origin, plan, case.again, hears=False))
        failed += await house.run(app)
    records = house.records()

    assert house.room.labels.of(app) == {"voice"}, failed
    own = [each for each in records if each.source == app]
    out = bytes(house.wire.heard) + " ".join([*map(str, records), *house.said, *house.shares()]).encode()
    if case.outcome != "not covered":
        assert secrets_in(out) == []
    if case.silent:
        assert (bytes(house.wire.heard), own, house.shares()) == (b"", [], [])
    assert house.room.labels.spent(app) <= BITS_A_DAY
    assert set(case.shows) <= shown(house, app, failed, records), failed
    if case.outcome == "not covered":
        assert own
