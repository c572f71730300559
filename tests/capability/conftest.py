"""Callers for capability tests."""

import json
from collections.abc import Callable, Mapping

import pytest

from device_runtime.capability.registry import Caller
from device_runtime.program.manifest import parse_manifest

MakeCaller = Callable[..., Caller]


@pytest.fixture
def make_caller() -> MakeCaller:
    """A caller with a manifest that asks for the given permissions and origins, and the files of its package."""

    def make(
        app_id: str = "demo",
        permissions: tuple[str, ...] = (),
        domains: tuple[str, ...] = (),
        entries: Mapping[str, bytes] | None = None,
    ) -> Caller:
        document = {
            "app_id": app_id,
            "name": "Demo",
            "version": {"code": 1, "name": "1.0"},
            "platform_version": {"min_code": 1},
            "pages": ["pages/index/index"],
            "req_permissions": [{"name": name, "reason": "test"} for name in permissions],
            "cygnet": {"network": {"request": list(domains)}},
        }
        return Caller(app_id, parse_manifest(json.dumps(document)), entries or {})

    return make
