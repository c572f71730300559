"""The root that documents name, in step with the fleet's repository: `cygnet fleet trust` works on its files, also
while the fleet runs, and any process may be the one that signs."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from device_runtime.errors import CygnetError
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.signing import Signer
from firmware_tools.fleet.team import Team
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.naming import check_root, name_root

LOOK_SECONDS = 2.0
"""Between two looks for a root that is new."""


class RootFollower:
    """What a process names to devices that know of no root. The fleet's service decides which that is, and writes it
    into the database; whoever signs documents goes by that."""

    def __init__(self, trust: TrustKeeper, signer: Signer) -> None:
        self._trust, self._signer = trust, signer

    def read(self) -> None:
        """Name the root of the repository. Raises :class:`StorageError` where that cannot be read."""
        self._signer.root = self._trust.named_root()

    def check_signing(self, connection: Connection) -> None:
        """Before documents are signed: see to it that they name the root that the fleet publishes.

        Raises:
            StorageError: the repository has another one; this is tried again.
        """
        if not check_root(connection, self._signer.root):
            self.read()
            if not check_root(connection, self._signer.root):
                raise StorageError(
                    f"the signed metadata in {self._trust.repository.home} has another root than the fleet publishes: "
                    "let workers see the trust directory of `cygnet fleet serve`, or restart that",
                    passing=True,
                )

    def prepare(self, database: Database, team: Team) -> None:
        """Before the service's first document leaves: it may have to name a root, and what is published has to be
        signed for.

        Raises:
            FleetError: the repository or the database cannot be used.
        """
        self.read()
        with database.transaction() as connection:
            self._name(connection, team)
            self._trust.settle(Registry(connection))

    async def run(self, service: FleetService, team: Team, on_trouble: Callable[[str], None]) -> None:
        """Notice a root that the fleet is given while it runs, until cancelled. One that is gone is not forgotten:
        devices that know it do not forget it either."""
        trouble = ""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                root = await asyncio.to_thread(self._trust.named_root)
                if root is not None and root != self._signer.root:
                    await service.read(lambda registry, _: self._trust.settle(registry))
                    await service.change(lambda registry: self._begin(registry.connection, team))
                    service.publish_again()
                said = ""
            except CygnetError as error:
                said = f"the fleet's new root is not named to devices yet: {error}"
            if said != trouble:
                trouble = said
                on_trouble(said)

    def _begin(self, connection: Connection, team: Team) -> None:
        self.read()
        self._name(connection, team)

    def _name(self, connection: Connection, team: Team) -> None:
        if name_root(connection, self._signer.root):
            team.tell(connection, {"changed": None, "publish": True})
