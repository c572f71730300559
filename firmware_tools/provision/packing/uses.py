"""What names of a source cost a board memory."""

import ast

from firmware_tools.provision.packing.modules import arguments_of


class Uses(ast.NodeVisitor):
    """What names stand for that cost memory: members after a dot, and names of modules; and arguments, which are
    given one letter."""

    def __init__(self) -> None:
        self.members: set[str] = set()
        self.names: set[str] = set()
        self.arguments: set[str] = set()
        self._inside: list[ast.AST] = []

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.members.add(node.attr)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._name(node.name)
        self._within(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        is_method = self._inside and isinstance(self._inside[-1], ast.ClassDef)
        (self.members if is_method else self.names).add(node.name)
        self.arguments.update(each.arg for each in arguments_of(node.args))
        for default in (*node.args.defaults, *node.args.kw_defaults, *node.decorator_list):
            if default is not None:
                self.visit(default)
        self._inside.append(node)
        for statement in node.body:
            self.visit(statement)
        self._inside.pop()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.arguments.update(each.arg for each in arguments_of(node.args))
        self._within(node)

    def _within(self, node: ast.AST) -> None:
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_Name(self, node: ast.Name) -> None:
        if not self._inside:
            self.names.add(node.id)
        elif isinstance(self._inside[-1], ast.ClassDef):
            # A class's own body sees its members by their names.
            self._name(node.id)
            self.members.add(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        self.names.update(node.names)

    def visit_alias(self, node: ast.alias) -> None:
        self.names.add(node.name)
        if node.asname:
            self.names.add(node.asname)

    def _name(self, name: str) -> None:
        self.names.add(name)
