"""What the API's requests about sessions, accounts and tokens may hold. A new password is checked where it is set."""

from typing import Annotated

from msgspec import Meta, Struct

from firmware_tools.fleet.access.identity import Role
from firmware_tools.fleet.openapi.sentences import WORDS, one_of

LONGEST_DAYS = 3650
"""The most days that a fleet may let a token be good."""

OperatorName = Annotated[
    str,
    Meta(
        description="an account's name",
        extra_json_schema={"pattern": "^[a-z0-9][a-z0-9._@-]{0,63}$", "examples": ["ada"]},
    ),
]
TokenId = Annotated[str, Meta(description="a token's id", max_length=64)]
_Role = Annotated[Role, one_of(Role)]
_Password = Annotated[
    str,
    Meta(
        description="a secret, which is recorded nowhere",
        extra_json_schema={"format": "password", "writeOnly": True},
        extra={WORDS: "a text"},
    ),
]
_TokenName = Annotated[
    str, Meta(description="what people call the token", examples=["ci"], extra={WORDS: "a text: the token's name"})
]
_Days = Annotated[
    int,
    Meta(
        ge=1,
        le=LONGEST_DAYS,
        description="for how long it is good; at most `token_days` of `[access]` in fleet.toml",
        extra={WORDS: f"a whole number from 1 to {LONGEST_DAYS}"},
    ),
]


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """An account and its password."""

    name: Annotated[str, Meta(extra={WORDS: "a text: the account's name"})]
    password: _Password


class NewOperator(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made."""

    name: OperatorName
    role: _Role
    password: _Password


class OperatorChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of an account; whoever changes their own password names the ``current`` one, too."""

    role: _Role | None = None
    disabled: bool | None = None
    password: _Password | None = None
    current: _Password | None = None


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made; without ``days`` it is good for 90, or as long as the fleet lets it."""

    name: _TokenName
    days: _Days | None = None
