"""Power cuts on a real littlefs or FAT: run by MicroPython's unix port, told by ``test_power_cut.py``.

    micropython cut.py MICRO INPUT FILESYSTEM SCENARIO

The file system lies on a block device in memory that stops at its N-th change: littlefs' change (an erase, or a write
of which half arrives), or FAT's (a whole sector, which is what flash translation layers and cards promise). What
follows is what a start after a cut does: mount what is there, and go on. Prints ``ok`` and how many cuts there were.
"""

import asyncio
import binascii
import builtins
import hashlib
import json
import os
import sys

import vfs

try:
    from typing import Any
except ImportError:
    pass

MICRO, INPUT, KIND, SCENARIO = sys.argv[1:5]
sys.path.insert(0, MICRO)
ROOT = "/cut/"
BLOCK = 4096 if KIND == "littlefs" else 512
BLOCKS = 96 if KIND == "littlefs" else 600


class PowerCutError(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


class Flash:
    """A block device in memory; ``left`` changes happen, then the power is gone."""

    def __init__(self, data: bytearray) -> None:
        self.data, self.left, self.done, self.gone = data, -1, 0, False

    def readblocks(self, block: int, buffer: "Any", offset: int = 0) -> None:
        if self.gone:
            return
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block: int, buffer: "Any", offset: int = 0) -> None:
        if self.gone:
            return
        at = block * BLOCK + offset
        if self._change():
            self.data[at : at + len(buffer)] = buffer
            return
        if KIND == "littlefs":
            half = len(buffer) // 2
            self.data[at : at + half] = buffer[:half]
        raise PowerCutError

    def ioctl(self, what: int, argument: int) -> "int | None":
        if what == 4:
            return BLOCKS
        if what == 5:
            return BLOCK
        if what == 6 and not self.gone:
            if not self._change():
                raise PowerCutError
            self.data[argument * BLOCK : (argument + 1) * BLOCK] = b"\xff" * BLOCK
        return 0

    def _change(self) -> bool:
        self.done += 1
        if self.left == 0:
            return False
        self.left -= 1
        return True


KEPT: "list[Any]" = []
"""File systems that were cut, and all that was ever opened in one. The cut leaves littlefs in the middle of its work,
with entries of its list of open files on a stack that is gone: whoever closed a file there, as the collector does
with one that nobody holds, would follow them. So nobody lets go."""


def kept(what: "Any") -> "Any":
    def opened(*arguments: "Any") -> "Any":
        KEPT.append(what(*arguments))
        return KEPT[-1]

    return opened


builtins.open = kept(open)


def mount(data: bytearray) -> Flash:
    """Power on: a new system on what lies on the flash."""
    unmount()
    for before in KEPT:
        if isinstance(before, Flash):
            before.gone, before.data = True, bytearray()
    fresh = Flash(data)
    system = vfs.VfsLfs2(fresh) if KIND == "littlefs" else vfs.VfsFat(fresh)
    KEPT.extend((system, fresh))
    vfs.mount(system, ROOT[:-1])
    return fresh


def unmount() -> None:
    try:
        vfs.umount(ROOT[:-1])
    except OSError:
        pass


def given(name: str) -> bytes:
    with open(INPUT + "/" + name, "rb") as file:
        return file.read()


CONTENT = {}
for _name in os.listdir(INPUT):
    if _name.endswith(".ma"):
        CONTENT[binascii.hexlify(hashlib.sha256(given(_name)).digest()).decode()] = given(_name)
IDENTITY = json.loads(given("identity.json"))


class Host:
    """A host that runs everything well, and what is whole only."""

    def __init__(self) -> None:
        self.running, self.on_failure = "", None

    async def start(self, app_id: str, folder: str) -> None:
        check_program(folder + "/")
        self.running = app_id

    async def stop(self) -> None:
        self.running = ""


class Link:
    """Answers each request for content at once."""

    def __init__(self) -> None:
        self.connected, self.waiting, self.answered = True, "", asyncio.Event()
        self.answer: Any = None

    async def publish(self, channel: str, parts: "Any", qos: int = 1, retain: bool = False) -> None:
        asked = json.loads(parts[0])
        data = CONTENT[asked["sha256"]]
        at = asked["offset"]
        header = {"sha256": asked["sha256"], "offset": at, "size": len(data)}
        self.answer = (header, data[at : at + asked["length"]])
        self.answered.set()


def check_program(folder: str) -> None:
    """Every file that a board keeps of this version is there, byte for byte."""
    with open(folder + "manifest.json") as file:
        code = json.load(file)["version"]["code"]
    check_files(folder, json.loads(given("program.json"))[str(code)])


def check_files(folder: str, wanted: "Any") -> None:
    for name in wanted:
        with open(folder + name, "rb") as file:
            found = binascii.hexlify(hashlib.sha256(file.read()).digest()).decode()
        assert found == wanted[name], "half-written: " + folder + name


def quiet(_level: str, _source: str, _text: str) -> None:
    pass


class Parts:
    """What a start of the runtime puts together."""

    def __init__(self, slot: str = "a") -> None:
        from micro.sync.assembly import PACE, _make
        from micro.sync.memory import Memory
        from micro.sync.programs import Programs
        from micro.sync.slots import Slots
        from micro.sync.telemetry import Telemetry
        from micro.sync.work import Work

        for folder in ("queue", "programs"):
            _make(ROOT + "cygnet/" + folder)
        self.memory = Memory(ROOT, IDENTITY)
        telemetry = Telemetry(ROOT + "cygnet/queue/", self.memory)
        self.slots, self.programs = Slots(ROOT, slot), Programs(ROOT)
        self.work = Work(self.memory, telemetry, self.programs, self.slots, Host(), PACE, 0, quiet, False)
        self.work.link = Link()

    async def follow(self, document: bytes) -> None:
        """Hear what is desired, and do it."""
        from micro.sync.desired import accept

        await accept(self.memory, document)
        for _ in range(3):  # install, start, mark as good
            self.work.woken = True
            await self.work.turn()
        self.work.telemetry.write()
        assert not self.work.failures, self.work.failures


# The scenarios: what is there before, what happens (and may be cut), and what must hold after it.


def prepare_install() -> None:
    asyncio.run(Parts().follow(given("desired1.json")))


def install() -> None:
    asyncio.run(Parts().follow(given("desired2.json")))


def after_install() -> None:
    parts = Parts()
    current = parts.programs.current("org.example.lamp")
    assert current is not None, "the program is gone"
    assert current["code"] in (1, 2), current
    check_program(ROOT + "cygnet/programs/" + current["folder"] + "/")
    assert parts.memory.desired["version"] in (1, 2)


def check_install() -> None:
    parts = Parts()
    app = parts.programs.apps["org.example.lamp"]
    assert (app["current"]["code"], app["trial"], app["bad"]) == (2, False, None), app
    assert os.listdir(ROOT + "cygnet/programs") == [app["current"]["folder"]]
    check_program(ROOT + "cygnet/programs/" + app["current"]["folder"] + "/")
    assert parts.memory.desired["version"] == 2


def prepare_update() -> None:
    files = json.loads(given("runtime1.json"))
    from micro.sync.files import make_folder

    for name in files:
        path = ROOT + "cygnet/a/" + name
        make_folder(path[: path.rfind("/") + 1])
        with open(path, "wb") as file:
            file.write(files[name].encode())


def prepare_update_from_rom() -> None:
    """The runtime of the beginning lies in a ROM, which no update touches."""
    with open(INPUT + "/rom.img", "rb") as file:
        vfs.mount(vfs.VfsRom(file.read()), "/rom")


def folder_of(slot: str) -> str:
    return "/rom/cygnet/" if slot == "rom" else ROOT + "cygnet/" + slot + "/"


def loader() -> "tuple[str, str]":
    """What the loader starts: the version and the slot. Its ``micro`` is that of the slot, not ours."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "micro"}
    path = list(sys.path)
    scope = {"__name__": "loader"}
    sys.argv[1:2] = [ROOT]
    try:
        with open(MICRO + "/../loader.py") as file:
            exec(file.read(), scope)  # noqa: S102 - the loader itself, as the board runs it
        slot, safe = scope["choose"](ROOT)  # type: ignore[operator]
        from micro import runtime  # type: ignore[import-not-found, unused-ignore]

        started = runtime.main(ROOT, slot, safe)
    finally:
        for name in list(sys.modules):
            if name.split(".")[0] == "micro":
                del sys.modules[name]
        sys.modules.update(ours)
        sys.path[:] = path
    return started.split(" ")  # type: ignore[no-any-return]


def update() -> None:
    """One start after the other, as the loader and the runtimes want it, until the new runtime has proved itself."""
    for _ in range(8):
        version, slot = loader()
        check_files(folder_of(slot), json.loads(given("runtime.json"))[version])
        parts = Parts(slot)
        assert parts.slots.version == version
        assert parts.slots.failed is None, parts.slots.failed
        if parts.slots.is_on_trial:
            parts.slots.confirm()
        if version == "0.2.0" and not parts.slots.is_on_trial:
            parts.slots.confirm()
            return
        asyncio.run(parts.follow(given("desired-runtime.json")))
    raise AssertionError("the update never came to an end")


def after_update() -> None:
    version, slot = loader()
    check_files(folder_of(slot), json.loads(given("runtime.json"))[version])


def check_update() -> None:
    version, _slot = loader()
    assert version == "0.2.0", version


CERTIFICATES = {name: name.encode() * 110 for name in ("cable", "second", "third")}
"""By what they are called; as long as real ones, which are not looked into here."""


def prepare_first_renewal() -> None:
    with open(ROOT + "cygnet/device.der", "wb") as file:
        file.write(CERTIFICATES["cable"])


def prepare_renewal() -> None:
    prepare_first_renewal()
    renew("second", True)


def renew(name: str, good: bool) -> None:
    """A certificate comes, is put on trial, and connects or does not; after a cut the fleet gives it again."""
    from micro.sync.certificate import judge, put_on_trial, shown

    if shown(ROOT) != (CERTIFICATES[name], False):
        put_on_trial(ROOT, CERTIFICATES[name])
    judge(ROOT, good)


def after_renewal(former: str, new: str) -> None:
    """Whatever is shown is whole, and one that has connected is in reach."""
    from micro.sync.certificate import shown

    certificate, on_trial = shown(ROOT)
    known = (CERTIFICATES[former], CERTIFICATES[new])
    assert certificate in known, "half a certificate"
    if on_trial:
        assert shown(ROOT, True) == (CERTIFICATES[former], True), "the one of before is gone"


def check_renewal(name: str) -> None:
    from micro.sync.certificate import shown

    assert shown(ROOT) == (CERTIFICATES[name], False)


def renewal(former: str, new: str, good: bool) -> "tuple[Any, ...]":
    return (
        prepare_first_renewal if former == "cable" else prepare_renewal,
        lambda: renew(new, good),
        lambda: after_renewal(former, new),
        lambda: check_renewal(new if good else former),
    )


STEPS = {
    "first-renewal": renewal("cable", "second", True),
    "first-renewal-refused": renewal("cable", "second", False),
    "renewal": renewal("second", "third", True),
    "renewal-refused": renewal("second", "third", False),
    "install": (prepare_install, install, after_install, check_install),
    "update": (prepare_update, update, after_update, check_update),
    "update-from-rom": (prepare_update_from_rom, update, after_update, check_update),
}


def main() -> None:
    prepare, happen, after, check = STEPS[SCENARIO]
    flash = Flash(bytearray(BLOCK * BLOCKS))
    (vfs.VfsLfs2 if KIND == "littlefs" else vfs.VfsFat).mkfs(flash)
    flash = mount(flash.data)
    os.mkdir(ROOT + "cygnet")
    prepare()
    unmount()
    before = bytes(flash.data)

    def begin(left: int) -> Flash:
        again = mount(bytearray(before))
        again.left, again.done = left, 0
        return again

    flash = begin(-1)
    happen()
    changes = flash.done
    check()
    cuts = 0
    for number in range(changes):
        flash = begin(number)
        try:
            happen()
            raise AssertionError("cut " + str(number) + " did not happen")
        except PowerCutError:
            pass
        try:
            mount(flash.data)
            after()
            happen()
            check()
        except Exception as error:
            print("cut", number, "of", changes)
            sys.print_exception(error)  # type: ignore[attr-defined]
            sys.exit(1)
        cuts += 1
    print("ok", cuts, "of", changes)


main()
