"""What becomes of a program that was installed over the cable, by what the board says of it."""

from collections.abc import Callable
from contextlib import closing

from firmware_tools.provision.console import Said, follow
from firmware_tools.provision.errors import ProvisionError


def await_trial(port: str, app_id: str, seconds: float, is_over: Callable[[], bool] = lambda: False) -> bool:
    """Listen to a board that restarts with a program on trial until it has run well.

    Args:
        port: where the board is.
        app_id: the program.
        seconds: give up after so long.
        is_over: asked again and again; true gives up early.

    Returns:
        Whether it runs well; ``False`` when the board said nothing of it in time.

    Raises:
        ProvisionError: the board stopped it, and why.
        BoardConnectionError: the board does not come back.
    """
    words = ""
    with closing(follow(port, seconds=seconds, restarting=True, is_over=is_over)) as lines:
        for said in lines:
            words = _own_words(said, app_id) or words
            if said.source != "sync":
                continue
            what, _, rest = said.text.partition(" ")
            name, _, why = rest.partition(", ")
            if name != app_id:
                continue
            if what == "good":
                return True
            if what == "rolled_back":
                raise ProvisionError(f"{app_id} was rolled back on the board on {port}: {_reason(why)}{words}")
            if what == "failed":
                raise ProvisionError(f"{app_id} does not run on the board on {port}: {_reason(why)}{words}")
    return False


def _own_words(said: Said, app_id: str) -> str:
    """What a program's own error says, which the board tells at the cable and nowhere else."""
    if said.level == "error" and said.source == app_id:
        return f"; its log: {said.text}"
    own = f"error {app_id} "
    return f"; its log: {said.text.removeprefix(own)}" if said.text.startswith(own) else ""


def _reason(values: str) -> str:
    """The sentence after the version's code, in the values of the board's message."""
    code, comma, sentence = values.partition(", ")
    return sentence if comma and code.isdigit() else values
