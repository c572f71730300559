"""What everything is called when modules are made one."""

import builtins
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from device_runtime.errors import CygnetError
from firmware_tools.provision.packing.modules import Module

_BUILTIN = frozenset(dir(builtins))


class JoinError(CygnetError):
    """Modules cannot be made one without changing what they do; the sentence says where."""


@dataclass
class Group:
    """Modules that become one, which is called as ``target``."""

    members: list[Module]
    target: str


class Names:
    """What everything is called afterwards."""

    def __init__(self, modules: Mapping[str, Module], plans: Sequence[Group]) -> None:
        self.by_dotted = {module.dotted: module for module in modules.values()}
        self._final: dict[tuple[str, str], str] = {}
        self._target: dict[str, str] = {}
        for plan in plans:
            if len({member.path for member in plan.members}) != len(plan.members):
                raise JoinError(f"{plan.target}: a module is taken in twice")
            for member in plan.members:
                if member.dotted in self._target:
                    raise JoinError(f"{member.path}: it is in two groups")
                self._target[member.dotted] = plan.target
        for plan in plans:
            self._name(plan)

    def _name(self, plan: Group) -> None:
        owners = Counter(name for member in plan.members for name in member.own)
        outer: dict[str, str] = {}
        given: set[str] = set()
        for member in plan.members:
            for name in member.inner:
                if name in member.own:
                    raise JoinError(f"{member.path}: {name} is imported and then set: give one of them another name")
            for name, what in (*member.outer.items(), *self._imports(plan, member)):
                if outer.setdefault(name, what) != what:
                    raise JoinError(f"{member.path}: {name} is {what} here, and {outer[name]} in another of its group")
        for member in plan.members:
            for name in member.own:
                if name in _BUILTIN:  # others of the group may mean Python's own by it, and so may it at first
                    raise JoinError(f"{member.path}: {name} is a name of Python's own: rename it")
                is_free = name not in outer and (owners[name] == 1 or member.path == plan.target)
                final = name if is_free else f"{name}_{member.stem}"
                if final in given or final in outer:
                    raise JoinError(f"{member.path}: {name} becomes {final}, which its group has already: rename one")
                given.add(final)
                self._final[member.dotted, name] = final

    def _imports(self, plan: Group, member: Module) -> list[tuple[str, str]]:
        """What a member imports from outside its group, and keeps importing."""
        return [
            (name, f"from {base} import {what}")
            for name, (base, what) in member.inner.items()
            if self.target(f"{base}.{what}" if f"{base}.{what}" in self.by_dotted else base) != plan.target
        ]

    def target(self, dotted: str) -> str | None:
        """The file into which a module is taken; None: it stays where it is."""
        return self._target.get(dotted)

    def final(self, dotted: str, name: str) -> str:
        """What a name of a module is called; it may have it from another of its group.

        Raises:
            JoinError: it has no such name of its own.
        """
        module = self.by_dotted.get(dotted)
        target = self.target(dotted)
        if module is None or target is None or name in module.own or name in module.outer:
            return self._final.get((dotted, name), name)
        base, what = module.inner.get(name, ("", ""))
        if f"{base}.{what}" in self.by_dotted or not base:
            raise JoinError(f"{module.path}: {name} is not its own: import it from where it is")
        return self.final(base, what) if self.target(base) == target else name
