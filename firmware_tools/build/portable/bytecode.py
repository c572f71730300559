"""Whether mpy-cross reads a text as CPython does: the checker judges by CPython, and boards run what mpy-cross read.

CPython writes its tree out again in plain words, with f-strings as calls of ``format``. Compiled without line numbers,
that must give the same bytes as the text itself. So no difference between the two readers, known or not, hides code
from the checker. (Known ones are told with their line by :mod:`.reading`.)
"""

import ast

from device_runtime.errors import CygnetError
from firmware_tools.build.micropython import compile_module


class ReadDifferentlyError(CygnetError):
    """A text is not the same program for MicroPython as for Python."""


def check_reading(text: str, path: str) -> None:
    """Compare what MicroPython and CPython read.

    Raises:
        ReadDifferentlyError: not the same.
        BytecodeError: MicroPython refuses it.
    """
    try:
        plain = ast.unparse(ast.fix_missing_locations(_Plain(text).visit(ast.parse(text, path))))
    except (RecursionError, ValueError) as error:  # ValueError: a number of more digits than Python writes
        raise ReadDifferentlyError(
            f"{path}:1: its expressions are nested too deeply, or its numbers too long"
        ) from error
    if compile_module(text, path, lines=False) != compile_module(plain, path, lines=False):
        raise ReadDifferentlyError(
            f"{path}:1: MicroPython reads it otherwise than Python does; say in plainer words what is unusual in it "
            "(an f-string with more than names and calls, an unusual layout)"
        )


class _Plain(ast.NodeTransformer):
    """f-strings as the calls of ``format`` that MicroPython makes of them. Parentheses and ``else: if`` stay as they
    are where MicroPython makes other (as good) bytecode of them; a name with such a text stands for what stays."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.split("\n")]

    def _source(self, node: ast.expr | ast.stmt) -> str:
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode()

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        if not isinstance(node.value, ast.Tuple):
            return self.generic_visit(node)  # type: ignore[return-value]
        sides = [self._side(each) for each in (*node.targets, node.value)]
        return ast.Expr(ast.Name(" = ".join(sides), ast.Load()))

    def _side(self, node: ast.expr) -> str:
        """One side of ``a, b = c, d``, in parentheses only if it was."""
        source = self._source(node)
        plain = ast.unparse(ast.fix_missing_locations(self.visit(node)))
        if isinstance(node, ast.Tuple) and node.elts:
            bare = plain[1:-1] if _is_tuple(plain[1:-1]) and plain[0] == "(" else plain
            return f"({bare})" if source[0] == "(" and _is_tuple(source[1:-1]) else bare
        return plain

    def visit_If(self, node: ast.If) -> ast.AST:
        match node.orelse:
            case [ast.If() as inner] if not self._source(inner).startswith("elif"):
                node.orelse.append(ast.Pass())
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left = node.left
        in_parentheses = (node.lineno, node.col_offset) != (left.lineno, left.col_offset)
        self.generic_visit(node)
        if in_parentheses and isinstance(left, ast.BinOp):
            node.left = ast.Name(f"({ast.unparse(ast.fix_missing_locations(left))})", ast.Load())
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Call:
        arguments: list[ast.expr] = []
        text = self._text(node, arguments)
        return ast.Call(func=ast.Attribute(ast.Constant(text), "format", ast.Load()), args=arguments, keywords=[])

    def _text(self, node: ast.JoinedStr, arguments: list[ast.expr]) -> str:
        text = ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                arguments.append(self.visit(part.value))
                conversion = "" if part.conversion < 0 else f"!{chr(part.conversion)}"
                spec = (
                    f":{self._text(part.format_spec, arguments)}" if isinstance(part.format_spec, ast.JoinedStr) else ""
                )
                text += f"{{{conversion}{spec}}}"
            elif isinstance(part, ast.Constant):
                text += str(part.value).replace("{", "{{").replace("}", "}}")
        return text


def _is_tuple(text: str) -> bool:
    try:
        return isinstance(ast.parse(text.strip(), mode="eval").body, ast.Tuple)
    except SyntaxError:
        return False
