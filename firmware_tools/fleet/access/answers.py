"""What the API answers about sessions, accounts and tokens. Times are Unix seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from firmware_tools.fleet.access.accounts import Account
from firmware_tools.fleet.access.identity import Role
from firmware_tools.fleet.access.tokens import Token


class SignedIn(TypedDict):
    """Who asks, and what they may."""

    name: str
    role: Role


class Operators(TypedDict):
    """Every account, by name."""

    operators: Sequence[Account]


class TokensOfOperator(TypedDict):
    """The tokens of an account, without their secrets."""

    tokens: Sequence[Token]


@dataclass(frozen=True, slots=True)
class CreatedToken(Token):
    """A token with its secret, which is told this once."""

    token: str
