import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Each fleet here writes dozens of files, and syncs each: what a disk takes for that is nobody's subject here.
    ``tests/trust/power.py`` has power cuts of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield
