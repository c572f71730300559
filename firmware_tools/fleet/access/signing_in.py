"""Signing in from a command line: a password becomes a token, which a file of the user keeps."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError, SilentFleetError

_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)


async def sign_in(url: str, name: str, password: str, token_name: str, days: int | None) -> dict[str, Any]:
    """Sign in, make a token that is good for ``days``, and end the session; the token as the fleet answers it.

    Raises:
        FleetError: the fleet refuses.
        SilentFleetError: nobody answers.
    """
    base = url.rstrip("/")
    parts = urlsplit(base)
    headers = {"Origin": f"{parts.scheme}://{parts.netloc}"}
    jar = aiohttp.CookieJar(unsafe=True)  # it takes cookies of literal addresses, too
    body = {"name": token_name, **({} if days is None else {"days": days})}
    try:
        async with aiohttp.ClientSession(headers=headers, cookie_jar=jar, timeout=_TIMEOUT) as session:
            await _call(session, "POST", f"{base}/api/session", {"name": name, "password": password})
            try:
                return await _call(session, "POST", f"{base}/api/operators/{segment(name)}/tokens", body)
            finally:
                await _call(session, "DELETE", f"{base}/api/session", None)
    except (aiohttp.InvalidURL, ValueError) as error:
        raise FleetError(f"{url!r} is not the URL of a fleet; write http://host:port") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SilentFleetError(f"no fleet answers at {url}: {error or 'it took too long'}") from error


async def _call(session: aiohttp.ClientSession, method: str, url: str, body: Any) -> dict[str, Any]:
    async with session.request(method, url, json=body) as response:
        try:
            document: dict[str, Any] = await response.json()
        except (aiohttp.ContentTypeError, ValueError) as error:
            raise FleetError(f"what answers at {url} is no fleet (HTTP {response.status})") from error
        if response.status >= 400:
            raise FleetError(str(document.get("error", f"HTTP {response.status}")), response.status)
        return document


def is_private(url: str) -> bool:
    """Whether what goes to ``url`` cannot be read on the way: TLS, or this machine itself."""
    return url.lower().startswith("https://") or is_here(url)


def is_here(url: str) -> bool:
    """Whether it is on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_path(url: str) -> Path:
    """Where the token of the fleet at ``url`` is kept: in ``$XDG_CONFIG_HOME/cygnet/fleets``, by default under
    ``~/.config``."""
    parts = urlsplit(url.rstrip("/"))
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{parts.scheme}_{parts.netloc.lower()}{parts.path}")
    return base / "cygnet" / "fleets" / f"{name}.token"


def keep_token(url: str, token: str) -> Path:
    """Write a token where only this user can read it; the file.

    Raises:
        FleetError: it cannot be written.
    """
    path = token_path(url)
    aside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token + "\n")
        aside.replace(path)
    except OSError as error:
        raise FleetError(f"the token cannot be written to {path}: {error.strerror}") from error
    return path


def read_token(path: Path) -> str:
    """A token in a file.

    Raises:
        FleetError: it cannot be read, is readable by others, or is no text.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise FleetError(f"the token file {path} is readable by others; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FleetError(f"the token file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FleetError(f"the token file {path} holds no token: it is not text") from error


def forget_token(url: str) -> bool:
    """Remove the file of a token; whether there was one.

    Raises:
        FleetError: it cannot be removed.
    """
    path = token_path(url)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FleetError(f"{path} cannot be removed: {error.strerror}") from error
    return True
