"""Pages shared between devices of a fleet: a person chooses the device here, and a person agrees over there."""

import asyncio
import logging
from collections.abc import Mapping

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.privacy import NO_LONGER, Privacy, Revocable
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.errors import CygnetError
from device_runtime.host.desk import SOURCE, Desk, Record
from device_runtime.host.dialogs import Dialogs
from device_runtime.privacy.outflow import page_outflow
from device_runtime.program.store import ProgramStore
from device_runtime.sync.share_messages import MAX_PATH, MAX_TITLE, Share
from device_runtime.sync.sharing import Sharing
from device_runtime.values import Value

logger = logging.getLogger(__name__)

ASK_SECONDS = 60.0


class SharedPages:
    """Both ends of sharing on one device. ``sharing`` is the way to the fleet, once there is one."""

    def __init__(
        self,
        desk: Desk,
        dialogs: Dialogs,
        store: ProgramStore,
        record: Record,
        privacy: Privacy,
        seconds: float = ASK_SECONDS,
    ) -> None:
        self._desk = desk
        self._dialogs = dialogs
        self._store = store
        self._record = record
        self._privacy = privacy
        self._seconds = seconds
        self._sharing: Sharing | None = None
        self._asking: asyncio.Task[None] | None = None

    def use(self, sharing: Sharing) -> None:
        """Share through this from now on."""
        self._sharing = sharing
        sharing.on_share = self.receive

    def capabilities(self) -> list[Capability]:
        """``share.page {path, title}``: let the owner choose another device of the fleet that has the program, and ask
        it to open the page. Fails with ``cancel`` where none is chosen."""

        async def share(caller: Caller, arguments: Mapping[str, Value]) -> Value:
            path = text(arguments, "path", MAX_PATH).lstrip("/")
            title = text(arguments, "title", MAX_TITLE, "") or caller.manifest.name
            if self._sharing is None:
                raise CapabilityError("the device belongs to no fleet")
            pages = caller.manifest.pages
            if path.partition("?")[0] not in pages:
                raise refuse("path must begin with a page of the manifest")
            own_title = title if title != caller.manifest.name else ""
            page = page_outflow(path, own_title, len(pages))
            limit = asyncio.timeout(None)
            revocable = Revocable(self._privacy, caller.app_id, limit)
            try:
                async with limit:
                    with revocable.under(await self._privacy.permit(caller.app_id, caller.manifest.data_plan, page)):
                        peers = await self._sharing.peers(caller.app_id)
                        if not peers:
                            raise CapabilityError("no other device that has this program is there now")
                        chosen = await self._choose(caller.app_id, peers)
                    await self._sharing.share(chosen, caller.app_id, path, title)
            except TimeoutError as error:
                if not revocable.is_revoked:
                    raise
                raise CapabilityError(NO_LONGER) from error
            self._record(SOURCE, "page_shared", {"app_id": caller.app_id, "to": chosen})
            return {"device": chosen}

        return [Capability("share.page", share, permission="share")]

    async def _choose(self, app_id: str, peers: tuple[str, ...]) -> str:
        sheet: dict[str, Value] = {"alertText": "Open it on which device?", "itemList": list(peers), "itemColor": ""}
        answer = await self._dialogs.ui(app_id, "showActionSheet", sheet)
        index = answer.get("tapIndex") if isinstance(answer, dict) else None
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(peers):
            raise CapabilityError("cancel")
        return peers[index]

    # -- what comes from another device ---------------------------------------------------------------------------

    def receive(self, share: Share) -> None:
        """Ask the owner about a page of another device; one question at a time, others are let go."""
        if self._asking is not None and not self._asking.done():
            logger.info("%s shares a page while another is asked about: it is let go", share.sender)
            return
        self._asking = asyncio.create_task(self._ask(share), name="shared page")

    async def _ask(self, share: Share) -> None:
        try:
            await self._ask_and_open(share)
        except CygnetError as error:
            logger.error("a page shared by %s cannot be opened: %s", share.sender, error)

    async def _ask_and_open(self, share: Share) -> None:
        manifest = self._store.package(share.app_id).manifest  # raises where it is not installed
        route = share.path.partition("?")[0].lstrip("/")
        if route not in manifest.pages:
            logger.warning("%s shares %r, which is no page of %s", share.sender, route, share.app_id)
            return
        words = f"{share.sender} would like to show “{share.title}” here, in {manifest.name}."
        answer = await self._dialogs.ask(
            {"title": "Open a shared page?", "content": words, "confirmText": "Open", "cancelText": "Not now"},
            self._seconds,
        )
        agreed = isinstance(answer, dict) and answer.get("confirm") is True
        self._record(SOURCE, "page_received", {"app_id": share.app_id, "from": share.sender, "opened": agreed})
        if agreed:
            own_title = share.title if share.title != manifest.name else ""
            page = page_outflow(share.path.lstrip("/"), own_title, len(manifest.pages))
            self._privacy.receive(share.app_id, manifest.data_plan, page)
            await self._desk.launch(share.app_id, share.path.lstrip("/"))

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
