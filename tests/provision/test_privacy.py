"""``cygnet board privacy``: who agrees to what a board's programs report, and what left."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.micro.consents import path_of
from device_runtime.micro.privacy.ledger import hash_of, split_days, write_counts
from device_runtime.micro.privacy.telling import tell_days
from device_runtime.micro.privacy.widening import standings
from device_runtime.micro.records import read_body, write_body
from firmware_tools.build.portable.plans import PLAN
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.held import parse_record
from firmware_tools.provision.privacy import chain_faults
from firmware_tools.provision.rewriting import rewritten
from tests.build.python_programs import build, write_program
from tests.privacy.room import item
from tests.provision.command import Ran, board_command, write_board
from tests.provision.unix_board import UnixBoard, unix_board

APP = "org.example.ear"
_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_IDENTITY = 'fleet = "shop"\ndevice = "{device}"\nbroker = "mqtt://broker.example"\nfleet_key = "' + _KEY + '"\n'
_PLAN = [
    item("clicks"),
    item("words", category="speech", destination="device", fields={}, retention_days=0, reason="To hear on and off"),
]


@pytest.fixture
def unix(micropython: str, tmp_path: Path) -> Iterator[UnixBoard]:
    with unix_board(micropython, tmp_path / "flash", blocks=256) as board:
        write_board(tmp_path, wifi=False)
        provision(board, tmp_path, "shelf-1")
        install(board, tmp_path, _PLAN)
        yield board


def provision(unix: UnixBoard, folder: Path, device: str) -> None:
    (folder / "shelf.toml").write_text(_IDENTITY.format(device=device))
    arguments = ("--board", folder / "desk.toml", "--identity", folder / "shelf.toml", "--no-start")
    assert not board_command("provision", "--port", unix.port, *arguments).error


def install(unix: UnixBoard, folder: Path, plan: list[dict[str, Any]], code: int = 1) -> None:
    own = {
        "app_id": APP,
        "name": "Ear",
        "version": {"code": code, "name": f"1.{code}"},
        "language": "python",
        "data_plan": plan,
    }
    source = write_program(folder / f"ear-{code}", {"cygnet.json": json.dumps(own)})
    (folder / "ear.ma").write_bytes(build(source).data)
    arguments = ("--port", unix.port, "--board", folder / "desk.toml", "--wait", "0", "--no-start")
    assert not board_command("install", folder / "ear.ma", *arguments).error


def privacy(unix: UnixBoard, *arguments: str) -> Ran:
    return board_command("privacy", unix.port, *arguments, "--no-start")


def agreed(unix: UnixBoard) -> dict[str, bool | None]:
    (program,) = privacy(unix, "show", "--json").json["programs"]
    return {each["name"]: each["agreed"] for each in program["items"]}


def held(unix: UnixBoard, path: str) -> Any:
    """The newest document of a record, as the board has it."""
    with BoardConnection.open(unix.port) as board:
        files = read_files(board, [path, path + ".new"])
    return max(record for data in files.values() if (record := parse_record(data)))[1]


def test_nothing_is_allowed_before_somebody_did(unix: UnixBoard) -> None:
    said = privacy(unix, "show").out
    assert APP in said
    assert "clicks               not allowed yet  to the fleet   usage: To see which stations are heard" in said
    assert "words                not allowed yet  stays here     speech: To hear on and off" in said
    assert privacy(unix, "ledger").out.endswith("Nothing has left the board, and nothing was turned away.\n")


def test_a_yes_and_a_no_are_kept_where_the_board_reads_them_and_written_down(unix: UnixBoard) -> None:
    assert privacy(unix, "allow", APP).out.endswith(f"{APP}: clicks may leave or be heard from now on\n")
    assert agreed(unix) == {"clicks": True, "words": None}, "what is sensitive needs a yes of its own"
    privacy(unix, "allow", APP, "words")
    assert agreed(unix) == {"clicks": True, "words": True}
    privacy(unix, "refuse", APP, "clicks")
    assert agreed(unix) == {"clicks": False, "words": True}
    record = held(unix, path_of("/", APP))
    with BoardConnection.open(unix.port) as board:
        (plan,) = read_files(board, [f"/cygnet/programs/{_folder(board)}/{PLAN}"]).values()
    lines = plan.decode().splitlines()[1:]
    assert standings(lines, record["items"], False) == {"clicks": False, "words": True}
    (day,) = privacy(unix, "ledger", "--json").json["days"]
    assert [entry[:3] for entry in day["entries"]] == [
        ["grant", APP, "clicks"],
        ["grant", APP, "words"],
        ["revoke", APP, "clicks"],
    ]


def _folder(board: BoardConnection) -> str:
    files = read_files(board, ["/cygnet/programs.json", "/cygnet/programs.json.new"])
    record = max(record for data in files.values() if (record := parse_record(data)))[1]
    return str(record["apps"][APP]["current"]["folder"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("allow", "org.example.other"), f"has no program org.example.other; it has {APP}"),
        (("allow", APP, "taps"), "has no item taps that matters on a board; it has clicks, words"),
        (("allow",), "name the program that you allow something"),
        (("show", APP, "clicks"), "`show` takes no items"),
    ],
)
def test_what_is_not_there_is_said(unix: UnixBoard, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in privacy(unix, *arguments).error


def test_an_update_that_asks_for_more_is_not_allowed_and_one_that_asks_for_less_is(
    unix: UnixBoard, tmp_path: Path
) -> None:
    privacy(unix, "allow", APP, "clicks")
    install(unix, tmp_path, [item("clicks", retention_days=7)], code=2)
    assert agreed(unix) == {"clicks": True}
    install(unix, tmp_path, [item("clicks", fields={"station": "text", "who": "text"})], code=3)
    assert agreed(unix) == {"clicks": None}


def test_a_program_that_was_taken_away_is_asked_for_anew_when_it_comes_back(unix: UnixBoard, tmp_path: Path) -> None:
    privacy(unix, "allow", APP, "clicks")
    arguments = ("--port", unix.port, "--board", tmp_path / "desk.toml", "--no-start")
    assert not board_command("install", "--remove", APP, *arguments).error
    install(unix, tmp_path, _PLAN, code=2)
    assert agreed(unix) == {"clicks": None, "words": None}


def test_another_fleet_s_board_has_agreed_to_nothing(unix: UnixBoard, tmp_path: Path) -> None:
    privacy(unix, "allow", APP, "clicks")
    provision(unix, tmp_path, "shelf-2")
    install(unix, tmp_path, _PLAN)
    assert agreed(unix) == {"clicks": None, "words": None}


def test_a_ledger_that_somebody_wrote_to_shows_it(unix: UnixBoard) -> None:
    privacy(unix, "allow", APP, "clicks")
    days = [b'[20000,"' + b"0" * 64 + b'",[["send","org.example.ear","clicks",3,60]]]']
    days.append(b'[20001,"' + hash_of(days[0]).encode() + b'",[["send","org.example.ear","clicks",1,20]]]')
    put_ledger(unix, days, after=hash_of(days[1]))
    ran = privacy(unix, "ledger")
    assert ran.error == ""
    assert f"2024-10-04  {hash_of(days[0])}\n  send          3 times        60 bytes  {APP} clicks" in ran.out
    put_ledger(unix, [days[0].replace(b"3,60", b"1,20"), days[1]], after=hash_of(days[1]))
    assert "was changed: 2024-10-04 is not as it was written" in privacy(unix, "ledger").error
    put_ledger(unix, [days[0]], after=hash_of(days[1]))
    assert "2024-10-04 is not as it was written, or days after it are missing" in privacy(unix, "ledger").error


def put_ledger(unix: UnixBoard, days: list[bytes], after: str) -> None:
    """Days that are over, and one that is not, after one with this hash."""

    def change(root: str) -> None:
        write_body(root + "cygnet/ledger", b"[" + b",\t".join(days) + b"]")
        write_body(root + "cygnet/today", f'[20002,"{after}",[]]'.encode())

    files = rewritten({}, change)
    with BoardConnection.open(unix.port) as board:
        deliver(board, plan_delivery(board, files, gone=["/cygnet/ledger.new", "/cygnet/today.new"]))


def test_the_oldest_days_go_and_what_is_left_is_a_whole_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, texts = f"{tmp_path}/", list[bytes]()
    (tmp_path / "cygnet").mkdir()
    ended = []
    for day in range(20_000, 20_060):
        monkeypatch.setattr("device_runtime.micro.clock.now", lambda day=day: day * 86_400)
        ended += [write_counts(root, APP, {("send", "clicks"): [2, 40]}) for _ in range(2)]
    body, today = read_body(root + "cygnet/ledger"), read_body(root + "cygnet/today")
    assert body is not None
    assert today is not None
    assert len(body) <= 3072 + 4
    texts = [*split_days(body), today]
    assert 10 < len(texts) < 30
    assert list(chain_faults(texts)) == []
    assert json.loads(today)[2] == [["send", APP, "clicks", 4, 80]]
    assert ended == [False, False, *[True, False] * 59]


def test_of_several_decisions_of_a_day_the_last_stands_last(tmp_path: Path) -> None:
    root = f"{tmp_path}/"
    (tmp_path / "cygnet").mkdir()
    for act in ("grant", "revoke", "grant"):
        write_counts(root, APP, {(act, "clicks"): [1, 0]})
    today = read_body(root + "cygnet/today")
    assert today is not None
    assert [entry[0] for entry in json.loads(today)[2]] == ["revoke", "grant"]


def test_days_that_are_over_are_told_once_and_again_where_nobody_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, told, takes = f"{tmp_path}/", list[tuple[str, dict[str, Any]]](), [2]
    (tmp_path / "cygnet").mkdir()

    def tell(source: str, name: str, values: dict[str, Any]) -> bool:
        assert source == "privacy"
        takes[0] -= 1
        if takes[0] >= 0:
            told.append((name, values))
        return takes[0] >= 0

    for day, acts in ((20_000, ["grant"]), (20_001, ["send", "refused"]), (20_003, ["send"]), (20_004, ["send"])):
        monkeypatch.setattr("device_runtime.micro.clock.now", lambda day=day: day * 86_400)
        write_counts(root, APP, {(act, "clicks"): [3, 60] for act in acts})
    assert tell_days(root, tell) is False
    assert [name for name, _ in told] == ["grant", "head"]
    takes[0] = 99
    assert tell_days(root, tell) is True
    assert tell_days(root, tell) is True
    assert [(name, values["number"]) for name, values in told[2:]] == [
        ("sent", 20_001), ("head", 20_001), ("sent", 20_003), ("head", 20_003),
    ]  # fmt: skip
    body = read_body(root + "cygnet/ledger")
    assert body is not None
    hashes = [hash_of(text) for text in split_days(body)]
    assert told[2][1] == {
        "app_id": APP, "item": "clicks", "to": "fleet", "count": 3, "bytes": 60, "after": 20_000,
        "number": 20_001, "hash": hashes[1],
    }  # fmt: skip


def test_a_power_cut_between_two_days_counts_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"{tmp_path}/"
    (tmp_path / "cygnet").mkdir()
    monkeypatch.setattr("device_runtime.micro.clock.now", lambda: 20_000 * 86_400)
    write_counts(root, APP, {("send", "clicks"): [1, 20]})
    first = read_body(root + "cygnet/today")
    assert first is not None
    write_body(root + "cygnet/ledger", b"[" + first + b"]")  # the day is closed, and the next was not begun
    monkeypatch.setattr("device_runtime.micro.clock.now", lambda: 20_001 * 86_400)
    write_counts(root, APP, {("send", "clicks"): [1, 20]})
    today = read_body(root + "cygnet/today")
    assert split_days(read_body(root + "cygnet/ledger")) == [first]
    assert today is not None
    assert list(chain_faults([first, today])) == []


def test_a_clock_that_is_put_back_begins_no_day_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"{tmp_path}/"
    (tmp_path / "cygnet").mkdir()
    for day in (20_005, 20_001, 0):
        monkeypatch.setattr("device_runtime.micro.clock.now", lambda day=day: day * 86_400)
        write_counts(root, APP, {("send", "clicks"): [1, 20]})
    today = read_body(root + "cygnet/today")
    assert today is not None
    assert json.loads(today) == [20_005, "0" * 64, [["send", APP, "clicks", 3, 60]]]
