"""Who acts, and how much each role may."""

from dataclasses import dataclass
from typing import Literal, get_args

from aiohttp import web

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most; each may what those before it may."""

OWNER = "owner"
"""Who holds the operator token of the fleet's home: an admin whom no account can lock out."""
FLEET = "fleet"
"""Who did what nobody asked for just then: a rollout that stops itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request: the name of an account, or :data:`OWNER`, with what it may."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether this role is ``needed`` or more."""
        return ROLES.index(self.role) >= ROLES.index(needed)


ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)
"""Where the middleware puts who makes a request."""
