"""No secret of a request gets into the log, wherever in the request it stands."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_tools.fleet.access.middleware import _describe
from firmware_tools.fleet.access.permissions import RULES, Rule
from firmware_tools.fleet.audit.secrets import NEVER, clean, clean_text, is_secret, secrets_of

SECRET = st.text(st.characters(codec="utf-8"), min_size=6, max_size=30).map(lambda text: f"ßecret{text}")
NAMES = st.sampled_from([*sorted(NEVER), "owner_token", "Broker-Password", "API_KEY", "x_secret"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def in_text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@given(name=NAMES, secret=SECRET, plain=PLAIN, depth=st.integers(0, 5))
def test_a_secret_member_is_never_recorded_however_deep_it_is(name: str, secret: str, plain: Any, depth: int) -> None:
    document: Any = {name: secret, "other": plain}
    for number in range(depth):
        document = {"inner": document, "n": number} if number % 2 else [document, plain]
    assert secret not in in_text(clean(document))
    assert "ßecret" not in in_text(clean(document))


@given(name=NAMES, secret=SECRET, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_taken_out_of_other_texts_of_the_request(name: str, secret: str, before: str, after: str) -> None:
    hidden = secrets_of({"deep": [{name: secret}]})
    for text in (f"{before}{secret}{after}", f"{before}{secret!r}{after}"):
        assert secret not in clean_text(text, hidden)
        assert secret not in in_text(clean({"reason": [text], text: 1}, hidden))


@given(PLAIN)
def test_what_is_recorded_is_small_and_can_be_written_everywhere(value: Any) -> None:
    text = in_text(clean({"a": value}))
    text.encode()
    assert "\\u0000" not in text
    assert json.loads(text) == clean(json.loads(text))


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (2**70, str(2**70)),
        ("a\nb\x00c\ud800", "a b c "),
        ("x" * 400, "x" * 299 + "…"),
        (list(range(60)), [*range(50), "and 10 more"]),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, {"a": {"b": {"c": {"d": "…"}}}}),
        ({"version_code": 3, "code": "1234"}, {"version_code": 3}),
    ],
)
def test_values_are_bounded_and_plain(value: Any, recorded: Any) -> None:
    assert clean(value) == recorded


@pytest.mark.parametrize("name", ["version_code", "name", "keyboard", "devices", "reason", "by"])
def test_what_is_no_secret_is_not_taken_for_one(name: str) -> None:
    assert not is_secret(name)


class Asked:
    """What of a request is looked at to describe it."""

    def __init__(self, body: Any, query: dict[str, str], path: dict[str, str]) -> None:
        self._data, self.query, self.match_info = json.dumps(body).encode(), query, path

    async def read(self) -> bytes:
        return self._data


@settings(max_examples=60)
@given(
    rule=st.sampled_from([rule for rule in RULES.values() if rule.action]),
    names=st.lists(NAMES, min_size=1, max_size=3),
    secret=SECRET,
    where=st.lists(st.sampled_from(["", "prefix ", "\n"]), min_size=1),
)
def test_no_secret_of_a_request_is_in_what_any_rule_records(
    rule: Rule, names: list[str], secret: str, where: list[str]
) -> None:
    plain = dict.fromkeys((*rule.recorded, "name", "device", "subject"), f"{where[0]}{secret}")
    body = {**plain, **dict.fromkeys(names, secret), "inner": [{name: secret} for name in names]}
    described = asyncio.run(_describe(Asked(body, {}, {}), rule))  # type: ignore[arg-type]
    assert secret not in in_text([described.subject, described.detail])
    assert "ßecret" not in described.action
