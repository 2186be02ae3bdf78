"""Functions, classes and methods, by tree-sitter."""

from __future__ import annotations

from functools import cache
from typing import Any

Found = tuple[str, str, int, int, int]

_SCRIPT = {
    "function_declaration": "function", "generator_function_declaration": "function", "class_declaration": "class",
    "method_definition": "method",
}  # fmt: skip
_TYPED = _SCRIPT | {
    "interface_declaration": "interface", "type_alias_declaration": "type", "enum_declaration": "enum",
    "abstract_class_declaration": "class",
}  # fmt: skip
_C = {"function_definition": "function", "struct_specifier": "struct", "enum_specifier": "enum"}

LANGUAGES: dict[str, tuple[str, dict[str, str]]] = {
    "python": ("python", {"function_definition": "function", "class_definition": "class"}),
    "javascript": ("javascript", _SCRIPT),
    "javascriptreact": ("javascript", _SCRIPT),
    "typescript": ("typescript", _TYPED),
    "typescriptreact": ("tsx", _TYPED),
    "java": ("java", {
        "class_declaration": "class", "interface_declaration": "interface", "enum_declaration": "enum",
        "record_declaration": "record", "method_declaration": "method", "constructor_declaration": "constructor",
    }),
    "go": ("go", {"function_declaration": "function", "method_declaration": "method", "type_spec": "type"}),
    "rust": ("rust", {
        "function_item": "function", "struct_item": "struct", "enum_item": "enum", "trait_item": "trait",
        "impl_item": "impl", "mod_item": "module", "macro_definition": "macro",
    }),
    "c": ("c", _C),
    "cpp": ("cpp", _C | {"class_specifier": "class", "namespace_definition": "namespace"}),
    "csharp": ("csharp", {
        "class_declaration": "class", "interface_declaration": "interface", "struct_declaration": "struct",
        "enum_declaration": "enum", "record_declaration": "record", "method_declaration": "method",
        "constructor_declaration": "constructor", "namespace_declaration": "namespace",
    }),
    "ruby": ("ruby", {"method": "method", "singleton_method": "method", "class": "class", "module": "module"}),
    "php": ("php", {
        "function_definition": "function", "class_declaration": "class", "interface_declaration": "interface",
        "trait_declaration": "trait", "enum_declaration": "enum", "method_declaration": "method",
    }),
    "kotlin": ("kotlin", {
        "function_declaration": "function", "class_declaration": "class", "object_declaration": "object",
    }),
    "swift": ("swift", {
        "function_declaration": "function", "class_declaration": "class", "protocol_declaration": "protocol",
    }),
    "scala": ("scala", {
        "function_definition": "function", "class_definition": "class", "object_definition": "object",
        "trait_definition": "trait",
    }),
    "lua": ("lua", {"function_declaration": "function"}),
    "shellscript": ("bash", {"function_definition": "function"}),
}  # fmt: skip
"""By LSP's language identifier: the grammar, and which of its nodes define what."""

_WITH_BODY = frozenset({"struct_specifier", "enum_specifier", "class_specifier"})
"""Nodes that are definitions only where they have a body."""

_HOLDERS = frozenset({"class", "interface", "struct", "trait", "impl", "object", "enum", "record", "protocol"})


def definitions(text: bytes, language: str) -> list[Found]:
    """Kind, name, level, start and end of each definition, in order. A function within a class is a method."""
    from tree_sitter import QueryCursor

    parser, query, kinds = _tools(language)
    tree = parser.parse(text)
    nodes = [node for found in QueryCursor(query).captures(tree.root_node).values() for node in found]
    nodes.sort(key=lambda node: (node.start_byte, -node.end_byte))
    found: list[Found] = []
    around: list[tuple[int, str]] = []
    for node in nodes:
        if node.type in _WITH_BODY and node.child_by_field_name("body") is None:
            continue
        kind, whole = (
            ("function", node.parent or node) if node.type == "variable_declarator" else (kinds[node.type], node)
        )
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        if kind == "function" and around and around[-1][1] in _HOLDERS:
            kind = "method"
        found.append((kind, _name(node, text), len(around) + 1, whole.start_byte, whole.end_byte))
        around.append((node.end_byte, kind))
    return found


@cache
def _tools(language: str) -> tuple[Any, Any, dict[str, str]]:
    from tree_sitter import Parser, Query
    from tree_sitter_language_pack import get_language

    grammar, kinds = LANGUAGES[language]
    tongue = get_language(grammar)  # type: ignore[arg-type]
    source = "\n".join(f"({node}) @found" for node in kinds)
    if grammar in ("javascript", "typescript", "tsx"):
        source += "\n(variable_declarator value: [(arrow_function) (function_expression)]) @found"
    return Parser(tongue), Query(tongue, source), kinds


def _name(node: Any, text: bytes) -> str:
    """The name of a definition; C hides it within declarators, Kotlin gives it no field."""
    named = _declared(node) or node.child_by_field_name("name") or node.child_by_field_name("type")
    if named is None:
        named = next((child for child in node.children if "identifier" in child.type), None)
    raw = text[named.start_byte : named.end_byte] if named is not None else b""
    return raw.decode("utf-8", "replace").split("\n")[0][:120]


def _declared(node: Any) -> Any:
    inner = node.child_by_field_name("declarator")
    while inner is not None:
        following = inner.child_by_field_name("declarator")
        if following is None:
            return inner
        inner = following
    return None
