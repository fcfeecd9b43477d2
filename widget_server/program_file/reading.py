"""Reads the text of a program file into plain values, from a subset of YAML:

mappings, lists, texts, whole and decimal numbers, true, false and null. No anchors, tags or duplicate keys; only
`true` and `false` are booleans, so that `off` stays a text; decimal numbers are exact."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

import yaml

from widget_server.errors import BadRequest

Path = tuple[str | int, ...]
Plain = None | bool | int | Decimal | str | Sequence["Plain"] | Mapping[str, "Plain"]  # the value of the text


def dotted(path: Path) -> str:
    """Returns the path as text, `rewards.0.amount`; "file" for the whole file."""
    return ".".join(map(str, path)) or "file"


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Returns the next node; raises yaml's ComposerError for an anchor or a tag."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in types-pyyaml
        if isinstance(event, yaml.AliasEvent) or event.tag is not None:
            raise yaml.composer.ComposerError(None, None, "anchors and tags are not supported", event.start_mark)
        return super().compose_node(parent, index)


_TAG = "tag:yaml.org,2002:"
for _kind, _pattern, _first in (
    ("null", r"(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"(?:true|false)$", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})$", list("-0123456789")),
    ("float", r"-?[0-9]{1,18}\.[0-9]{1,18}$", list("-0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)

_PLAIN: dict[str, Callable[[str], Plain]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": Decimal,
    f"{_TAG}str": str,
}


def read_yaml(text: str) -> Plain:
    """Returns the text as plain values: dicts, lists, texts, whole numbers, decimal numbers, booleans and None.

    Raises BadRequest, whose `field` is the line or the path of what is wrong.
    """
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise BadRequest(f"{str(broken.problem).capitalize()}.", field=f"line {line}") from broken
    except (yaml.YAMLError, RecursionError) as broken:
        raise BadRequest("This is not YAML.", field="file") from broken
    if node is None:
        raise BadRequest("The file is empty.", field="file")
    if not isinstance(node, yaml.MappingNode):
        raise BadRequest("This has no sections, such as `rewards:`, that a program file is made of.", field="file")
    return _value(node, ())


def line_of(text: str, path: str) -> int | None:
    """Returns the line, from 1, of what a dotted path names, or of the nearest thing around it.

    `line N` is that line. None for the whole file, and for a text that is not YAML.
    """
    if path.startswith("line "):
        return int(path.removeprefix("line "))
    try:
        node, line = yaml.compose(text, _Loader), None
    except (yaml.YAMLError, RecursionError):
        return None
    rest = path
    while rest and node is not None:
        found = _below(node, rest)
        if found is None:
            break
        line, node, rest = found
    return line


def _below(node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
    """Returns the line and the node of the path's first name, and the rest of the path; names may contain dots."""
    if isinstance(node, yaml.MappingNode):
        for key, below in node.value:
            name = str(key.value)
            if path == name or path.startswith(f"{name}."):
                return key.start_mark.line + 1, below, path[len(name) + 1 :]
    if isinstance(node, yaml.SequenceNode):
        index, _, rest = path.partition(".")
        if index.isdecimal() and int(index) < len(node.value):
            below = node.value[int(index)]
            return below.start_mark.line + 1, below, rest
    return None


def _value(node: yaml.Node, path: Path) -> Plain:
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(node, path))
    if isinstance(node, yaml.SequenceNode):
        return [_value(below, (*path, at)) for at, below in enumerate(node.value)]
    return _PLAIN[node.tag](node.value)


def _entries(node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Plain]]:
    """Yields the entries; keys are texts as written, so that an id that is a number keeps its digits."""
    seen = set()
    for key, below in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _unreadable(key, path, "A name must be plain text")
        name = (*path, key.value)
        if key.value in seen:
            raise _unreadable(key, name, "It appears twice")
        seen.add(key.value)
        yield key.value, _value(below, name)


def _unreadable(node: yaml.Node, path: Path, problem: str) -> BadRequest:
    return BadRequest(f"{problem} (line {node.start_mark.line + 1}).", field=dotted(path))
