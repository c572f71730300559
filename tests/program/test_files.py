"""Which files travel with a launch, and how a worker gets the others."""

import pytest

from device_runtime.program.files import MAX_LAUNCH_BYTES, PackageFiles, divide_files


def test_a_file_that_was_fetched_is_kept_and_a_source_map_is_not() -> None:
    asked: list[str] = []

    def fetch(name: str) -> bytes:
        asked.append(name)
        return name.encode()

    files = PackageFiles({"app.js": b"here"}, ["sub/a.js", "app.js.map"], fetch)
    assert list(files) == ["sub/a.js", "app.js.map", "app.js"]
    assert "sub/a.js" in files
    assert "none" not in files
    assert asked == []
    for _ in range(2):
        assert [files["app.js"], files["sub/a.js"], files["app.js.map"]] == [b"here", b"sub/a.js", b"app.js.map"]
    assert asked == ["sub/a.js", "app.js.map", "app.js.map"]
    with pytest.raises(KeyError):
        files["none"]


def test_a_launch_carries_the_code_of_the_main_package() -> None:
    entries = {
        "app.js": b"a",
        "app.css": b"s",
        "a.png": b"p",
        "pages/a.view": b"v",
        "pages/a.json": b"{}",
        "lib/x.cjs": b"x",
        "app.js.map": b"m",
        "sub/p.js": b"p",
        "sub/p.view": b"v",
        "subway.js": b"w",
    }
    now, later = divide_files(entries, ["sub"])
    assert sorted(now) == ["app.js", "lib/x.cjs", "pages/a.json", "pages/a.view", "subway.js"]
    assert sorted(later) == ["app.js.map", "sub/p.js", "sub/p.view"]


def test_the_largest_files_wait_where_a_launch_would_be_too_large() -> None:
    half = bytes(MAX_LAUNCH_BYTES // 2)
    now, later = divide_files({"small.js": b"1", "half.js": half, "large.js": half + b"1"}, [])
    assert sorted(now) == ["half.js", "small.js"]
    assert later == ["large.js"]
