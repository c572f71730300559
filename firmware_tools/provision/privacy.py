"""The privacy of a board, over its cable: what its programs may report and hear, who said so, and what left.

A board has no screen to ask on, so somebody at the cable decides: the cable is trusted, as it is with keys.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from device_runtime.micro.consents import forget_consents, path_of, write_privacy
from device_runtime.micro.privacy.ledger import BETWEEN, FIRST, hash_of, split_days, write_counts
from device_runtime.micro.privacy.planned import UNSPOKEN, unspoken
from device_runtime.micro.privacy.widening import standings
from device_runtime.program.data_plan import DEVICE, SENSITIVE
from firmware_tools.build.portable.plans import PLAN
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Plan, plan_delivery, read_files
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import PROGRAMS_RECORD, look_at, parse_record
from firmware_tools.provision.rewriting import rewritten

FOLDER = "/cygnet/privacy"
_LEDGER, _TODAY, _BOARD = "/cygnet/ledger", "/cygnet/today", "/cygnet/board.json"
LEDGER_RECORDS = (_LEDGER, _TODAY, "/cygnet/told")
"""The records of a board's ledger, and of how far the fleet was told of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a program's plan. ``agreed`` is what somebody said to it, ``None``: nobody has yet."""

    name: str
    destination: str
    covers: tuple[str, ...]
    reason: str
    agreed: bool | None
    line: Sequence[Any]

    @property
    def is_sensitive(self) -> bool:
        """Whether it needs a yes of its own."""
        return bool(SENSITIVE.intersection(self.covers))

    @property
    def leaves(self) -> bool:
        """Whether it goes anywhere."""
        return self.destination != DEVICE


@dataclass(frozen=True, slots=True)
class ProgramPrivacy:
    """One program of a board; ``seen`` are the categories that it was given."""

    app_id: str
    items: tuple[Item, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoardPrivacy:
    """All programs of a board, and whose it is, if it is an organisation's."""

    organisation: str
    programs: tuple[ProgramPrivacy, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the ledger, ``number`` of them since 1970-01-01; its ``entries`` are ``(act, app, item, count,
    bytes)``. ``is_over``: its hash is that which the fleet was told."""

    number: int
    hash: str
    entries: tuple[tuple[str, str, str, int, int], ...]
    is_over: bool


@dataclass(frozen=True, slots=True)
class BoardLedger:
    """What a board has of its ledger, and ``faults`` of the chain in sentences."""

    days: tuple[Day, ...]
    faults: tuple[str, ...]


def read_privacy(board: BoardConnection) -> BoardPrivacy:
    """How the programs of a board stand.

    Raises:
        ProvisionError: it is no device, what it holds makes no sense, or it went away.
    """
    folders = _folders(board)
    paths = [_BOARD]
    for app_id, folder in folders.items():
        paths += [f"{folder}/manifest.json", f"{folder}/{PLAN}", *_both(_record_of(app_id))]
    files = read_files(board, paths)
    try:
        organisation = str(json.loads(files.get(_BOARD, b"{}")).get("organisation", ""))
        programs = tuple(_program(app_id, folder, files, organisation) for app_id, folder in sorted(folders.items()))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ProvisionError(
            f"what the board on {board.port} holds of its programs' data plans makes no sense; install them again"
        ) from error
    return BoardPrivacy(organisation, programs)


def plan_decision(
    board: BoardConnection, app_id: str, names: Sequence[str], *, granted: bool
) -> tuple[Plan, list[str]]:
    """Compare a board with what it has when somebody has said yes or no to items of a program.

    Args:
        board: at its prompt.
        app_id: the program.
        names: of its plan; empty: all, but a yes is then none to items that need one of their own.
        granted: yes, or no.

    Returns:
        What goes to the board, and the names of the items that it is about.

    Raises:
        ProvisionError: there is no such program or item, or the board refused.
    """
    privacy = read_privacy(board)
    program = next((each for each in privacy.programs if each.app_id == app_id), None)
    if program is None:
        there = ", ".join(each.app_id for each in privacy.programs) or "none"
        raise ProvisionError(f"the board on {board.port} has no program {app_id}; it has {there}")
    known = {item.name: item for item in program.items}
    for name in names:
        if name not in known:
            has = ", ".join(known) or "none"
            raise ProvisionError(f"the data plan of {app_id} has no item {name} that matters on a board; it has {has}")
    chosen = [known[name] for name in names] or [item for item in known.values() if not (granted and item.is_sensitive)]
    if not chosen:
        raise ProvisionError(f"each item of {app_id} is sensitive: name those that you allow ({', '.join(known)})")
    record = _record_of(app_id)
    files = read_files(board, [*_both(record), *_both(_LEDGER), *_both(_TODAY)])
    before = (_newest(files, record) or {}).get("items", {})
    now = int(time.time())
    items = {**before, **{item.name: [int(granted), now, list(item.line)] for item in chosen}}
    acts = {("grant" if granted else "revoke" if item.agreed else "refuse", item.name): [1, 0] for item in chosen}

    def change(root: str) -> None:
        write_privacy(root, app_id, {"items": items})
        write_counts(root, app_id, acts)

    return plan_delivery(board, rewritten(files, change)), [item.name for item in chosen]


def forgotten(board: BoardConnection, app_id: str) -> tuple[dict[str, bytes], list[str]]:
    """Files of a board when nobody has agreed to anything of a program any more, and those that go."""
    record = _record_of(app_id)
    files = read_files(board, _both(record))
    left = rewritten(files, lambda root: forget_consents(root, app_id))
    return left, [name for name in files if name not in left]


def read_ledger(board: BoardConnection) -> BoardLedger:
    """What left a board, by days.

    Raises:
        ProvisionError: the board refused or went away, or what it holds is no ledger.
    """
    files = read_files(board, [*_both(_LEDGER), *_both(_TODAY)])
    texts = split_days(_body(files, _LEDGER))
    today = _body(files, _TODAY)
    is_copied = today is not None and texts[-1:] == [today]  # the power went between two writes
    whole = texts if today is None or is_copied else [*texts, today]
    try:
        days = tuple(_day(text, is_over=number < len(texts)) for number, text in enumerate(whole))
    except (ValueError, TypeError, RecursionError) as error:
        raise ProvisionError(f"the ledger of the board on {board.port} is none: somebody has written to it") from error
    return BoardLedger(days, tuple(chain_faults(whole)))


def chain_faults(texts: Sequence[bytes]) -> Iterator[str]:
    """Where a chain of days is broken, in sentences; nothing if it is whole."""
    previous: tuple[int, str] | None = None
    for text in texts:
        number, before, _ = json.loads(text)
        if previous is None:
            if before != FIRST and len(texts) == 1:
                yield f"the days before {_date(number)} are missing"
        elif before != previous[1]:
            yield f"{_date(previous[0])} is not as it was written, or days after it are missing"
        elif number <= previous[0]:
            yield f"{_date(number)} comes after {_date(previous[0])}"
        previous = (number, hash_of(text))


def _day(text: bytes, *, is_over: bool) -> Day:
    number, _, entries = json.loads(text)
    checked = tuple((str(act), str(app), str(item), int(count), int(size)) for act, app, item, count, size in entries)
    if not isinstance(number, int) or BETWEEN in text:
        raise ValueError("no day")
    return Day(number, hash_of(text), checked, is_over)


def _date(number: int) -> str:
    """The date of a day; of 0 none is known, since the board had not heard the time yet."""
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86_400)) if 0 < number < 100_000 else f"day {number}"


def _folders(board: BoardConnection) -> dict[str, str]:
    """By app id, where the current version of each program lies."""
    held = look_at(board)
    if held.identity is None:
        raise ProvisionError(f"the board on {board.port} is no device yet; run `cygnet board provision` first")
    apps = (held.record(PROGRAMS_RECORD) or {}).get("apps", {})
    found = {}
    for app_id, app in apps.items() if isinstance(apps, dict) else ():
        current = app.get("current") if isinstance(app, dict) else None
        if isinstance(current, dict) and app_id.isprintable():
            found[app_id] = f"/cygnet/programs/{current.get('folder', '')}"
    return found


def _program(app_id: str, folder: str, files: Mapping[str, bytes], organisation: str) -> ProgramPrivacy:
    manifest = json.loads(files[f"{folder}/manifest.json"])
    plan = manifest.get("cygnet", {}).get("data_plan")
    reasons = {entry["name"]: entry["reason"] for entry in plan or []}
    text = files.get(f"{folder}/{PLAN}", b"").decode()
    lines = text.splitlines()[1:] if plan is not None else [UNSPOKEN, unspoken("speech")]
    record = _newest(files, _record_of(app_id)) or {}
    stand = standings(lines, record.get("items", {}), organisation != "")
    items = []
    for line in lines:
        item = json.loads(line)
        reason = reasons.get(item[0], "its author does not say what of")
        items.append(Item(item[0], item[1], tuple(item[2]), reason, stand.get(item[0]), item))
    return ProgramPrivacy(app_id, tuple(items), tuple(record.get("seen", ())))


def _record_of(app_id: str) -> str:
    return path_of("/", app_id)


def _both(path: str) -> list[str]:
    return [path, path + ".new"]


def _newest(files: Mapping[str, bytes], path: str) -> dict[str, Any] | None:
    found = [parsed for name in _both(path) if (parsed := parse_record(files.get(name, b"")))]
    return max(found, key=lambda parsed: parsed[0])[1] if found else None


def _body(files: Mapping[str, bytes], path: str) -> bytes | None:
    """The text of the newest whole file of a record that holds a list."""
    best: tuple[int, bytes | None] = (-1, None)
    for name in _both(path):
        text, _, digest = files.get(name, b"").strip().rpartition(b" ")
        body, _, number = text.rpartition(b"\n")
        if hash_of(text).encode() == digest and number.isdigit() and int(number) > best[0]:
            best = (int(number), body)
    return best[1]
