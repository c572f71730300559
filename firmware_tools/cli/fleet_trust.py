"""``cygnet fleet trust``: who may sign what devices install, and the ceremonies in which they do."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.errors import FleetError

if TYPE_CHECKING:  # its library is loaded by the commands that need it
    from firmware_tools.fleet.trust.repository import Repository

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def trust() -> None:
    """Say who may sign what devices install, and sign it.

    Devices with a root of trust install only what both say: the fleet, which signs what a device should have, and
    this repository of The Update Framework, whose root and targets are signed by people with keys of their own.

    \b
    For one person:
      cygnet fleet trust init
    For three people, two of whom have to agree:
      cygnet fleet trust key anna --out anna.pem       (each on a computer of their own)
      cygnet fleet trust init --root-key anna.pub --root-key ben.pub --root-key carla.pub --threshold 2 \\
        --targets-key anna.pub
      cygnet fleet trust sign root.json --key pem:anna.pem
      cygnet fleet trust accept root.json targets.json
    """


@trust.command()
@json_option
@pass_target
def status(target: Target, as_json: bool) -> None:
    """Say who signs what, what waits for signatures, and what expires soon.

    \b
    Example:
      cygnet fleet trust status
    """
    from firmware_tools.fleet.trust.describe import status as lines
    from firmware_tools.fleet.trust.releases import published
    from firmware_tools.fleet.trust.signatures import progress

    repository = _repository(target)
    if not as_json:
        for line in lines(repository):
            click.echo(line)
        return
    root = repository.root() if repository.exists else None
    waiting = [progress(repository, path.stem) for path in sorted(repository.staged.glob("*.json"))]
    document = {
        "active": root is not None,
        "root_version": root.signed.version if root is not None else 0,
        "waiting": [
            {
                "role": item.role,
                "version": item.version,
                "file": str(item.file),
                "signed": item.signed,
                "missing": item.missing,
                "threshold": item.threshold,
            }
            for item in waiting
        ],
        "targets": sorted(published(repository)) if root is not None else [],
    }
    click.echo(json.dumps(document, indent=2))


@trust.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the private key here.")
@click.option("--hsm", default="", help="URI of a key in an HSM, as hsm:2?label=vault; $PYKCS11LIB names its library.")
@click.option("--public", type=click.Path(path_type=Path, dir_okay=False), help="Write the public key here.")
def key(name: str, out: Path | None, hsm: str, public: Path | None) -> None:
    """Make a key for NAME, or take one of an HSM, and write its public half for others.

    The passphrase is asked for, or taken from $CYGNET_KEY_PASSPHRASE or a file that $CYGNET_KEY_PASSPHRASE_FILE names.

    \b
    Example:
      cygnet fleet trust key anna --out anna.pem
      cygnet fleet trust key vault --hsm "hsm:2?label=vault" --public vault.pub
    """
    from firmware_tools.fleet.trust.keys import key_of_hsm, make_key, write_public_key

    if (out is None) == (not hsm):
        raise click.UsageError("give --out FILE for a new key, or --hsm URI for one of an HSM")
    if out is not None:
        made = make_key(out, name, _new_passphrase())
        uri, public = f"pem:{out}", public or out.with_suffix(".pub")
    else:
        uri, made = key_of_hsm(hsm, name, _secret)
        public = public or Path(f"{name}.pub")
    write_public_key(public, made)
    click.echo(f"{public} is for the others. Sign with: --key '{uri}'{f' --public {public}' if hsm else ''}")


@trust.command()
@click.option("--root-key", "root_keys", type=_FILE, multiple=True, help="Public key of who may sign the root.")
@click.option("--targets-key", "targets_keys", type=_FILE, multiple=True, help="Of who may let developers sign.")
@click.option("--threshold", type=click.IntRange(1, 64), default=1, show_default=True, help="How many sign the root.")
@click.option("--targets-threshold", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--house/--no-house", default=True, show_default=True, help="Let the fleet sign where no developer does.")
@click.option("--keys", type=click.Path(path_type=Path, file_okay=False), help="Without --root-key: keys go here.")
@pass_target
def init(
    target: Target,
    root_keys: tuple[Path, ...],
    targets_keys: tuple[Path, ...],
    threshold: int,
    targets_threshold: int,
    house: bool,
    keys: Path | None,
) -> None:
    """Give the fleet a root of trust.

    Without --root-key, one key for the root and one for the targets are made here, with a passphrase; take them off
    this machine afterwards. With --house the fleet signs every release that no developer signs for, with a key that
    lies on its machine: simple, and whoever breaks into that machine can publish.

    \b
    Example:
      cygnet fleet trust init
      cygnet fleet trust init --root-key anna.pub --root-key ben.pub --threshold 2 --targets-key anna.pub --no-house
    """
    from firmware_tools.fleet.trust import ceremony, signatures
    from firmware_tools.fleet.trust.keys import make_key, open_signer, read_public_key

    settings = target.home.settings()
    repository = _repository(target)
    if repository.begun:
        raise FleetError("this fleet has a root of trust already; see `cygnet fleet trust status`")
    if bool(root_keys) != bool(targets_keys):
        raise click.UsageError("give both --root-key and --targets-key, or neither")
    if root_keys:
        roots, targets = [read_public_key(path) for path in root_keys], [read_public_key(path) for path in targets_keys]
        ceremony.init(
            repository,
            settings.fleet,
            roots,
            targets,
            threshold=threshold,
            targets_threshold=targets_threshold,
            house=house,
        )
        _note(target, "init", threshold=threshold, house=house)
        click.echo("Root and targets wait for signatures:")
        _tell(target, "root", "targets")
        return
    folder, passphrase = keys or target.home.directory / "keys" / "offline", _new_passphrase()
    made = {role: make_key(folder / f"{role}.pem", role, passphrase) for role in ("root", "targets")}
    ceremony.init(repository, settings.fleet, [made["root"]], [made["targets"]], threshold=1, house=house)
    for role, public in made.items():
        path = repository.staged / f"{role}.json"
        signatures.sign(path, open_signer(f"pem:{folder / f'{role}.pem'}", public, Path(), lambda _: passphrase))
        signatures.accept(repository, path)
    _note(target, "init", threshold=1, house=house)
    click.echo(f"The fleet has a root of trust. Take {folder} off this machine, and keep two copies.")
    click.echo("Devices get the root from a fleet that runs within seconds, and new ones with `cygnet fleet enroll`.")


@trust.command("add-developer")
@click.argument("name")
@click.option("--app", "apps", multiple=True, help="Pattern of app ids for which NAME signs, as com.example.*")
@click.option("--model", "models", multiple=True, help="Pattern of models for which NAME signs.")
@click.option("--key", "keys", type=_FILE, multiple=True, required=True, help="Public key of NAME.")
@click.option("--threshold", type=click.IntRange(1, 64), default=1, show_default=True)
@pass_target
def add_developer(
    target: Target, name: str, apps: tuple[str, ...], models: tuple[str, ...], keys: tuple[Path, ...], threshold: int
) -> None:
    """Let developer NAME sign for programs and models, and nobody else for these; or give NAME other keys or patterns.

    \b
    Example:
      cygnet fleet trust add-developer acme --app "com.acme.*" --key acme.pub
    """
    from firmware_tools.fleet.trust import ceremony
    from firmware_tools.fleet.trust.keys import read_public_key

    public = [read_public_key(path) for path in keys]
    ceremony.add_developer(_repository(target), name, public, apps, models, threshold=threshold)
    _note(target, "add-developer", name, apps=apps, models=models, threshold=threshold)
    _tell(target, "targets", name)


@trust.command("remove-developer")
@click.argument("name")
@pass_target
def remove_developer(target: Target, name: str) -> None:
    """Let developer NAME sign for nothing any more. What is installed stays.

    \b
    Example:
      cygnet fleet trust remove-developer acme
    """
    from firmware_tools.fleet.trust import ceremony

    ceremony.remove_developer(_repository(target), name)
    _note(target, "remove-developer", name)
    _tell(target, "targets")


@trust.command()
@click.argument("role", type=click.Choice(["root", "targets", "snapshot", "timestamp", "desired", "online"]))
@click.option("--add", type=_FILE, multiple=True, help="Public key to add, for root and targets.")
@click.option("--remove", multiple=True, help="Name or id of a key to take out, for root and targets.")
@click.option("--threshold", type=click.IntRange(1, 64), help="How many keys have to sign from now on.")
@pass_target
def rotate(target: Target, role: str, add: tuple[Path, ...], remove: tuple[str, ...], threshold: int | None) -> None:
    """Give a ROLE other keys, by a new root. `desired` is the fleet's own key; `online` is all that it holds but the
    house's.

    \b
    Example:
      cygnet fleet trust rotate root --add dora.pub --remove anna
      cygnet fleet trust rotate online
    """
    from firmware_tools.fleet.trust import ceremony
    from firmware_tools.fleet.trust.keys import read_public_key

    ceremony.rotate(_repository(target), role, [read_public_key(path) for path in add], remove, threshold)
    _note(target, "rotate", role, add=[path.name for path in add], remove=remove, threshold=threshold)
    _tell(target, "root", *(["targets"] if role == "targets" else []))


@trust.command()
@click.argument("role")
@pass_target
def renew(target: Target, role: str) -> None:
    """Let ROLE (root, targets, or a developer) be signed for another while, before it expires.

    \b
    Example:
      cygnet fleet trust renew root
    """
    from firmware_tools.fleet.trust import ceremony

    ceremony.renew(_repository(target), role)
    _note(target, "renew", role)
    _tell(target, role)


@trust.command()
@pass_target
def recover(target: Target) -> None:
    """After somebody was on the fleet's machine: new keys for everything that lies there.

    Sign what it stages, restart the service, and look through what the house has signed: `trust status` lists it,
    `trust withdraw` takes it back.

    \b
    Example:
      cygnet fleet trust recover
    """
    from firmware_tools.fleet.trust import ceremony

    repository = _repository(target)
    ceremony.recover(repository)
    _note(target, "recover")
    _tell(target, "root", *(["targets"] if repository.waiting("targets") is not None else []))
    click.echo("Until they are signed, the old keys count. Then restart `cygnet fleet serve`.")


@trust.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--model", is_flag=True, help="NAME is a model.")
@pass_target
def withdraw(target: Target, name: str, version: int, model: bool) -> None:
    """Let devices install VERSION of the program NAME no more. Where it is installed it stays.

    \b
    Example:
      cygnet fleet trust withdraw com.example.radio 3
    """
    from firmware_tools.fleet.trust.releases import withdraw as take_back

    role = take_back(_repository(target), f"{'models' if model else 'programs'}/{name}/{version}.ma")
    _note(target, "withdraw", name, version=version, model=model)
    _tell(target, role)


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--key", "uri", required=True, help="pem:FILE, or hsm:, awskms:, gcpkms:, azurekms: or hv: and the rest.")
@click.option("--public", type=_FILE, help="Its public key, where that is not in the private one.")
@click.option("--package", type=_FILE, help="Your own package: its files must be those that are signed for.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def sign(file: Path, uri: str, public: Path | None, package: Path | None, yes: bool) -> None:
    """Sign FILE, which the fleet staged, and write the signature into it. Needs no fleet, and no network.

    \b
    Example:
      cygnet fleet trust sign root.json --key pem:anna.pem
      cygnet fleet trust sign acme.json --key pem:acme.pem --package radio.ma
    """
    from firmware_tools.fleet.trust import signatures
    from firmware_tools.fleet.trust.describe import describe
    from firmware_tools.fleet.trust.keys import open_signer, read_public_key

    metadata = signatures.read_travelling(file)
    for line in describe(metadata):
        click.echo(line)
    if package is not None:
        click.echo(f"{_listed(metadata, package)} holds the very files of {package.name}.")
    if not yes:
        click.confirm("Sign this?", abort=True)
    signer = open_signer(uri, read_public_key(public) if public is not None else None, Path(), _secret)
    signatures.sign(file, signer)
    click.echo(f"{file} is signed by {signer.public_key.keyid[:8]}. Take it to the next, or back to the fleet.")


@trust.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
@pass_target
def accept(target: Target, files: tuple[Path, ...]) -> None:
    """Take the signatures of FILES that came back; what has enough is published.

    \b
    Example:
      cygnet fleet trust accept root.json targets.json
    """
    from firmware_tools.fleet.trust import signatures

    repository, key = _repository(target), _fleet_key(target)
    roles = [signatures.accept(repository, file).role for file in files]
    _note(target, "accept", ", ".join(roles))
    _tell(target, *roles)
    if _fleet_key(target) != key:
        click.echo(
            "The fleet has a new key. Next: restart `cygnet fleet serve` and its workers; until then they sign with "
            "the former one, which devices that have seen this root refuse."
        )


def _fleet_key(target: Target) -> str:
    """The public half of the key with which the fleet signs what devices should have."""
    from device_runtime.keys import encode_public_key
    from firmware_tools.sign.keys import load_private_key

    return encode_public_key(load_private_key(target.home.key_file).public_key())


def _note(target: Target, action: str, subject: str = "", **detail: object) -> None:
    """What was done here is in the audit log, too."""
    from firmware_tools.fleet.audit.home import record_from_home

    record_from_home(target.home, f"trust.{action}", subject, detail)


def _repository(target: Target) -> "Repository":
    from firmware_tools.fleet.trust.repository import Repository

    target.home.settings()  # the sentence for a home without a fleet
    return Repository(target.home.directory)


def _tell(target: Target, *roles: str) -> None:
    """How far each role is."""
    from firmware_tools.fleet.trust.signatures import progress

    repository = _repository(target)
    for role in dict.fromkeys(roles):
        found = progress(repository, role)
        if found.published:
            click.echo(f"{role} version {found.version} is published.")
            continue
        have = f"signed by {', '.join(found.signed)}" if found.signed else "not signed yet"
        if len(found.signed) >= found.threshold:
            click.echo(f"{role} version {found.version} is {have}, and waits for what is published with it.")
        else:
            click.echo(
                f"{role} version {found.version} is {have}; {found.threshold} must sign, and "
                f"{', '.join(found.missing)} may: cygnet fleet trust sign {found.file} --key …"
            )


def _listed(metadata: object, package: Path) -> str:
    """The path under which these very files are signed for."""
    from device_runtime.program.package import DIGESTS

    try:
        with zipfile.ZipFile(package) as archive:
            digests = hashlib.sha256(archive.read(DIGESTS)).hexdigest()
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise FleetError(f"{package} is no package; build one with `cygnet program build`") from error
    targets = getattr(getattr(metadata, "signed", None), "targets", {})
    for path, target in targets.items():
        if (target.custom or {}).get("digests") == digests:
            return str(path)
    raise FleetError(f"nothing that you would sign for holds the files of {package}: do not sign, and ask the fleet")


def _secret(name: str) -> str:
    from firmware_tools.fleet.trust.keys import secret_of_environment

    return secret_of_environment(name) or str(click.prompt(name.capitalize(), hide_input=True))


def _new_passphrase() -> str:
    from firmware_tools.fleet.trust.keys import secret_of_environment

    found = secret_of_environment("passphrase")
    return found or str(click.prompt("Passphrase for the new key", hide_input=True, confirmation_prompt=True))
