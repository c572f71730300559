"""The one gate through which everything passes that leaves a program: planned? agreed to? not more than it says?

    program --call--> capability --Outflow--> PrivacyGate.permit --> ledger --> out

and for what comes in from a microphone and the like: ``collect`` --> label --> program. Each refusal is an error for
the program, a line in the ledger, and a count for the operator that says nothing of the program's own words.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.privacy.consents import Consents, Profile, Standing
from device_runtime.privacy.file import PrivacyFileError
from device_runtime.privacy.labels import BITS_A_DAY, Labels
from device_runtime.privacy.ledger import GATHER_SECONDS, Ledger
from device_runtime.privacy.matching import Match, UnplannedError, match
from device_runtime.privacy.outflow import Outflow
from device_runtime.program.data_plan import DEVICE, MOST_ITEMS, SENSITIVE, Category, DataItem, DataPlan
from device_runtime.values import Value

log = logging.getLogger(__name__)

SOURCE = "privacy"
ASK_AGAIN_SECONDS = 3_600.0
"""Who did not answer a question is left in peace for so long."""
_TELL_SECONDS = 60.0
_DAY = 86_400.0
# Of so many kinds is what the operator is told of refusals: which of the items, why, and how many, to a power of two.
_REFUSALS = MOST_ITEMS * 4 * 32


class RefusedError(CygnetError):
    """Something may not leave, or come in; the sentence is for the program's author."""


class Asker(Protocol):
    """Who can ask the person at the device."""

    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:
        """The answer to one question about these items; ``None``: nobody answered, or nobody can be asked."""


class _Nobody:
    async def ask(self, app: str, items: Sequence[DataItem]) -> bool | None:  # noqa: ARG002 - nobody is there
        return None


class PrivacyGate:
    """The gate of one device. Used on the event loop."""

    def __init__(
        self,
        consents: Consents,
        labels: Labels,
        ledger: Ledger,
        record: Callable[[str, str, Mapping[str, Value]], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            consents: what people said.
            labels: what programs have seen.
            ledger: where it is written down.
            record: takes telemetry: counts of what was refused.
            clock: seconds, for how long nobody is asked again.
        """
        self.consents, self.labels, self.ledger = consents, labels, ledger
        self.asker: Asker = _Nobody()
        """Asks the person at the device."""
        self._record, self._clock = record, clock
        self._asking: dict[tuple[Profile, str, str], asyncio.Task[bool | None]] = {}
        self._left_in_peace: dict[tuple[Profile, str, str], float] = {}
        self._collecting: dict[str, list[tuple[DataItem, Callable[[], None]]]] = {}
        self._told: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._quiet_until: dict[str, float] = {}
        self._flushing: asyncio.TimerHandle | None = None
        ledger.on_gathered = self._flush_soon
        consents.on_change.append(self._stop_what_is_not_agreed_to)

    # -- out ------------------------------------------------------------------------------------------------------

    async def permit(self, app: str, plan: DataPlan, outflow: Outflow) -> Sequence[DataItem]:
        """Let something of a program leave; waits while a person is asked.

        Returns:
            The items under which it leaves: what takes a while is to end with a no to one (:meth:`collecting`).

        Raises:
            RefusedError: it may not.
        """
        found = await self.asked(app, plan, outflow)
        self.let_out(app, plan, found, outflow)
        return found.items

    async def asked(self, app: str, plan: DataPlan, outflow: Outflow) -> Match:
        """The items that something is, once a person was asked about them; the answers are looked at by
        :meth:`let_out`.

        Raises:
            RefusedError: the plan does not cover it.
        """
        found = self._planned(app, plan, outflow)
        for item in found.items:
            if self.consents.standing(app, item) is Standing.UNASKED:
                await self._ask(app, plan, item)
        return found

    def permit_now(self, app: str, plan: DataPlan, outflow: Outflow) -> None:
        """As :meth:`permit`, but what nobody was asked about is refused, and the question follows.

        Raises:
            RefusedError: it may not leave.
        """
        found = self._planned(app, plan, outflow)
        for item in found.items:
            if self.consents.standing(app, item) is Standing.UNASKED:
                self._begin_to_ask(app, plan, item)
        self.let_out(app, plan, found, outflow)

    def may_tell(self, app: str, plan: DataPlan, outflow: Outflow) -> bool:
        """Whether something that the device would tell by itself may leave: nobody is asked, and a no is no refusal."""
        try:
            found = match(plan, outflow)
        except UnplannedError:
            return False
        if any(self.consents.standing(app, item) is not Standing.GRANTED for item in found.items):
            return False
        if self.labels.of(app).difference(*(item.covers for item in found.items)):
            return False
        for item in found.items:
            self.ledger.sent(app, item, outflow.size)
        return True

    def may_hint(self, app: str, ways: int) -> bool:
        """Whether the device may tell, in its own words, which of so many things a program did. A program that has seen
        something sensitive could choose among them to tell of it: that counts as bits that it tells."""
        if not self.labels.of(app):
            return True
        try:
            return self.labels.spend(app, math.log2(ways) + 1)
        except PrivacyFileError as error:
            log.error("what %s did is not told: %s", app, error)
            return False

    def _planned(self, app: str, plan: DataPlan, outflow: Outflow) -> Match:
        try:
            return match(plan, outflow)
        except UnplannedError as error:
            raise self.refusal(app, plan, "unplanned", error.item, outflow.destination, str(error)) from error

    def let_out(self, app: str, plan: DataPlan, found: Match, outflow: Outflow) -> None:
        """Let something leave whose items are known, if a person agreed to them.

        Raises:
            RefusedError: it may not.
        """
        for item in found.items:
            standing = self.consents.standing(app, item)
            if standing is not Standing.GRANTED:
                raise self._not_agreed(app, item, standing)
        seen = self.labels.of(app)
        if seen and (unsaid := seen.difference(*(item.covers for item in found.items))):
            self._check_bits(app, plan, found, unsaid, outflow.destination)
        for item in found.items:
            self.ledger.sent(app, item, outflow.size)

    def _check_bits(
        self, app: str, plan: DataPlan, found: Match, unsaid: frozenset[Category], destination: str
    ) -> None:
        """What the items do not say that they may tell of can only be told in few bits."""
        try:
            may_tell = self.labels.spend(app, found.bits)
        except PrivacyFileError as error:
            raise RefusedError(str(error)) from error
        if not may_tell:
            item = found.items[0].name
            sentence = (
                f"the program has seen {', '.join(sorted(unsaid))}, and the item {item} of its data plan does not say "
                f"that it may tell of it: add derived_from to it, or send closed fields, {BITS_A_DAY:g} bits a day"
            )
            raise self.refusal(app, plan, "seen", item, destination, sentence)

    def _not_agreed(self, app: str, item: DataItem, standing: Standing) -> RefusedError:
        why = "nobody has agreed yet" if standing is Standing.UNASKED else "the person at the device said no"
        return self.refusal(
            app, None, standing.value, item.name, item.destination,
            f"{why} to the item {item.name} of the data plan; the program has to live without it",
        )  # fmt: skip

    # -- in -------------------------------------------------------------------------------------------------------

    async def collect(self, app: str, plan: DataPlan, category: Category) -> DataItem:
        """Let a program have data of a sensitive category; waits while a person is asked. The program is labelled.

        Returns:
            The item under which it may.

        Raises:
            RefusedError: it may not.
        """
        items = _collecting_items(plan, category)
        if not items:
            raise self.refusal(
                app, plan, "unplanned", "", "",
                f"the data plan has no item of the category {category}; add one to cygnet.data_plan, "
                'with the destination "device" if it stays here',
            )  # fmt: skip
        for item in items:
            if self.consents.standing(app, item) is Standing.UNASKED:
                await self._ask(app, plan, item)
            if self.consents.standing(app, item) is Standing.GRANTED:
                self._mark(app, category)
                return item
        raise self._not_agreed(app, items[0], self.consents.standing(app, items[0]))

    def seen(self, app: str) -> frozenset[Category]:
        """The sensitive categories of which whatever a program gives to others may tell."""
        return self.labels.of(app)

    def hand(self, app: str, categories: Iterable[Category]) -> None:
        """A program is about to get something of another, which had seen these.

        Raises:
            RefusedError: that cannot be noted, so it may not have it.
        """
        for category in categories:
            self._mark(app, category)

    def receive(self, app: str, plan: DataPlan, outflow: Outflow) -> None:
        """A program is about to get what the same program sent it from another device, under an item of its plan.

        Raises:
            RefusedError: no item of the plan here is like that, so nobody knows of what it tells.
        """
        try:
            found = match(plan, outflow)
        except UnplannedError as error:
            raise RefusedError(f"privacy: {error}") from error
        self.hand(app, _told_of(found))

    def _mark(self, app: str, category: Category) -> None:
        try:
            self.labels.mark(app, category)
        except PrivacyFileError as error:
            raise RefusedError(str(error)) from error

    def collecting(self, app: str, item: DataItem, stop: Callable[[], None]) -> Callable[[], None]:
        """Something is collected, or sent, under an item from now on: ``stop`` is called as soon as a person no longer
        agrees. The result ends this when that ended by itself."""
        entry = (item, stop)
        if self.consents.standing(app, item) is not Standing.GRANTED:  # somebody changed their mind meanwhile
            stop()
            return lambda: None
        self._collecting.setdefault(app, []).append(entry)

        def ended() -> None:
            if entry in self._collecting.get(app, []):
                self._collecting[app].remove(entry)

        return ended

    def _stop_what_is_not_agreed_to(self, app: str) -> None:
        for of_app in [app] if app else list(self._collecting):
            for entry in list(self._collecting.get(of_app, [])):
                item, stop = entry
                if self.consents.standing(of_app, item) is not Standing.GRANTED:
                    self._collecting[of_app].remove(entry)
                    stop()

    # -- questions ------------------------------------------------------------------------------------------------

    def ask_anew(self, app: str) -> None:
        """A question of a program that nobody answered may be asked again at once."""
        for key in [key for key in self._left_in_peace if key[1] == app]:
            del self._left_in_peace[key]

    async def _ask(self, app: str, plan: DataPlan, item: DataItem) -> None:
        asking = self._begin_to_ask(app, plan, item)
        if asking is not None:
            await asyncio.wait([asking])  # a question that fails is no answer

    def _begin_to_ask(self, app: str, plan: DataPlan, item: DataItem) -> "asyncio.Task[bool | None] | None":
        """Ask about an item, and with it about all of its purpose that are not sensitive; ``None``: not now."""
        key = (self.consents.profile, app, item.name if item.is_sensitive else f"purpose {item.purpose}")
        running = self._asking.get(key)
        if running is not None:
            return running
        if self._clock() < self._left_in_peace.get(key, 0.0):
            return None
        together = [item] if item.is_sensitive or item.is_unspoken else _of_purpose(plan, item)
        open_items = [each for each in together if self.consents.standing(app, each) is Standing.UNASKED]
        task = asyncio.get_running_loop().create_task(self._asked(app, open_items), name=f"privacy of {app}")
        self._asking[key] = task

        def done(ended: "asyncio.Task[bool | None]") -> None:
            del self._asking[key]
            if ended.cancelled() or ended.exception() is not None or ended.result() is None:
                self._left_in_peace[key] = self._clock() + ASK_AGAIN_SECONDS
            if not ended.cancelled() and (error := ended.exception()) is not None:
                log.error("%s could not be asked about: %s", app, error)

        task.add_done_callback(done)
        return task

    async def _asked(self, app: str, items: Sequence[DataItem]) -> bool | None:
        asked = self.consents.profile
        answer = await self.asker.ask(app, items)
        if answer is None or self.consents.profile != asked:  # nobody answers for whom the question was not
            return None
        try:
            self.consents.decide(app, items, granted=answer, who=asked)
        except PrivacyFileError as error:
            log.error("an answer about %s cannot be kept: %s", app, error)
            return None
        return answer

    # -- what is told ---------------------------------------------------------------------------------------------

    def refusal(
        self, app: str, plan: DataPlan | None, why: str, item: str, destination: str, sentence: str
    ) -> RefusedError:
        """The error to raise where something is turned away, which is counted for the ledger and the operator. A
        destination that is none of the plan's is the program's own word, and is not repeated."""
        if plan is not None and destination not in {each.destination for each in plan.items}:
            destination = ""
        self.ledger.refused(app, item, destination)
        key = (app, why, item)
        told, count = self._told.get(key, (-_TELL_SECONDS, 0))
        if self._clock() - told < _TELL_SECONDS:
            self._told[key] = (told, count + 1)
        elif not self.may_hint(app, _REFUSALS):
            self._told[key] = (told, count + 1)
            self._tell_that_nothing_more_is_told(app)
        else:
            self._told[key] = (self._clock(), 0)
            shown = 1 << (count + 1).bit_length() - 1 if self.labels.of(app) else count + 1
            self._record(SOURCE, "refused", {"app_id": app, "why": why, "item": item, "count": shown})
        return RefusedError(f"privacy: {sentence}")

    def _tell_that_nothing_more_is_told(self, app: str) -> None:
        """A program has told all that it may in a day, and is refused more: once a day that is told, and no more."""
        if self._clock() >= self._quiet_until.get(app, 0.0):
            self._quiet_until[app] = self._clock() + _DAY
            self._record(SOURCE, "refused", {"app_id": app, "why": "spent", "item": "", "count": 1})

    def _flush_soon(self) -> None:
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Write down what left since the last time; what the disk does not take is tried again."""
        self._flushing = None
        try:
            self.ledger.flush()
        except PrivacyFileError as error:
            log.error("what left the device is not written down yet: %s", error)
            self._flush_soon()

    def close(self) -> None:
        """The device stops: nothing is asked any more."""
        if self._flushing is not None:
            self._flushing.cancel()
        for task in list(self._asking.values()):
            task.cancel()
        self.flush()


def _told_of(found: Match) -> frozenset[Category]:
    return frozenset(category for item in found.items for category in item.covers if category in SENSITIVE)


def _collecting_items(plan: DataPlan, category: Category) -> list[DataItem]:
    """The items under which data of a category may come in. Who may hear the microphone may hear what a model makes of
    it."""
    if not plan.spoken:
        return [unspoken_item(category)]
    enough = {category, "voice"} if category == "speech" else {category}
    return [item for item in plan.items if item.covers & enough]


def _of_purpose(plan: DataPlan, item: DataItem) -> list[DataItem]:
    return [each for each in plan.items if each.purpose == item.purpose and not each.is_sensitive]


@cache
def unspoken_item(category: Category) -> DataItem:
    """What a program without a plan gets: it may have it, if a person agrees, and it stays here."""
    return DataItem(category, category, {}, "service", "", "consent", 0, DEVICE)
