"""Compiled templates: the check of an untrusted ``.view`` document, and its instructions bound to closures.

``docs/view-format.md`` describes the document. Nothing here runs text as code: each instruction is looked up in a
closed set, and whatever is not in it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from device_runtime.view.blocks import Block
from device_runtime.view.errors import TemplateError, shown
from device_runtime.view.expressions import MAX_NAME_LENGTH
from device_runtime.view.hosts import Use
from device_runtime.view.loader import Loader
from device_runtime.view.parts import Tables
from device_runtime.view.wxs import WxsLink

FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. ``blocks`` are all the blocks in it; ``largest_block`` is the most nodes that one has.

    ``prefix`` is that of the classes in it, ``uses`` the components that it names, by tag. A view connects ``wxs``
    before it evaluates anything.
    """

    body: Block
    blocks: tuple[Block, ...]
    largest_block: int
    prefix: str
    uses: Mapping[str, Use]
    wxs: WxsLink


def load_template(document: object) -> Template:
    """Check a ``.view`` document and bind its instructions.

    Raises:
        TemplateError: it is malformed, of another format, too large, or nested too deeply.
    """
    match document:
        case {"format": int(number)} if number != FORMAT:
            raise TemplateError(
                f"the template is in format {number}; this runtime reads format {FORMAT}: build the program again"
            )
        case {"format": 2, "body": list(body), "templates": list(templates), "scopes": list(scopes), **rest}:
            wxs = WxsLink()
            tables = _tables({str(name): value for name, value in rest.items()}, templates, scopes)
            blocks = Loader(tables, wxs).load(body)
            largest = max(block.size for block in blocks)
            return Template(blocks[-1], blocks, largest, tables.prefix, tables.uses, wxs)
    raise TemplateError("the document is not a compiled template: format, body, templates and scopes are expected")


def _tables(document: Mapping[str, Any], templates: list[Any], scopes: list[Any]) -> Tables:
    prefix, modules = document.get("prefix", ""), document.get("modules", [])
    components = document.get("components", {})
    if not isinstance(prefix, str) or len(prefix) > MAX_NAME_LENGTH or prefix.split() not in ([], [prefix]):
        raise TemplateError(f"prefix must be a text without blanks, not {shown(prefix)}")
    if not isinstance(modules, list) or not all(isinstance(path, str) for path in modules):
        raise TemplateError("modules must be a list of paths")
    if not isinstance(components, dict):
        raise TemplateError("components must map tags to components")
    return Tables(
        templates,
        [_check_scope(scope, number, len(templates)) for number, scope in enumerate(scopes)],
        prefix,
        {tag: _use(tag, use) for tag, use in components.items()},
        modules,
    )


def _check_scope(scope: Any, number: int, templates: int) -> dict[str, int]:
    if not isinstance(scope, dict):
        raise TemplateError(f"scopes[{number}] must map names to templates")
    for name, index in scope.items():
        if not isinstance(name, str) or type(index) is not int or not 0 <= index < templates:
            raise TemplateError(f"scopes[{number}]: {shown(name)} names no template")
    return scope


def _use(tag: Any, use: Any) -> Use:
    match use:
        case {
            "path": (None | str()) as path,
            "generic": (None | str()) as generic,
            "placeholder": (None | str()) as placeholder,
        } if isinstance(tag, str) and path != "":
            return Use(path, generic, placeholder)
    raise TemplateError(f"components: {shown(tag)} must have a path, a generic and a placeholder (or null)")
