"""Changes that people sign: the root, the top-level targets, and what developers sign by themselves.

Each verb stages a new version, and the fleet signs with what it holds. How the others sign is in ``signatures.py``.
"""

import copy
from collections.abc import Sequence
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Root, Targets
from tuf.api.serialization.json import JSONSerializer

from device_runtime.keys import encode_public_key
from device_runtime.sync.metadata_messages import METADATA_NAME
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.trust.keys import holder, make_key
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.settings import HOUSE, TOP, TrustSettings
from firmware_tools.sign.keys import create_private_key, load_private_key

ONLINE = ("snapshot", "timestamp")
CLAIMS = "x-cygnet"
_SERIALIZER = JSONSerializer(compact=True)


def init(
    repository: Repository,
    fleet: str,
    root_keys: Sequence[Key],
    targets_keys: Sequence[Key],
    *,
    threshold: int,
    targets_threshold: int = 1,
    house: bool = True,
    settings: TrustSettings | None = None,
) -> None:
    """Stage root 1 and targets 1, with online keys made now; ``house``: the fleet itself signs for what no developer
    signs for.

    Raises:
        ConflictError: there is one already.
        FleetError: the thresholds do not fit the keys.
    """
    if repository.begun:
        raise ConflictError("this fleet has a root of trust already; see `cygnet fleet trust status`")
    _check_threshold("root", len({key.keyid for key in root_keys}), threshold)
    _check_threshold("targets", len({key.keyid for key in targets_keys}), targets_threshold)
    with repository.changing():
        settings = settings or TrustSettings()
        repository.set_settings(settings)
        root = Root(expires=repository.expiry(settings.root_days), consistent_snapshot=True)
        for key in root_keys:
            root.add_key(key, "root")
        for key in targets_keys:
            root.add_key(key, "targets")
        root.roles["root"].threshold, root.roles["targets"].threshold = threshold, targets_threshold
        for role in ONLINE:
            root.add_key(_new_online_key(repository, role), role)
        root.unrecognized_fields[CLAIMS] = {
            "fleet": fleet,
            "issued": int(repository.clock()),
            "desired_keys": [_fleet_key(repository)],
            "former_keys": [],
        }
        repository.stage("root", Metadata(root))
        targets = Targets(expires=repository.expiry(settings.targets_days), delegations=Delegations({}, {}))
        if house:
            key = _new_online_key(repository, HOUSE)
            _delegate(targets, HOUSE, [key], 1, ("programs/*/*", "models/*/*"))
            repository.stage("targets", Metadata(targets))
            repository.stage(HOUSE, Metadata(Targets(expires=repository.expiry(settings.developer_days))))
        else:
            repository.stage("targets", Metadata(targets))


def add_developer(
    repository: Repository,
    name: str,
    keys: Sequence[Key],
    apps: Sequence[str],
    models: Sequence[str],
    *,
    threshold: int = 1,
) -> None:
    """Let a developer sign for programs (patterns of app ids) and models; or give one other keys or patterns, and then
    everything has to be signed anew by these keys.

    Developers stand before the house and before those who came later, and what matches theirs is asked of no other.

    Raises:
        FleetError: the name, a pattern or the threshold is wrong.
    """
    if not METADATA_NAME.fullmatch(f"{name}.json") or name in {*TOP, HOUSE}:
        raise FleetError(
            f"{name[:40]!r} is no name for a developer: 1 to 32 of a-z, 0-9, _ and -, starting with a letter or digit, "
            "and none of root, targets, snapshot, timestamp and house"
        )
    patterns = [*(f"programs/{app}/*" for app in apps), *(f"models/{model}/*" for model in models)]
    for pattern in patterns:
        if pattern.count("/") != 2 or not pattern.isascii() or not pattern.isprintable() or "//" in pattern:
            raise FleetError(f"{pattern!r} is no pattern of an app id or model, such as com.example.* or commands_en")
    if not patterns:
        raise FleetError(f"say what {name} signs for: --app 'com.example.*', or --model NAME")
    _check_threshold(name, len({key.keyid for key in keys}), threshold)
    with repository.changing():
        targets = _next_targets(repository)
        roles = (targets.signed.delegations or Delegations({}, {})).roles or {}
        again = name in roles
        if again:
            _undelegate(targets.signed, name)
        _delegate(targets.signed, name, keys, threshold, tuple(patterns), first_of=roles)
        repository.stage("targets", targets)
        current = repository.role(name)
        own = (
            copy.deepcopy(current.signed)
            if current is not None
            else Targets(expires=repository.expiry(repository.settings().developer_days))
        )
        if current is not None:
            own.version += 1
            own.expires = repository.expiry(repository.settings().developer_days)
        repository.stage(name, Metadata(own))
        repository.advance()


def remove_developer(repository: Repository, name: str) -> None:
    """Let a developer sign for nothing any more; what it signed is not installed any more, and what is installed stays.

    Raises:
        NotFoundError: there is no such developer.
    """
    with repository.changing():
        targets = _next_targets(repository)
        if name not in ((targets.signed.delegations and targets.signed.delegations.roles) or {}):
            raise NotFoundError(f"there is no developer {name}; `cygnet fleet trust status` lists them")
        _undelegate(targets.signed, name)
        repository.stage("targets", targets)
        repository.unstage(name)
        repository.advance()


def rotate(
    repository: Repository, role: str, add: Sequence[Key] = (), remove: Sequence[str] = (), threshold: int | None = None
) -> None:
    """Stage a root with other keys for a role: ``root`` and ``targets`` by ``add`` and ``remove`` (names or key ids);
    ``snapshot``, ``timestamp`` and ``desired`` with keys that are made now; ``online`` is these three.

    Raises:
        FleetError: the role, a key or the threshold is wrong.
    """
    if role not in {*TOP, "desired", "online"}:
        raise FleetError(f"{role[:40]!r} has no keys of its own; roles are {', '.join(TOP)}, desired and online")
    with repository.changing():
        root = _next_root(repository)
        if role in {"root", "targets"}:
            _exchange(root.signed, role, add, remove, threshold)
        for name in ONLINE if role == "online" else (role,):
            if name in ONLINE:
                for keyid in list(root.signed.roles[name].keyids):
                    root.signed.revoke_key(keyid, name)
                root.signed.add_key(_new_online_key(repository, name), name)
        if role in {"desired", "online"}:
            _exchange_desired(repository, root.signed)
        repository.stage("root", root)
        if role == "targets":  # what stands there must be signed by the new keys
            repository.stage("targets", _next_targets(repository))
        repository.advance()


def renew(repository: Repository, role: str) -> None:
    """Stage the same once more, good for longer.

    Raises:
        NotFoundError: there is no such role.
    """
    with repository.changing():
        if role == "root":
            repository.stage("root", _next_root(repository))
        elif role == "targets":
            repository.stage("targets", _next_targets(repository))
        else:
            repository.stage(role, next_of_developer(repository, role))
        repository.advance()


def recover(repository: Repository) -> None:
    """After the fleet's machine was stolen or broken into: new keys for everything that it holds.

    What the house signed stays listed, and is to be looked through: the thief may have signed, too.
    """
    rotate(repository, "online")
    with repository.changing():
        targets = _next_targets(repository)
        roles = (targets.signed.delegations and targets.signed.delegations.roles) or {}
        if HOUSE in roles:
            patterns = tuple(roles[HOUSE].paths or ())
            _undelegate(targets.signed, HOUSE)
            _delegate(targets.signed, HOUSE, [_new_online_key(repository, HOUSE)], 1, patterns)
            repository.stage("targets", targets)
            repository.stage(HOUSE, next_of_developer(repository, HOUSE))
        repository.advance()


def next_of_developer(repository: Repository, name: str) -> Metadata[Targets]:
    """The next version of what a developer signs, to be changed and staged: what waits already, or a copy.

    Raises:
        NotFoundError: there is no such developer.
    """
    settings = repository.settings()
    staged, current = repository.waiting(name), repository.role(name)
    found = staged or current
    if found is None:
        raise NotFoundError(f"there is no developer {name}; `cygnet fleet trust status` lists them")
    following = copy.deepcopy(found.signed)
    following.version = (current.signed.version if current is not None else 0) + 1
    following.expires = repository.expiry(settings.developer_days)
    return Metadata(following)


def _next_root(repository: Repository) -> Metadata[Root]:
    current, staged = repository.root(), repository.waiting("root")
    found = staged or current
    if found is None:
        raise FleetError("this fleet has no root of trust yet; make one with `cygnet fleet trust init`")
    if current is None:
        raise ConflictError("root version 1 is not signed yet; let it be signed first: `cygnet fleet trust status`")
    root = copy.deepcopy(found.signed)
    root.version = current.signed.version + 1
    root.expires = repository.expiry(repository.settings().root_days)
    root.unrecognized_fields[CLAIMS]["issued"] = int(repository.clock())
    return Metadata(root)


def _next_targets(repository: Repository) -> Metadata[Targets]:
    current, staged = repository.role("targets"), repository.waiting("targets")
    found = staged or current
    if found is None:
        raise FleetError("this fleet has no root of trust yet; make one with `cygnet fleet trust init`")
    targets = copy.deepcopy(found.signed)
    targets.version = current.signed.version + 1 if current is not None else 1
    targets.expires = repository.expiry(repository.settings().targets_days)
    return Metadata(targets)


def _exchange(root: Root, role: str, add: Sequence[Key], remove: Sequence[str], threshold: int | None) -> None:
    for key in add:
        root.add_key(key, role)
    for what in remove:
        matching = [
            keyid
            for keyid in root.roles[role].keyids
            if keyid == what or (len(what) >= 8 and keyid.startswith(what)) or holder(root.keys[keyid]) == what
        ]
        if len(matching) != 1:
            known = ", ".join(f"{holder(root.keys[keyid])} ({keyid[:8]})" for keyid in root.roles[role].keyids)
            raise FleetError(f"{what[:64]!r} names {len(matching)} keys of {role}; there are {known}")
        root.revoke_key(matching[0], role)
    if threshold is not None:
        root.roles[role].threshold = threshold
    _check_threshold(role, len(root.roles[role].keyids), root.roles[role].threshold)


def _exchange_desired(repository: Repository, root: Root) -> None:
    """A new key of the fleet; it takes the place of the old one when the root is published."""
    coming = repository.home / "keys" / "fleet.key.next"
    key = load_private_key(coming) if coming.exists() else create_private_key(coming)
    claims = root.unrecognized_fields[CLAIMS]
    old, new = claims["desired_keys"], encode_public_key(key.public_key())
    claims["former_keys"] = sorted({*claims["former_keys"], *old} - {new})
    claims["desired_keys"] = [new]


def _delegate(
    targets: Targets,
    name: str,
    keys: Sequence[Key],
    threshold: int,
    patterns: tuple[str, ...],
    first_of: Any = None,
) -> None:
    """Add a delegation; developers in the order in which they came, the house last."""
    delegations = targets.delegations or Delegations({}, {})
    roles = dict(delegations.roles or {})
    role = DelegatedRole(name, [key.keyid for key in keys], threshold, terminating=True, paths=list(patterns))
    order = [*[other for other in (first_of or roles) if other != HOUSE], HOUSE]
    roles[name] = role
    if name not in order:
        order.insert(-1, name)
    delegations.roles = {other: roles[other] for other in order if other in roles}
    for key in keys:
        delegations.keys[key.keyid] = key
    targets.delegations = delegations


def _undelegate(targets: Targets, name: str) -> None:
    delegations = targets.delegations
    if delegations is None or not delegations.roles:
        return
    gone = delegations.roles.pop(name, None)
    used = {keyid for role in delegations.roles.values() for keyid in role.keyids}
    for keyid in gone.keyids if gone is not None else ():
        if keyid not in used:
            delegations.keys.pop(keyid, None)


def _new_online_key(repository: Repository, role: str) -> Key:
    """A key that the service signs with unattended, so without a passphrase, mode 0600."""
    settings = repository.settings()
    number = 1
    while (path := repository.home / "keys" / "trust" / f"{role}-{number}.pem").exists():
        number += 1
    key = make_key(path, f"the fleet ({role})", "")
    repository.set_settings(settings.holding(key.keyid, f"pem:{path.relative_to(repository.home)}"))
    return key


def _fleet_key(repository: Repository) -> str:
    return encode_public_key(load_private_key(repository.home / "keys" / "fleet.key").public_key())


def _check_threshold(role: str, keys: int, threshold: int) -> None:
    if not 1 <= threshold <= keys:
        raise FleetError(f"{role} has {keys} keys, so its threshold is a number from 1 to {keys}, not {threshold}")
