"""What device and fleet say of updates: phases, causes, notes, and what is urgent."""

import json
from typing import get_args

import pytest

from device_runtime.sync.messages import (
    Cause,
    Desired,
    ModelReport,
    ModelTarget,
    ProgramReport,
    ProgramTarget,
    ProtocolError,
    Reported,
    UpdatePhase,
    decode_reported,
    encode,
    sign_desired,
    verify_desired,
)
from tests.sync.fleet_end import DEVICE, FLEET, KEY, TRUSTED

SHA = "a" * 64


@pytest.mark.parametrize("phase", get_args(UpdatePhase))
@pytest.mark.parametrize("cause", get_args(Cause))
def test_a_report_of_each_phase_and_cause_arrives_as_it_was_said(phase: UpdatePhase, cause: Cause) -> None:
    program = ProgramReport(2, "2.0", phase, 5, 9, "why" if cause else "", cause, "waits while driving")
    model = ModelReport(3, "3.0", phase, error="why", cause=cause)
    said = Reported(1, 7, "board", "0.1", {"radio": program}, models={"digits": model})
    assert decode_reported(encode(said)) == said


def test_members_that_say_nothing_are_left_out() -> None:
    said = Reported(1, 7, "b", "r", {"radio": ProgramReport(2, "2.0", "running")}, models={})
    assert not {"cause", "note"} & json.loads(encode(said))["programs"]["radio"].keys()


def test_a_cause_that_a_reader_does_not_know_says_nothing_to_it() -> None:
    document = json.loads(encode(Reported(1, 7, "b", "r", {"radio": ProgramReport(2, "2.0", "failed", error="why")})))
    document["programs"]["radio"]["cause"] = "sunspots"
    assert decode_reported(json.dumps(document).encode()).programs["radio"].cause == ""
    document["programs"]["radio"]["cause"] = 5
    with pytest.raises(ProtocolError, match="cause must be one line"):
        decode_reported(json.dumps(document).encode())


def test_urgent_is_signed_and_absent_when_it_is_not() -> None:
    def desired(urgent: bool) -> Desired:
        program = ProgramTarget(2, "2.0", SHA, 9, urgent=urgent)
        model = ModelTarget(2, "2.0", SHA, 9, urgent=urgent)
        return Desired(FLEET, DEVICE, 1, 1, {"radio": program}, models={"digits": model})

    envelope = sign_desired(desired(True), KEY)
    assert verify_desired(envelope, TRUSTED, FLEET, DEVICE) == desired(True)
    assert b"urgent" not in sign_desired(desired(False), KEY)
    with pytest.raises(ProtocolError, match="altered on its way"):
        verify_desired(envelope.replace(b'"urgent":true', b'"urgent":false'), TRUSTED, FLEET, DEVICE)
