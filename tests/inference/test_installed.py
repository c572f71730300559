"""The store of models from the fleet keeps whole models through updates, hostile files and kills at any step."""

import asyncio
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard
from device_runtime.inference.installed import InstalledModels
from device_runtime.inference.model_folders import InstalledModelsError
from device_runtime.inference.package import ModelPackageError
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.keys import key_ring
from device_runtime.sealed.durable import write_synced
from tests.inference.model_packages import KEY, digits_package

TRUSTED = key_ring([KEY.public_key()])
BALLAST = 60_000


async def passes(_card: ModelCard, _content: bytes) -> None:
    """A check that lets every model in; that of a device loads it in a confined process."""


async def refuses(card: ModelCard, _content: bytes) -> None:
    raise CygnetError(f"model {card.name} does not load")


def opened(tmp_path: Path, check: Callable[[ModelCard, bytes], Any] = passes) -> InstalledModels:
    """The store as a device finds it when it starts."""
    return InstalledModels(tmp_path / "models", TRUSTED, check)


def package_file(tmp_path: Path, code: int, name: str = "digits", **options: Any) -> Path:
    path = tmp_path / f"{name}-{code}"
    path.write_bytes(digits_package(code, name, **options))
    return path


def codes(models: InstalledModels) -> dict[str, int]:
    """The versions that can be used, each read to its last byte."""
    store = ModelStore(installed=models)
    for card in models.cards():
        assert store.read(card)
    return {card.name: card.version.code for card in models.cards()}


def versions(tmp_path: Path) -> int:
    return len(list((tmp_path / "models" / "versions").iterdir()))


async def test_an_installed_model_is_there_after_a_restart(tmp_path: Path) -> None:
    model = await opened(tmp_path).install(package_file(tmp_path, 2), "digits", 2)
    assert (model.version_code, model.version_name) == (2, "2.0")
    again = opened(tmp_path)
    assert again.installed() == {"digits": model}
    assert codes(again) == {"digits": 2}


async def test_an_update_keeps_one_version_to_go_back_to_without_a_transfer(tmp_path: Path) -> None:
    models = opened(tmp_path)
    installed = [await models.install(package_file(tmp_path, code)) for code in (2, 3, 4)]
    assert versions(tmp_path) == 2
    assert not await models.restore("digits", installed[0].sha256)
    assert await opened(tmp_path).restore("digits", installed[1].sha256)
    again = opened(tmp_path)
    assert codes(again) == {"digits": 3}
    assert await again.restore("digits", installed[2].sha256)
    assert codes(again) == {"digits": 4}


async def test_a_model_that_is_removed_is_gone_with_its_files(tmp_path: Path) -> None:
    models = opened(tmp_path)
    await models.install(package_file(tmp_path, 2))
    await models.install(package_file(tmp_path, 3))
    models.remove("digits")
    models.remove("digits")
    assert models.installed() == {}
    assert versions(tmp_path) == 0


async def test_a_model_in_use_stays_readable_until_its_sessions_end(tmp_path: Path) -> None:
    models = opened(tmp_path)
    store = ModelStore(installed=models)
    await models.install(package_file(tmp_path, 2))
    used = store.card("digits")
    first, second = store.hold(used), store.hold(used)
    content = store.read(used)
    for code in (3, 4, 5):
        await models.install(package_file(tmp_path, code))
    models.remove("digits")
    assert store.card("digits").version.code == 1, "the device's own"
    assert store.read(used) == content
    first()
    first()  # once is enough
    assert store.read(used) == content
    second()
    assert versions(tmp_path) == 0
    with pytest.raises(ModelError, match="cannot be read"):
        store.read(used)


@pytest.mark.parametrize(("code", "found"), [(1, False), (2, True)])
async def test_a_model_of_the_fleet_wins_over_the_devices_own_if_its_version_is_higher(
    tmp_path: Path, code: int, found: bool
) -> None:
    models = opened(tmp_path)
    store = ModelStore(installed=models)
    own = store.card("digits")
    assert own.version.code == 1
    await models.install(package_file(tmp_path, code))
    card = store.card("digits")
    assert (card is not own) is found
    assert card in store.cards("digit-classification")
    assert store.own_cards() == ModelStore().cards()


async def test_another_process_finds_the_same_models_by_their_directories(tmp_path: Path) -> None:
    models = opened(tmp_path)
    store = ModelStore([tmp_path / "more"], installed=models)
    assert list(store.directories) == [tmp_path / "more"]
    await models.install(package_file(tmp_path, 2))
    await models.install(package_file(tmp_path, 1, "numbers"))
    there = ModelStore(store.directories)
    assert there.cards() == store.cards()
    assert there.read(there.card("digits")) == store.read(store.card("digits"))
    await models.install(package_file(tmp_path, 1))  # the device's own is no older
    (folder,) = store.directories[1:]
    assert folder.name == models.installed()["numbers"].sha256


async def test_a_model_of_another_name_is_found_beside_the_devices_own(tmp_path: Path) -> None:
    models = opened(tmp_path)
    store = ModelStore(installed=models)
    await models.install(package_file(tmp_path, 1, "numbers"))
    assert [card.name for card in store.cards("digit-classification")] == ["digits", "numbers"]


def altered(data: bytes) -> bytes:
    return data[:-5000] + bytes([data[-5000] ^ 1]) + data[-4999:]


@pytest.mark.parametrize(
    ("make", "check", "sentence"),
    [
        pytest.param(lambda: altered(digits_package(3)), passes, "is refused", id="altered"),
        pytest.param(lambda: digits_package(3)[:-9], passes, "truncated", id="cut off"),
        pytest.param(
            lambda: digits_package(3, key=Ed25519PrivateKey.generate()), passes, "does not trust", id="stranger"
        ),
        pytest.param(lambda: digits_package(3), refuses, "model digits does not load", id="does not load"),
        pytest.param(lambda: digits_package(3, "numbers"), passes, "is numbers, not digits", id="another model"),
        pytest.param(lambda: digits_package(4), passes, "is version 4 of digits, not 3", id="another version"),
    ],
)
async def test_a_bad_one_is_refused_in_one_sentence_and_the_earlier_one_kept(
    tmp_path: Path, make: Callable[[], bytes], check: Callable[[ModelCard, bytes], Any], sentence: str
) -> None:
    await opened(tmp_path).install(package_file(tmp_path, 2))
    bad = tmp_path / "bad"
    bad.write_bytes(make())
    models = opened(tmp_path, check)
    with pytest.raises(CygnetError, match=sentence) as refusal:
        await models.install(bad, "digits", 3)
    assert "\n" not in str(refusal.value)
    assert codes(models) == codes(opened(tmp_path)) == {"digits": 2}
    assert versions(tmp_path) == 1


async def test_the_check_sees_card_and_content_before_anything_is_switched(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    async def look(card: ModelCard, content: bytes) -> None:
        assert models.installed() == {}
        seen.append((card.version.code, len(content)))

    models = opened(tmp_path, look)
    await models.install(package_file(tmp_path, 2))
    assert seen == [(2, len(ModelStore().read(ModelStore().card("digits"))))]


def spoil_model(folder: Path) -> None:
    file = folder / "digits" / "digits.tflite"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")


def spoil_card(folder: Path) -> None:
    file = folder / "digits" / "card.toml"
    file.write_bytes(file.read_bytes().replace(b"int8 in and out", b"int9 in and out"))


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_model,
        spoil_card,
        shutil.rmtree,
        lambda folder: os.truncate(folder / "digits" / "digits.tflite", 10),
        lambda folder: (folder / "digits" / "more").write_text("more"),
        lambda folder: (folder / "digits" / "META-INF" / "signature.json").unlink(),
    ],
    ids=["model altered", "card altered", "lost", "cut short", "file added", "seal lost"],
)
async def test_a_version_damaged_on_the_disk_gives_way_to_the_one_before(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    models = opened(tmp_path)
    await models.install(package_file(tmp_path, 2))
    current = await models.install(package_file(tmp_path, 3))
    spoil(tmp_path / "models" / "versions" / current.sha256)
    again = opened(tmp_path)
    assert codes(again) == {"digits": 2}
    assert "digits" in again.faults["digits"]
    await again.install(package_file(tmp_path, 3))
    assert again.faults == {}
    assert codes(opened(tmp_path)) == {"digits": 3}


async def test_an_older_package_put_in_its_place_is_not_run(tmp_path: Path) -> None:
    """A rollback by swapping folders: the older package is signed as well, but it is not what was installed."""
    models = opened(tmp_path)
    old = await models.install(package_file(tmp_path, 2))
    new = await models.install(package_file(tmp_path, 3))
    folder = tmp_path / "models" / "versions"
    shutil.rmtree(folder / new.sha256)
    (folder / old.sha256).rename(folder / new.sha256)
    again = opened(tmp_path)
    assert again.installed() == {}
    assert "not what was installed" in again.faults["digits"]


async def test_a_key_that_is_no_longer_trusted_makes_its_models_unusable(tmp_path: Path) -> None:
    await opened(tmp_path).install(package_file(tmp_path, 2))
    other = InstalledModels(tmp_path / "models", key_ring([Ed25519PrivateKey.generate().public_key()]), passes)
    assert other.installed() == {}
    assert "does not trust" in other.faults["digits"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"digits": 1}', '{"digits": {"current": null, "previous": null}}', "[" * 100_000]
)
def test_a_damaged_index_is_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    opened(tmp_path)
    (tmp_path / "models" / "installed.json").write_text(text)
    with pytest.raises(InstalledModelsError, match=r"installed\.json cannot be read .* delete it"):
        opened(tmp_path)


def test_a_package_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 2**33)
    with pytest.raises(ModelPackageError, match="larger than any model's"):
        asyncio.run(opened(tmp_path).install(large))


def install_on_a_full_disk(tmp_path: Path, path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))  # the kernel refuses the write as a full disk would
    try:
        asyncio.run(opened(tmp_path).install(path))
    except InstalledModelsError as error:
        os._exit(7 if "cannot be installed" in str(error) and "\n" not in str(error) else 8)
    os._exit(9)


async def test_a_disk_that_refuses_the_write_leaves_what_was_installed(tmp_path: Path) -> None:
    await opened(tmp_path).install(package_file(tmp_path, 2))
    process = multiprocessing.get_context("fork").Process(
        target=install_on_a_full_disk, args=(tmp_path, package_file(tmp_path, 3))
    )
    process.start()
    process.join(30)
    assert process.exitcode == 7
    assert codes(opened(tmp_path)) == {"digits": 2}
    assert versions(tmp_path) == 1


# A kill, or a power cut, before each single change of the disk. Python tells of each of them before it is done.

CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")


def run_until(step: int, power: bool, tmp_path: Path, work: Callable[[Path], None]) -> None:
    """Do ``work`` and die before its change number ``step``; ends well when there are fewer. With ``power``, what was
    written and not synced is lost: the files are there and empty."""
    folder, done = str(tmp_path / "models"), 0
    unsynced: set[str] = set()
    real_fsync = os.fsync

    def fsync(descriptor: Any) -> None:
        real_fsync(descriptor)
        unsynced.discard(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        name = str(arguments[0]) if event in CHANGES else ""
        written = event == "open" and isinstance(arguments[1], str) and "w" in arguments[1]
        if not name.startswith(folder) or (event == "open" and not written):
            return
        done += 1
        if done == step:
            if power:
                for path in map(Path, unsynced):
                    if path.is_file():
                        os.truncate(path, 0)
            os.kill(os.getpid(), signal.SIGKILL)
        if written:
            unsynced.add(name)
        elif event == "os.rename":
            moved = {path for path in unsynced if Path(path).is_relative_to(name)}
            unsynced.difference_update(moved)
            unsynced.update(str(arguments[1]) + path.removeprefix(name) for path in moved)

    os.fsync = fsync  # type: ignore[assignment]  # in this process only, which is about to die
    sys.addaudithook(hook)
    work(tmp_path)
    os._exit(0)


def update(tmp_path: Path) -> None:
    asyncio.run(opened(tmp_path).install(tmp_path / "digits-4"))


def go_back(tmp_path: Path) -> None:
    models = opened(tmp_path)
    index = models._index["digits"]
    assert index.previous is not None
    asyncio.run(models.restore("digits", index.previous.sha256))


def take_away(tmp_path: Path) -> None:
    opened(tmp_path).remove("digits")


@pytest.mark.parametrize("power", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize(
    ("work", "before", "after", "most"),
    [
        pytest.param(update, 3, 4, 40, id="update"),
        pytest.param(go_back, 3, 2, 40, id="go back"),
        pytest.param(take_away, 3, None, 40, id="remove"),
    ],
)
def test_a_cut_at_any_step_leaves_the_old_version_or_the_new_one(
    tmp_path: Path, work: Callable[[Path], None], before: int, after: int | None, most: int, power: bool
) -> None:
    start = tmp_path / "start"
    start.mkdir()
    models = opened(start)
    for code in (2, 3, 4):
        package_file(start, code)
    for code in (2, 3):
        asyncio.run(models.install(start / f"digits-{code}"))
    outcomes: list[int | None] = []
    for step in range(1, most + 1):
        here = tmp_path / f"step-{step}"
        shutil.copytree(start, here)
        process = multiprocessing.get_context("fork").Process(target=run_until, args=(step, power, here, work))
        process.start()
        process.join(60)
        assert process.exitcode in {0, -signal.SIGKILL}
        again = opened(here)
        outcomes.append(codes(again).get("digits"))
        assert again.faults == {}, f"step {step}"
        asyncio.run(again.install(here / "digits-4"))  # whatever was left lying about does not hinder
        assert codes(opened(here)) == {"digits": 4}
        assert versions(here) <= 2
        if process.exitcode == 0:
            break
    else:
        raise AssertionError(f"it takes more than {most} changes")
    assert set(outcomes) <= {before, after}
    assert outcomes[0] == before
    assert outcomes[-1] == after
    assert outcomes == sorted(outcomes, key=lambda code: code == after), "once switched, it stays so"


def install_for_ever(tmp_path: Path) -> None:
    models = opened(tmp_path)
    while True:
        for code in (2, 3, 4):
            asyncio.run(models.install(tmp_path / f"digits-{code}"))


@pytest.mark.parametrize("attempt", range(4))
def test_kill_9_at_any_moment_leaves_a_whole_model(tmp_path: Path, attempt: int) -> None:
    for code in (2, 3, 4):
        package_file(tmp_path, code, ballast=BALLAST)
    asyncio.run(opened(tmp_path).install(tmp_path / "digits-2"))
    process = multiprocessing.get_context("fork").Process(target=install_for_ever, args=(tmp_path,))
    process.start()
    process.join(0.05 + attempt * 0.013)  # not synchronisation: the kill is meant to fall anywhere
    process.kill()
    process.join()
    again = opened(tmp_path)
    assert codes(again)["digits"] in {2, 3, 4}
    assert again.faults == {}


async def test_nobody_who_asks_for_models_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is the event loop, on which all programs wait."""
    models = opened(tmp_path)
    await models.install(package_file(tmp_path, 2))
    writing, going_on = threading.Event(), threading.Event()

    def slowly(path: Path, data: bytes) -> None:
        writing.set()
        assert going_on.wait(60)
        write_synced(path, data)

    monkeypatch.setattr("device_runtime.inference.model_folders.write_synced", slowly)
    installing = asyncio.create_task(models.install(package_file(tmp_path, 3)))
    await asyncio.to_thread(writing.wait)

    def ask() -> list[int]:
        asked = models.cards()
        models.hold(asked[0])()
        return [card.version.code for card in asked]

    try:
        assert await asyncio.wait_for(asyncio.to_thread(ask), 30) == [2]
    finally:
        going_on.set()
    await installing
    assert codes(models) == {"digits": 3}
    held = models.hold(models.cards()[0])
    models.remove("digits")
    assert versions(tmp_path) == 1
    held()
    assert versions(tmp_path) == 0
