"""What is installed stays installed: through refusals, full disks and power cuts."""

import json
import multiprocessing
import os
import resource
import signal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import KeyRing, key_ring
from device_runtime.program.package import PackageError, seal_package
from device_runtime.program.store import ProgramStore, StoreError

KEY = Ed25519PrivateKey.generate()
TRUSTED = key_ring([KEY.public_key()])


def package_file(directory: Path, code: int, app_id: str = "org.example.a", padding: int = 0) -> Path:
    manifest = {
        "app_id": app_id,
        "name": "A",
        "version": {"code": code, "name": f"{code}.0"},
        "platform_version": {"min_code": 1},
        "pages": ["pages/index/index"],
    }
    path = directory / f"{app_id}-{code}.ma"
    path.write_bytes(seal_package({"manifest.json": json.dumps(manifest).encode(), "pad": bytes(padding)}, KEY))
    return path


@pytest.fixture
def store(tmp_path: Path) -> ProgramStore:
    return ProgramStore(tmp_path / "store", TRUSTED)


def reopened(tmp_path: Path, trusted: KeyRing = TRUSTED) -> ProgramStore:
    return ProgramStore(tmp_path / "store", trusted)


def test_an_installed_program_is_there_after_a_restart(store: ProgramStore, tmp_path: Path) -> None:
    store.install(package_file(tmp_path, 1))
    again = reopened(tmp_path)
    assert again.installed()["org.example.a"].version_name == "1.0"
    assert again.package("org.example.a").manifest.version.code == 1


def test_an_update_replaces_the_program_and_sweeps_the_old_package(store: ProgramStore, tmp_path: Path) -> None:
    store.install(package_file(tmp_path, 1))
    store.install(package_file(tmp_path, 2))
    assert store.package("org.example.a").manifest.version.code == 2
    assert len(list((tmp_path / "store" / "packages").iterdir())) == 1


def test_a_removed_program_is_gone(store: ProgramStore, tmp_path: Path) -> None:
    store.install(package_file(tmp_path, 1))
    store.remove("org.example.a")
    store.remove("org.example.a")
    assert reopened(tmp_path).installed() == {}
    with pytest.raises(StoreError, match=r"org\.example\.a is not installed"):
        store.package("org.example.a")


@pytest.mark.parametrize("damage", ["altered", "truncated", "unsigned", "foreign"])
def test_a_refused_update_leaves_what_was_installed(store: ProgramStore, tmp_path: Path, damage: str) -> None:
    store.install(package_file(tmp_path, 1))
    update = package_file(tmp_path, 2)
    data = update.read_bytes()
    if damage == "altered":
        data = data.replace(b'"A"', b'"B"')
    elif damage == "truncated":
        data = data[:-100]
    elif damage == "unsigned":
        data = data.replace(b"signature.json", b"signaturf.json")
    else:
        data = seal_package({"manifest.json": b"{}"}, Ed25519PrivateKey.generate())
    update.write_bytes(data)
    with pytest.raises(PackageError, match=r"org\.example\.a-2\.ma is refused"):
        store.install(update)
    assert reopened(tmp_path).package("org.example.a").manifest.version.code == 1


def test_a_package_sent_for_another_program_is_refused(store: ProgramStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is org\.example\.a, not org\.example\.b"):
        store.install(package_file(tmp_path, 1), app_id="org.example.b")
    assert store.installed() == {}


def test_a_package_sent_as_another_version_is_refused(store: ProgramStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is version 1 of org\.example\.a, not 2"):
        store.install(package_file(tmp_path, 1), app_id="org.example.a", version_code=2)
    assert store.installed() == {}


def test_a_package_altered_on_disk_is_not_run(store: ProgramStore, tmp_path: Path) -> None:
    program = store.install(package_file(tmp_path, 1))
    path = tmp_path / "store" / "packages" / f"{program.sha256}.ma"
    path.write_bytes(path.read_bytes().replace(b'"A"', b'"B"'))
    with pytest.raises(PackageError, match="refused"):
        reopened(tmp_path).package("org.example.a")


def test_another_package_put_in_its_place_is_not_run(store: ProgramStore, tmp_path: Path) -> None:
    """A rollback by swapping files: the older package is signed as well, but it is not what was installed."""
    new = package_file(tmp_path, 2)
    old = package_file(tmp_path, 1)
    program = store.install(new)
    (tmp_path / "store" / "packages" / f"{program.sha256}.ma").write_bytes(old.read_bytes())
    with pytest.raises(PackageError, match="not the one that was installed"):
        reopened(tmp_path).package("org.example.a")


def test_a_package_cut_short_on_disk_counts_as_not_installed(store: ProgramStore, tmp_path: Path) -> None:
    program = store.install(package_file(tmp_path, 1))
    os.truncate(tmp_path / "store" / "packages" / f"{program.sha256}.ma", 10)
    assert reopened(tmp_path).installed() == {}


def test_a_damaged_index_is_named_with_what_to_do(store: ProgramStore, tmp_path: Path) -> None:
    store.install(package_file(tmp_path, 1))
    (tmp_path / "store" / "installed.json").write_text("{")
    with pytest.raises(StoreError, match=r"installed\.json cannot be read .* delete it"):
        reopened(tmp_path)


def install_on_a_full_disk(store: ProgramStore, path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # the kernel refuses the write as a full disk would
    try:
        store.install(path)
    except StoreError as error:
        os._exit(7 if "cannot be installed" in str(error) and "\n" not in str(error) else 8)
    os._exit(9)


def test_a_disk_that_refuses_the_write_leaves_what_was_installed(store: ProgramStore, tmp_path: Path) -> None:
    store.install(package_file(tmp_path, 1))
    large = package_file(tmp_path, 2, padding=200_000)
    process = multiprocessing.get_context("fork").Process(target=install_on_a_full_disk, args=(store, large))
    process.start()
    process.join(30)
    assert process.exitcode == 7
    again = reopened(tmp_path)
    assert again.package("org.example.a").manifest.version.code == 1
    assert [path.suffix for path in (tmp_path / "store" / "packages").iterdir()] == [".ma"]


def install_for_ever(directory: Path, files: list[Path]) -> None:
    store = ProgramStore(directory, TRUSTED)
    while True:
        for path in files:
            store.install(path)


@pytest.mark.parametrize("attempt", range(8))
def test_kill_9_during_installs_leaves_a_whole_program(tmp_path: Path, attempt: int) -> None:
    files = [package_file(tmp_path, code, padding=100_000 * code) for code in (1, 2, 3)]
    store = reopened(tmp_path)
    store.install(files[0])
    process = multiprocessing.get_context("fork").Process(target=install_for_ever, args=(tmp_path / "store", files))
    process.start()
    process.join(0.05 + attempt * 0.013)  # not synchronisation: the kill is meant to fall anywhere
    process.kill()
    process.join()
    assert reopened(tmp_path).package("org.example.a").manifest.version.code in {1, 2, 3}
