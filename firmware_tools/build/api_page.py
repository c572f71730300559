"""``docs/apis.md``, made from the table of ``wx`` and ``swan``."""

from collections.abc import Iterator
from itertools import groupby

from device_runtime.program.apis import Api, ApiTable

WORDS = {"full": "yes", "part": "partly", "none": "no"}

_HEAD = """# What `wx` and `swan` do here

For program developers. Made from `device_runtime/program/apis.toml` by `cygnet program apis --markdown > docs/apis.md`;
change the table, not this page. The names are those of npm's `miniprogram-api-typings` 5.2.3 (WeChat) and
`@types/baidu-app` 2.2.7 (Baidu SWAN), and a few of our own. Both are one object, so a WeChat program may use what only
SWAN has, and the other way round.

{counts}

What is not here fails in the program's own terms, and never throws: `fail` and `complete` are called, or the promise
is rejected, with `errMsg` `<name>:fail not supported on this host`; a `create…` or `get…Manager` gives an object whose
every method fails so; a listener is taken and never called. Only names that end in `Sync` throw, as they do in WeChat.
`canIUse` answers from the same table, for the board that the program runs on: what a board lacks (the column *needs*)
counts as not here.
"""


def api_page(table: ApiTable) -> str:
    """The page in Markdown."""
    apis = list(table.apis.values())
    parts = [_HEAD.format(counts=_counts(apis))]
    for topic in dict.fromkeys(api.topic for api in apis):
        parts.append(f"\n## {topic}\n\n| name | here | needs | |\n|---|---|---|---|\n")
        parts += [f"{line}\n" for line in _rows(api for api in apis if api.topic == topic)]
    parts.append(
        "\n## Components\n\nWhat `canIUse` knows of components: these tags are drawn, without the attributes named.\n\n"
        "| component | lacks |\n|---|---|\n"
    )
    parts += [f"| `{tag}` | {', '.join(f'`{name}`' for name in lacks)} |\n" for tag, lacks in table.components.items()]
    return "".join(parts)


def _counts(apis: list[Api]) -> str:
    lines = ["| | names | yes | partly | no |", "|---|---|---|---|---|"]
    for title, dialect in (("`wx`", "wx"), ("`swan`", "swan")):
        own = [api for api in apis if dialect in api.dialects]
        numbers = [sum(api.support == support for api in own) for support in WORDS]
        lines.append(f"| {title} | {len(own)} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def _rows(apis: Iterator[Api]) -> Iterator[str]:
    """A row for the names of which the same is to be said."""

    def said(api: Api) -> tuple[str, ...]:
        return (api.support, api.needs, api.permission, api.note, api.instead, ",".join(api.lacks))

    for _, group in groupby(apis, said):
        same = list(group)
        api = same[0]
        needs = [f"a host with `{api.needs}`"] if api.needs else []
        needs += [f"permission `{api.permission}`"] if api.permission else []
        words = [api.note] if api.note else []
        words += [f"instead: {api.instead}"] if api.instead else []
        words += [f"without {', '.join(f'`{name}`' for name in api.lacks)}"] if api.lacks else []
        names = ", ".join(f"`{one.name}`" for one in same)
        yield f"| {names} | {WORDS[api.support]} | {', '.join(needs)} | {'; '.join(words)} |"
