"""Programs' files on the disk: what is outside cannot be named, and no program takes more room than it may have."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.capability import file_store
from device_runtime.capability.files import ENTRY_BYTES, ProgramFiles
from device_runtime.capability.paths import read_path
from device_runtime.capability.registry import Caller, CapabilityError
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller

USR = "wxfile://usr"


@pytest_asyncio.fixture
async def files(tmp_path: Path) -> AsyncIterator[ProgramFiles]:
    files = ProgramFiles(tmp_path / "files")
    yield files
    files.close()


@pytest.fixture
def caller(make_caller: MakeCaller) -> Caller:
    return make_caller()


async def refused(files: ProgramFiles, caller: Caller, name: str, arguments: Mapping[str, Value]) -> str:
    with pytest.raises(CapabilityError) as refusal:
        await files.perform(caller, name, arguments)
    return str(refusal.value)


@pytest.mark.parametrize(
    "path",
    [
        "wxfile://usr/../../other/usr/x", "wxfile://usr/a/../../x", "wxfile://usr\\..\\x", "wxfile://usr/a\x00b",
        "../../../etc/passwd", "file:///etc/passwd", "wxfile://other/x", "http://usr/x", "wxfile://usr/" + "a/" * 40,
        "wxfile://usr/" + "ü" * 150, "wxfile://usr/\ud800",
    ],
)  # fmt: skip
async def test_a_path_out_of_the_programs_files_is_refused(files: ProgramFiles, caller: Caller, path: str) -> None:
    assert "parameter error" in await refused(files, caller, "writeFile", {"filePath": path, "data": "x"})
    assert "parameter error" in await refused(files, caller, "readFile", {"filePath": path})


async def test_an_absolute_path_is_one_in_the_package(files: ProgramFiles, caller: Caller) -> None:
    assert "no such file" in await refused(files, caller, "readFile", {"filePath": "/etc/passwd"})
    assert "permission denied" in await refused(files, caller, "writeFile", {"filePath": "/etc/x", "data": "x"})


async def test_a_link_that_somebody_put_there_leads_nowhere(
    files: ProgramFiles, caller: Caller, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/a", "data": "x"})
    (tmp_path / "files/demo/usr/link").symlink_to(tmp_path / "secret")
    (tmp_path / "files/demo/usr/folder").symlink_to(tmp_path)
    for path in ("link", "folder/secret"):
        assert "permission denied" in await refused(files, caller, "readFile", {"filePath": f"{USR}/{path}"})
        assert "permission denied" in await refused(
            files, caller, "writeFile", {"filePath": f"{USR}/{path}", "data": "mine"}
        )
    assert (tmp_path / "secret").read_text() == "secret"


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="a./\\:~ü\0w", max_size=30),
    st.sampled_from(["", f"{USR}/", f"{USR}", "wxfile://tmp/", "bdfile://store/"]),
)
def test_no_text_names_anything_outside(text: str, prefix: str) -> None:
    try:
        path = read_path(prefix + text, "filePath")
    except CapabilityError:
        return
    root = Path("/state/files/demo")
    assert root.joinpath(path.area, *path.parts).is_relative_to(root / path.area)
    assert all(part and part not in (".", "..") and "/" not in part for part in path.parts)
    assert read_path(str(path), "filePath") == path


async def test_two_programs_do_not_see_each_others_files(files: ProgramFiles, make_caller: MakeCaller) -> None:
    await files.perform(make_caller("one"), "writeFile", {"filePath": f"{USR}/a", "data": "x"})
    assert "no such file" in await refused(files, make_caller("two"), "readFile", {"filePath": f"{USR}/a"})


async def test_a_program_gets_no_more_room_than_it_may_have(files: ProgramFiles, caller: Caller) -> None:
    mebibyte = bytes(1024 * 1024)
    for number in range(9):
        await files.perform(caller, "writeFile", {"filePath": f"{USR}/{number}", "data": mebibyte})
    message = await refused(files, caller, "writeFile", {"filePath": f"{USR}/more", "data": mebibyte})
    assert "storage limit is exceeded" in message
    assert "remove files first" in message
    # Writing over a file, and what was removed, make room.
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/0", "data": mebibyte})
    assert "exceeded" in await refused(files, caller, "appendFile", {"filePath": f"{USR}/0", "data": mebibyte})
    await files.perform(caller, "unlink", {"filePath": f"{USR}/1"})
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/more", "data": mebibyte})


async def test_empty_files_and_folders_take_room_too(
    files: ProgramFiles, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_store, "MAX_PROGRAM_BYTES", 5 * ENTRY_BYTES)
    await files.perform(caller, "mkdir", {"dirPath": f"{USR}/a/b/c", "recursive": True})
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/a/x", "data": ""})
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/a/y", "data": ""})
    assert "exceeded" in await refused(files, caller, "writeFile", {"filePath": f"{USR}/a/z", "data": ""})
    assert "exceeded" in await refused(files, caller, "mkdir", {"dirPath": f"{USR}/d"})


_STEP = st.tuples(
    st.sampled_from(
        ["writeFile", "appendFile", "unlink", "mkdir", "rmdir", "rename", "copyFile", "truncate", "saveFile"]
    ),
    st.sampled_from(["usr/a", "usr/b", "usr/d", "usr/d/e", "tmp/t"]),
    st.sampled_from(["usr/a", "usr/b", "usr/d", "usr/d/f"]),
    st.integers(0, 3000),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEP, max_size=25))
def test_the_sum_of_a_programs_files_stays_true(
    tmp_path_factory: pytest.TempPathFactory, make_caller: MakeCaller, steps: list[tuple[str, str, str, int]]
) -> None:
    async def run() -> None:
        root = tmp_path_factory.mktemp("files")
        files, caller = ProgramFiles(root), make_caller()
        await files.add_temporary(caller, b"t" * 100, "")
        (root / "demo/tmp").rename(root / "demo/was")
        (root / "demo/tmp").mkdir()
        (root / "demo/tmp/t").write_bytes(b"t" * 100)
        for name, one, two, size in steps:
            first, second = f"wxfile://{one}", f"wxfile://{two}"
            arguments: dict[str, Value] = {
                "filePath": second if name == "saveFile" else first, "dirPath": first, "srcPath": first,
                "oldPath": first, "destPath": second, "newPath": second, "tempFilePath": first, "data": "x" * size,
                "length": size, "recursive": size % 2 == 0,
            }  # fmt: skip
            try:
                await files.perform(caller, name, arguments)
            except CapabilityError as error:
                assert "disk failed" not in str(error), (name, one, two, error)  # noqa: PT017 most steps are refused
            for account in (("demo", "kept"), ("demo", "tmp")):
                known = files._store._usage(account)
                files._store._used.pop(account)
                assert files._store._usage(account) == known, (name, one, two, size)
        files.close()

    asyncio.run(run())


async def test_a_second_run_finds_no_temporary_files(files: ProgramFiles, make_caller: MakeCaller) -> None:
    first = make_caller()
    path = await files.add_temporary(first, b"x", ".txt")
    assert await files.read(first, path) == b"x"
    with pytest.raises(CapabilityError, match="no such file"):
        await files.read(make_caller(), path)


@pytest.mark.parametrize(
    ("encoding", "text", "data"),
    [("hex", "00ff", b"\x00\xff"), ("base64", "AP8=", b"\x00\xff"), ("latin1", "ÿ", b"\xff"),
     ("utf8", "ü", b"\xc3\xbc"), ("ucs2", "ü", b"\xfc\x00"), ("ascii", "a", b"a")],
)  # fmt: skip
async def test_every_encoding_goes_both_ways(
    files: ProgramFiles, caller: Caller, encoding: str, text: str, data: bytes
) -> None:
    path: dict[str, Value] = {"filePath": f"{USR}/x"}
    await files.perform(caller, "writeFile", {**path, "data": text, "encoding": encoding})
    assert await files.perform(caller, "readFile", path) == {"data": data}
    assert await files.perform(caller, "readFile", {**path, "encoding": encoding}) == {"data": text}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("readFile", {"filePath": f"{USR}/d"}, "illegal operation on a directory"),
        ("readFile", {"filePath": f"{USR}/f", "position": 9}, "position is 9"),
        ("readFile", {"filePath": f"{USR}/f", "encoding": "klingon"}, "encoding must be one of"),
        ("writeFile", {"filePath": f"{USR}/d", "data": ""}, "illegal operation on a directory"),
        ("writeFile", {"filePath": f"{USR}/none/x", "data": ""}, "no such file or directory"),
        ("writeFile", {"filePath": f"{USR}/f/x", "data": ""}, "no such file or directory"),
        ("writeFile", {"filePath": f"{USR}/f", "data": 5}, "data must be a string or an ArrayBuffer"),
        ("writeFile", {"filePath": f"{USR}/f", "data": "zz", "encoding": "hex"}, "data is no hex text"),
        ("writeFile", {"filePath": USR, "data": ""}, "operation not permitted"),
        ("appendFile", {"filePath": f"{USR}/none", "data": ""}, "no such file"),
        ("mkdir", {"dirPath": f"{USR}/d"}, "file already exists"),
        ("mkdir", {"dirPath": f"{USR}/f/x", "recursive": True}, "not a directory"),
        ("rmdir", {"dirPath": f"{USR}/d"}, "directory not empty"),
        ("rmdir", {"dirPath": f"{USR}/f"}, "not a directory"),
        ("readdir", {"dirPath": f"{USR}/f"}, "not a directory"),
        ("unlink", {"filePath": f"{USR}/d"}, "operation not permitted"),
        ("rename", {"oldPath": f"{USR}/d", "newPath": f"{USR}/d/e/f"}, "already exists"),
        ("saveFile", {"tempFilePath": f"{USR}/f"}, "only a temporary file"),
        ("removeSavedFile", {"filePath": f"{USR}/f"}, "no such file"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_said_in_wechats_words(
    files: ProgramFiles, caller: Caller, name: str, arguments: Mapping[str, Value], message: str
) -> None:
    await files.perform(caller, "mkdir", {"dirPath": f"{USR}/d/e", "recursive": True})
    await files.perform(caller, "writeFile", {"filePath": f"{USR}/f", "data": "text"})
    assert message in await refused(files, caller, name, arguments)
