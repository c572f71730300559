"""Whom a request comes from, where proxies stand before the fleet."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from firmware_tools.fleet.access.hosts import Caller, caller
from firmware_tools.fleet.access.settings import AccessSettings, access_settings
from tests.docs.pages import ROOT

PROXIES = access_settings({"proxies": ["127.0.0.1", "10.0.0.0/8"]}, ROOT / "fleet.toml")


@pytest.mark.parametrize(
    ("settings", "remote", "hops", "proto", "found"),
    [
        (AccessSettings(), "127.0.0.1", ["203.0.113.5"], "https", Caller("127.0.0.1", False)),
        (PROXIES, "198.51.100.1", ["203.0.113.5"], "https", Caller("198.51.100.1", False)),
        (PROXIES, "127.0.0.1", ["203.0.113.5"], "https", Caller("203.0.113.5", True)),
        (PROXIES, "127.0.0.1", ["203.0.113.5"], "http", Caller("203.0.113.5", False)),
        # The first address is what the client said by itself: the last that is no proxy of ours counts.
        (PROXIES, "127.0.0.1", ["1.1.1.1, 203.0.113.5, 10.1.2.3"], "https", Caller("203.0.113.5", True)),
        (PROXIES, "127.0.0.1", ["1.1.1.1", "203.0.113.5"], "http, https", Caller("203.0.113.5", True)),
        (PROXIES, "127.0.0.1", ["203.0.113.5"], "https, http", Caller("203.0.113.5", False)),
        (PROXIES, "127.0.0.1", ["203.0.113.5, nonsense"], "https", Caller("127.0.0.1", True)),
        (PROXIES, "127.0.0.1", [], "", Caller("127.0.0.1", False)),
        (PROXIES, "10.9.9.9", ["2001:db8::1"], "HTTPS", Caller("2001:db8::1", True)),
    ],
)
def test_only_hops_that_a_believed_proxy_names_count(
    settings: AccessSettings, remote: str, hops: list[str], proto: str, found: Caller
) -> None:
    headers: CIMultiDict[str] = CIMultiDict({"X-Forwarded-Proto": proto})
    for hop in hops:
        headers.add("X-Forwarded-For", hop)
    request = make_mocked_request("GET", "/api/fleet", headers=headers).clone(remote=remote)
    assert caller(request, settings) == found
