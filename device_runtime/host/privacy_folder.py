"""The privacy of a device by the folder of its state: the device may run meanwhile, and notices within a second what is
changed here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.host.listing import read_installed
from device_runtime.host.privacy_desk import PrivacyDesk
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.counting import Budget
from device_runtime.privacy.file import FILE, PrivacyFile
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Ledger
from device_runtime.program.manifest import Manifest

ORGANISATION = "organisation"
"""Under this name the device notes beside its ledger whose it is, as its board's file says."""


@contextmanager
def opened(state: Path) -> Iterator[tuple[PrivacyFile, Ledger]]:
    """Its file and ledger.

    Raises:
        CygnetError: no device has run there, or the file cannot be used.
    """
    if not (state / FILE).is_file():
        raise CygnetError(f"there is no {FILE} in {state}; start the device once, or name its --state")
    file = PrivacyFile(state)
    try:
        yield file, Ledger(file)
    finally:
        file.close()


def desk_of(state: Path, file: PrivacyFile, ledger: Ledger) -> tuple[PrivacyDesk, Consents]:
    """What people see and change of it, and the decisions. Raises :class:`PrivacyFileError`."""
    consents = Consents(file, ledger, organisation=ledger.noted(ORGANISATION))
    return PrivacyDesk(lambda: _manifests(state), consents, Labels(file), ledger, Budget(file)), consents


def _manifests(state: Path) -> list[Manifest]:
    return [found.manifest for found in read_installed(state) if found.manifest is not None]
