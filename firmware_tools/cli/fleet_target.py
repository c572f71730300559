"""Which fleet the verbs of ``cygnet fleet`` mean, and how they ask it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from firmware_tools.fleet.access.signing_in import is_here, read_token, token_path
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome

_ON_A_PAGE = "1000"


@dataclass(frozen=True, slots=True)
class Target:
    """Which fleet is meant: the one in a home directory, or one elsewhere by its URL."""

    home: FleetHome
    url: str
    token_file: Path | None
    token: str = field(repr=False)

    def client(self) -> FleetClient:
        return FleetClient(self.address, self._token())

    @property
    def address(self) -> str:
        """The URL of its operator page."""
        if self.url:
            return self.url
        settings = self.home.settings()
        host = "127.0.0.1" if settings.http_host in {"0.0.0.0", "::"} else settings.http_host  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}"

    @property
    def is_owner(self) -> bool:
        """Whether the fleet is asked with the operator token of its home."""
        return not self.url and not self.token and self.token_file is None

    def _token(self) -> str:
        if self.token:
            return self.token
        if self.token_file is not None:
            return _read(self.token_file)
        if not self.url:
            return self.home.token()
        kept = token_path(self.url)
        if kept.exists():
            return read_token(kept)
        if is_here(self.url) and self.home.token_file.exists():
            return self.home.token()
        # The owner's token is for nobody else's machine.
        raise FleetError(
            f"you are not signed in to {self.url}: `cygnet fleet sign-in --url {self.url}`, or give --token-file"
        )

    def whole(self, path: str, member: str, **params: str) -> Any:
        """A list that the fleet gives a page at a time: the last page, with the ``member`` of all pages."""
        found: list[Any] = []
        answer = self.ask("GET", path, params={**params, "limit": _ON_A_PAGE})
        while True:
            found += answer[member]
            if answer["next"] is None:
                return {**answer, member: found}
            answer = self.ask("GET", path, params={**params, "limit": _ON_A_PAGE, "after": str(answer["next"])})

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return asyncio.run(self.client().call(method, path, **options))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FleetError(f"the token file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FleetError(f"the token file {path} holds no token: it is not text") from error


pass_target = click.make_pass_decorator(Target)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
