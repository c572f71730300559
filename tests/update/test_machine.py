"""The update machine: from every state, every event and a crash lead to a state that ends well."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.update.machine import (
    BEFORE_SWITCH,
    Arrived,
    Cleared,
    Event,
    Failed,
    MomentCame,
    Passed,
    Proved,
    Ready,
    Restarted,
    State,
    Switched,
    TryBegan,
    TryFailed,
    Unhealthy,
    Unwanted,
    Update,
    Version,
    Waited,
    Wanted,
    WentBack,
    advance,
)

OLD, NEW, OTHER = (Version(letter * 64, code, f"{code}.0", 10) for letter, code in (("a", 1), ("b", 2), ("c", 3)))
MOST = 3

versions = st.sampled_from([OLD, NEW, OTHER])
updates = st.builds(
    Update,
    target=st.just(NEW),
    state=st.sampled_from(State),
    before=st.sampled_from([None, OLD]),
    urgent=st.booleans(),
    waited=st.floats(0, 1e6),
    tries=st.integers(0, MOST),
    reason=st.sampled_from(["", "it fell over"]),
)
events = st.one_of(
    st.builds(Wanted, versions, st.none() | versions, st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from([Unwanted(), Arrived(), Passed(), Ready(), MomentCame(True), Proved(), WentBack(), Cleared()]),
    st.builds(Waited, st.floats(-10, 1e6)),
    st.builds(Failed, st.sampled_from(["space", "refused"]), st.just("no")),
    st.builds(Switched, st.none() | versions),
    st.builds(TryBegan, st.just(MOST)),
    st.builds(TryFailed, st.just("it ended"), st.just(MOST)),
    st.builds(Unhealthy, st.just("it is not well")),
    st.builds(Restarted, st.sampled_from(["", "a" * 64, "b" * 64]), st.sampled_from(["", "a" * 64, "b" * 64])),
)


def one_step_on(update: Update, *, healthy: bool) -> Event:
    """What a device that works does next in each state."""
    following: dict[State, Event] = {
        State.DOWNLOADING: Arrived(),
        State.VERIFYING: Passed(),
        State.STAGED: Ready(),
        State.WAITING: MomentCame(),
        State.SWITCHING: Switched(update.before),
        State.TRIAL: Proved() if healthy else TryFailed("it ended", MOST),
        State.ROLLING_BACK: WentBack(),
        State.COMMITTED: Cleared(),
        State.FAILED: Wanted(update.target, update.before, retry=True),
        State.ROLLED_BACK: Waited(0),
    }
    return following[update.state]


def settle(update: Update | None, *, healthy: bool) -> Update | None:
    """Let the device go on until nothing is left to be done."""
    for _ in range(40):
        if update is None or update.state is State.ROLLED_BACK:
            return update
        if update.state is State.TRIAL:
            update = advance(update, TryBegan(MOST))
            if update is None or update.state is not State.TRIAL:
                continue
        update = advance(update, one_step_on(update, healthy=healthy))
    raise AssertionError(f"it never ends: {update}")


@given(updates, st.lists(events, max_size=8), st.booleans())
def test_from_every_state_whatever_happens_it_ends_committed_or_rolled_back(
    update: Update, happened: list[Event], healthy: bool
) -> None:
    now: Update | None = update
    for event in happened:
        now = advance(now, event)
    end = settle(now, healthy=healthy)
    if end is not None:
        assert end.state is State.ROLLED_BACK
        assert end.reason or end == now, "whoever is rolled back is told why"


@given(updates, events)
def test_an_event_that_means_nothing_in_a_state_changes_nothing(update: Update, event: Event) -> None:
    after = advance(update, event)
    if after is not None and after.state is update.state and not isinstance(event, Wanted | Waited | TryBegan):
        assert replace(after, tries=update.tries, reason=update.reason, cause=update.cause) == update


@given(updates, events)
def test_nothing_but_a_switch_leads_to_a_trial_and_nothing_but_a_trial_to_a_commit(
    update: Update, event: Event
) -> None:
    after = advance(update, event)
    if after is not None and after.state is State.TRIAL:
        assert update.state in (State.TRIAL, State.SWITCHING)
    if after is not None and after.state is State.COMMITTED:
        assert update.state in (State.TRIAL, State.COMMITTED)


def test_a_good_update_goes_through_every_state_in_order() -> None:
    update = advance(None, Wanted(NEW, OLD))
    seen = []
    while update is not None:
        seen.append(update.state)
        update = advance(update, one_step_on(update, healthy=True))
    assert seen == [
        State.DOWNLOADING, State.VERIFYING, State.STAGED, State.WAITING, State.SWITCHING, State.TRIAL, State.COMMITTED,
    ]  # fmt: skip


# state, what happened, what must follow
FAULTS: list[tuple[State, Event, State | None]] = [
    (State.DOWNLOADING, Failed("unreachable", "gone"), State.FAILED),
    (State.VERIFYING, Failed("refused", "not signed"), State.FAILED),
    (State.STAGED, Failed("space", "full"), State.FAILED),
    (State.SWITCHING, Failed("space", "full"), State.FAILED),
    (State.TRIAL, Failed("space", "full"), State.TRIAL),
    (State.TRIAL, Unhealthy("bad"), State.ROLLING_BACK),
    (State.DOWNLOADING, Restarted(OLD.sha256, ""), State.DOWNLOADING),
    (State.VERIFYING, Restarted(OLD.sha256, ""), State.DOWNLOADING),
    (State.VERIFYING, Restarted(OLD.sha256, NEW.sha256), State.DOWNLOADING),
    (State.STAGED, Restarted(OLD.sha256, NEW.sha256), State.STAGED),
    (State.STAGED, Restarted(OLD.sha256, ""), State.DOWNLOADING),
    (State.WAITING, Restarted(OLD.sha256, NEW.sha256), State.WAITING),
    (State.WAITING, Restarted(OLD.sha256, ""), State.DOWNLOADING),
    (State.SWITCHING, Restarted(OLD.sha256, NEW.sha256), State.WAITING),
    (State.SWITCHING, Restarted(NEW.sha256, NEW.sha256), State.TRIAL),
    (State.SWITCHING, Restarted(OLD.sha256, ""), State.DOWNLOADING),
    (State.TRIAL, Restarted(NEW.sha256, ""), State.TRIAL),
    (State.TRIAL, Restarted("", ""), State.DOWNLOADING),
    (State.ROLLING_BACK, Restarted(NEW.sha256, ""), State.ROLLING_BACK),
    (State.ROLLING_BACK, Restarted(OLD.sha256, ""), State.ROLLING_BACK),
    (State.COMMITTED, Restarted(NEW.sha256, ""), State.COMMITTED),
    (State.ROLLED_BACK, Restarted(OLD.sha256, ""), State.ROLLED_BACK),
    (State.FAILED, Restarted(OLD.sha256, ""), State.FAILED),
    *((state, Unwanted(), None) for state in State if state is not State.SWITCHING),
    (State.SWITCHING, Unwanted(), State.SWITCHING),
    *((state, Wanted(OTHER, OLD), State.DOWNLOADING) for state in sorted(BEFORE_SWITCH | {State.ROLLED_BACK})),
    *((state, Wanted(OLD, OLD), None) for state in sorted(BEFORE_SWITCH | {State.ROLLED_BACK})),
    (State.TRIAL, Wanted(OTHER, NEW), State.TRIAL),
    (State.TRIAL, Wanted(OLD, NEW), State.ROLLING_BACK),
    (State.ROLLED_BACK, Wanted(NEW, OLD, retry=True), State.ROLLED_BACK),
    (State.ROLLED_BACK, Wanted(NEW, OLD, urgent=True, retry=True), State.ROLLED_BACK),
    (State.FAILED, Wanted(NEW, OLD), State.FAILED),
    (State.FAILED, Wanted(NEW, OLD, retry=True), State.DOWNLOADING),
]


@pytest.mark.parametrize(("state", "event", "follows"), FAULTS)
def test_the_table_of_faults(state: State, event: Event, follows: State | None) -> None:
    after = advance(Update(NEW, state, OLD, reason="why" if state is State.ROLLED_BACK else ""), event)
    assert (after.state if after is not None else None) == follows
    if follows is State.DOWNLOADING and isinstance(event, Wanted):
        assert after is not None
        assert after.target == event.target


def test_a_trial_is_tried_so_often_and_no_more() -> None:
    update: Update | None = Update(NEW, State.TRIAL, OLD)
    for number in range(1, MOST + 1):
        update = advance(update, TryBegan(MOST))
        assert update is not None
        assert (update.state, update.tries) == (State.TRIAL, number)
        update = advance(update, TryFailed("it ended", MOST))
    assert update is not None
    assert (update.state, update.reason, update.cause) == (State.ROLLING_BACK, "it ended", "health")


def test_a_device_that_goes_down_in_each_try_is_rolled_back_with_a_sentence() -> None:
    update: Update | None = Update(NEW, State.TRIAL, OLD)
    for _ in range(MOST):
        update = advance(advance(update, TryBegan(MOST)), Restarted(NEW.sha256, ""))
    update = advance(update, TryBegan(MOST))
    assert update is not None
    assert (update.state, update.reason) == (
        State.ROLLING_BACK, "the device went down each of 3 times that it was tried",
    )  # fmt: skip


def test_what_the_fleet_takes_back_in_its_trial_is_not_remembered_as_bad() -> None:
    back = advance(Update(NEW, State.TRIAL, OLD, reason="it ended once"), Wanted(OLD, NEW))
    assert advance(back, WentBack()) is None
