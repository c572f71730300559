"""Which fleet the verbs of ``cygnet fleet`` mean, and how they ask it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome


@dataclass(frozen=True, slots=True)
class Target:
    """Which fleet is meant: the one in a home directory, or one elsewhere by its URL."""

    home: FleetHome
    url: str
    token_file: Path | None
    token: str

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

    def _token(self) -> str:
        if self.token:
            return self.token
        if self.token_file is None:
            return self.home.token()
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise FleetError(f"the token file {self.token_file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise FleetError(f"the token file {self.token_file} holds no token: it is not text") from error

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return asyncio.run(self.client().call(method, path, **options))


pass_target = click.make_pass_decorator(Target)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
