"""TypeScript's types in the neutral syntax."""

from __future__ import annotations

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.reader import Reader
from looktwice.code.syntax.tree import Assignment, Entry, Function, Literal, Mapping, Name, Node, Opaque, Type

COMPOSED = {"type_query": "typeof", "index_type_query": "keyof", "lookup_type": "[]", "template_literal_type": "string"}
NOTHING = frozenset({"void", "undefined", "null"})


class TypeScriptTypes(Reader):
    def inside(self, syntax: Syntax) -> Node:
        """The only child, of an annotation, parentheses or `readonly`."""
        children = self.children(syntax)
        return self.read(children[0]) if len(children) == 1 else self.read_unknown(syntax)

    read_type_annotation = read_parenthesized_type = read_readonly_type = inside

    def read_type_identifier(self, syntax: Syntax) -> Node:
        text = "".join(self.text(syntax).split())
        return Type(syntax.start_byte, syntax.end_byte, "None" if text in NOTHING else text)

    read_predefined_type = read_nested_type_identifier = read_this_type = read_type_identifier

    def read_literal_type(self, syntax: Syntax) -> Node:
        node = self.inside(syntax)
        return Type(node.start, node.end, "None") if isinstance(node, Literal) and node.value is None else node

    def read_generic_type(self, syntax: Syntax) -> Node:
        name, arguments = self.field(syntax, "name"), self.field(syntax, "type_arguments")
        head = "".join(self.text(name).split()) if name else ""
        inner = self.read_all(arguments.named_children) if arguments else ()
        return Type(syntax.start_byte, syntax.end_byte, head, inner)

    def read_union_type(self, syntax: Syntax) -> Node:
        """`A | B | C` and `A & B`, however the grammar nests them."""
        members: list[Syntax] = []
        left: Syntax | None = syntax
        while left is not None and left.kind_id == syntax.kind_id:
            children = self.children(left)
            members.extend(reversed(children[1:]))
            left = children[0] if children else None
            if len(children) == 1 and left is not None and left.kind_id != syntax.kind_id:
                break
        if left is not None:
            members.append(left)
        spelling = "|" if syntax.type == "union_type" else "&"
        return Type(syntax.start_byte, syntax.end_byte, spelling, self.read_all(reversed(members)))

    read_intersection_type = read_union_type

    def read_array_type(self, syntax: Syntax) -> Node:
        return Type(syntax.start_byte, syntax.end_byte, "Array", (self.inside(syntax),))

    def composed(self, syntax: Syntax) -> Node:
        """Types composed in a way that no question needs: their parts are kept."""
        head = COMPOSED.get(syntax.type, syntax.type.removesuffix("_type"))
        return Type(syntax.start_byte, syntax.end_byte, head, self.read_all(syntax.named_children))

    read_tuple_type = read_conditional_type = read_lookup_type = read_type_query = read_index_type_query = composed
    read_template_literal_type = read_rest_type = read_optional_type = read_infer_type = composed

    def read_function_type(self, syntax: Syntax) -> Node:
        returns = self.field(syntax, "return_type")
        arguments = () if returns is None else (self.read(returns),)
        return Type(syntax.start_byte, syntax.end_byte, "function", arguments)

    read_constructor_type = read_function_type

    def read_type_predicate_annotation(self, syntax: Syntax) -> Node:
        return Type(syntax.start_byte, syntax.end_byte, "boolean")

    def read_asserts_annotation(self, syntax: Syntax) -> Node:
        return Type(syntax.start_byte, syntax.end_byte, "None")

    def read_object_type(self, syntax: Syntax) -> Node:
        entries: list[Entry] = []
        for member in self.statements(syntax.named_children):
            match member:
                case Assignment(targets=(Name(id=name, start=start, end=end), *_), annotation=annotation):
                    entries.append(Entry(Literal(start, end, name), annotation or Opaque(end, end, "missing")))
                case Function(name=name, start=start, end=end):
                    entries.append(Entry(Literal(start, end, name), member))
        return Mapping(syntax.start_byte, syntax.end_byte, tuple(entries))

    def read_property_signature(self, syntax: Syntax) -> Node:
        name = self.field(syntax, "name")
        target = Name(syntax.start_byte, syntax.start_byte, "")
        if name is not None:
            target = Name(name.start_byte, name.end_byte, self.member_name(name))
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), None, annotation=self.annotation(syntax))

    def list_index_signature(self, syntax: Syntax) -> tuple[Node, ...]:
        return ()

    list_call_signature = list_construct_signature = list_index_signature

    def annotation(self, syntax: Syntax) -> Node | None:
        """The type of a parameter or member; `x?: T` is `T | None`."""
        found = self.field(syntax, "type")
        if found is None:
            return None
        node = self.read(found)
        if any(child.type == "?" for child in syntax.children):
            return Type(node.start, node.end, "|", (node, Type(node.end, node.end, "None")))
        return node

    def member_name(self, syntax: Syntax) -> str:
        """The name of a member or key as text, without the quotes of `"a-b"` and the brackets of a computed name."""
        text = self.text(syntax)
        text = text[1:-1].strip() if text[:1] == "[" else text
        return text[1:-1] if text[:1] in ("'", '"') else text
