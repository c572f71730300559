"""Tricks that take more than one program and one run: each is a test of its own, named here for the table."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.privacy.dishonest.cases import Outcome, Place


@dataclass(frozen=True)
class Scene:
    """One trick, and the test that plays it."""

    name: str
    trick: str
    holds: str
    test: str
    outcome: Outcome = "refused"
    shows: Sequence[Place] = ("program", "ledger", "operator")


SCENES: tuple[Scene, ...] = (
    Scene(
        "clipboard of another",
        "gives it to another program by the clipboard",
        "who reads the clipboard gets the labels of who wrote it",
        "test_who_reads_the_clipboard_has_heard_what_its_writer_heard",
    ),
    Scene(
        "consent of another",
        "sends an item to which a person agreed for another program",
        "a yes is for one program",
        "test_a_yes_to_one_program_is_none_to_another",
    ),
    Scene(
        "wider update",
        "comes back as a version whose plan says that the item may tell of it",
        "a wider item is asked about anew",
        "test_an_update_that_widens_an_item_has_nobodys_yes",
    ),
    Scene(
        "after a no",
        "goes on sending over an open socket when a person took back their yes",
        "each message is asked about",
        "test_what_is_sent_after_a_no_stays_here",
    ),
    Scene(
        "redirect",
        "lets its server redirect a request with a body to another one",
        "each hop is held against manifest and plan",
        "test_a_redirect_leads_nowhere_that_the_plan_does_not",
        shows=("program",),
    ),
    Scene(
        "look-up of a host",
        "lets the name of an undeclared host be looked up",
        "nothing is looked up before it is permitted",
        "test_a_host_that_is_not_permitted_is_not_looked_up",
        shows=("program",),
    ),
    Scene(
        "picture on a page",
        "shows a picture whose address holds it",
        "screens fetch by the same gate",
        "test_a_picture_on_a_page_is_fetched_by_the_gate",
        shows=("ledger", "operator"),
    ),
    Scene(
        "shared page",
        "shares a page whose route, query or title holds it",
        "the route is a page, the rest are fields",
        "test_a_shared_page_says_nothing_that_its_item_does_not",
    ),
    Scene(
        "over there",
        "shares it with another device under an item that may tell of it, and sends it from there",
        "what arrives under such an item labels the program over there",
        "test_a_page_that_may_tell_of_something_labels_the_program_over_there",
    ),
    Scene(
        "failing trial",
        "fails at its start with it as the error",
        "a program's own words stay on the device",
        "test_a_program_that_fails_at_its_start_keeps_its_words_here",
        shows=("operator",),
    ),
    Scene(
        "label of a model",
        "lets a model listen, and sends the label of what it heard",
        "what a model heard is speech",
        "test_the_label_of_a_model_is_something_heard",
        shows=("ledger", "operator"),
    ),
    Scene(
        "clock",
        "waits for a clock that is put back and forth",
        "a day that was is no new day",
        "test_a_clock_that_is_put_back_gives_no_new_bits",
        outcome="detected",
        shows=("ledger", "operator", "budget"),
    ),
    Scene(
        "sums",
        "sends allowed things elsewhere as often as a letter says, of which the device tells its fleet",
        "how often and how many bytes are told once a day, in powers of two, and count as bits",
        "test_how_often_it_sends_elsewhere_is_told_in_powers_of_two_that_count",
        outcome="detected",
        shows=("ledger", "operator", "budget"),
    ),
    Scene(
        "program in Python",
        "does the same in Python",
        "the gate is the same",
        "test_a_program_in_python_meets_the_same_gate",
    ),
    Scene(
        "recording after a no",
        "goes on recording when a person took back their yes, and is slow to hear of it",
        "recording stops at once, and what was heard is deleted",
        "test_a_no_ends_a_recording_though_the_program_is_slow",
        shows=("program",),
    ),
    Scene(
        "a no in between",
        "begins to record just as a person takes back their yes",
        "what begins without a yes ends at once",
        "test_a_no_between_the_question_and_the_recording_counts",
        shows=("program",),
    ),
    Scene(
        "listening after a no",
        "lets a model go on listening when a person took back their yes",
        "listening stops at once",
        "test_a_no_ends_the_listening_of_a_model",
        shows=("program",),
    ),
)
