"""One grammar for prompts and for the values under them: `{name = a | b}`, `{a | b}`, `{name}`, `1..9 step 2`.

A text is read once, into nodes. What a variable of the notebook holds is put in as a node of its own, so it is never
read as a template again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.words import near
from hailuo_widgets.sweeps.caret import mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST_CHOICES = 10_000
"""On one axis; a range that is longer is a slip of the pen."""

MOST_IN_ALL = 5 * MOST_CHOICES
"""In one text, those that only make up others included: it is read again with every key that is typed."""

MOST_NESTED = 50
"""Braces within braces."""

MOST_CHARACTERS = 100_000
"""Of one cell's text."""

NO_WORDS = "(none)"
"""How an empty choice is called."""

NO_TEMPLATE = "Braces contain a variable's name or a choice, {a | b}; for a literal brace write “{{”."

_NAMED = re.compile(r"\s*(?P<name>[^\s={}|\[\]\\]+)\s*=(?!=)")
_NAMED_BY_WORDS = re.compile(r"\s*(?P<name>\w+(?: +\w+)+)\s*=(?!=)")
_ESCAPED = re.compile(r"(\\+)([|{}])")
_SIGNS = re.compile(r"(\\*)([|{}])")
_RANGE = re.compile(r"(-?\d{1,9})\s*\.\.\s*(-?\d{1,9})(?:\s+step\s+(-?\d{1,9}))?")
_NO_RANGE = re.compile(rf"\\+{_RANGE.pattern}")
_SINGLE = (str, bytes, bytearray, memoryview, list, tuple, range)
"""What is clear, though it can be walked through: the bytes are pictures."""

_FEWER = f"An axis has at most {MOST_CHOICES:,}; leave some out."
_CLOSE_UP = frozenset("\n.,;:!?)，。；：！？")
_ENDS_OPEN = re.compile(r"\[[^\]]*$")


@dataclass(frozen=True, slots=True)
class Text:
    """Words as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """Something that is no text of the template's own: a picture, a number, what a variable holds.

    Attributes:
        value: The thing itself.
        label: How it reads in a prompt and at an axis.
    """

    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class Reference:
    """`{name}`: an axis of that name, or a variable.

    Attributes:
        name: Whose.
        at: Position of its brace in the text.
    """

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """`{name = a | b}`.

    Attributes:
        name: `""` until a choice without a name is given one.
        options: What can be chosen, each a sequence of nodes.
        at: Position of its brace in the text.
    """

    name: str
    options: tuple[Template, ...]
    at: int = field(default=0, compare=False)


Node = Text | Value | Reference | Choices
Template = tuple[Node, ...]


def parse(text: str) -> Template:
    """Read a template.

    Raises:
        UsageError: At a mistake, with a caret under it and what was probably meant.
    """
    reader = _Reader(text)
    nodes, _ = reader.sequence(inside=False)
    return nodes


def parse_value(text: str, start: int, end: int) -> tuple[Template, ...]:
    """Read what stands behind a field's name: choices as inside of braces, one or more.

    Args:
        text: The text that contains it, for the caret.
        start: Where the value begins.
        end: One past its last sign.

    Raises:
        UsageError: At a mistake, with a caret under it and what was probably meant.
    """
    reader = _Reader(text, start, end)
    return _spread(text, start, reader.options(start, ""))


class _Reader:
    """Walks over a text once."""

    def __init__(self, text: str, start: int = 0, end: int | None = None) -> None:
        self.text = text
        self.at = start
        self.end = len(text) if end is None else end
        self.depth = 0
        self.made = 0

    def sequence(self, *, inside: bool) -> tuple[Template, str]:
        """Nodes up to the sign that ends them, which is returned: `|`, `}` or `""` for the end of the text."""
        nodes: list[Node] = []
        plain: list[str] = []
        paired = 0  # “{{” in this option; as many “}}” are braces, any other one closes

        def flush() -> None:
            if plain:
                nodes.append(Text("".join(plain)))
                plain.clear()

        while self.at < self.end:
            sign, start = self.text[self.at], self.at
            two = self.text[start : min(start + 2, self.end)]
            if sign == "\\" and inside and (escaped := _ESCAPED.match(self.text, start, self.end)):
                slashes = len(escaped[1])
                plain.append("\\" * (slashes // 2))
                self.at += slashes
                if slashes % 2:
                    plain.append(escaped[2])
                    self.at += 1
            elif two == "{{" or (two == "}}" and (paired or not inside)):
                plain.append(sign)
                paired += 1 if sign == "{" else -1
                self.at += 2
            elif sign == "{":
                flush()
                nodes.append(self.braces())
            elif sign == "}" and not inside:
                hint = "For a literal brace write “}}”."
                if "{{" in self.text[:start]:
                    hint = "“{{” is a literal brace; put a space between two that open choices. " + hint
                raise mistake(self.text, start, "Unmatched “}”.", hint)
            elif inside and sign in "|}":
                self.at += 1
                flush()
                return tuple(nodes), sign
            else:
                plain.append(sign)
                self.at += 1
        flush()
        return tuple(nodes), ""

    def braces(self) -> Node:
        """What stands between two braces."""
        opened = self.at
        self.at += 1
        self.depth += 1
        if self.depth > MOST_NESTED:
            message = f"Braces are nested more than {MOST_NESTED} deep here."
            raise mistake(self.text, opened, message, "Give a choice a name, {name = a | b}, and write {name} within.")
        name = ""
        if named := _NAMED.match(self.text, self.at, self.end):
            name = _name(self.text, opened, named["name"])
            self.at = named.end()
        elif words := _NAMED_BY_WORDS.match(self.text, self.at, self.end):
            one_word = "_".join(words["name"].split())
            message = f"An axis is named by one word, not “{words['name'][:40]}”."
            raise mistake(self.text, opened, message, f"Write {{{one_word} = …}}.")
        options = self.options(opened, "}")
        self.depth -= 1
        chosen = _spread(self.text, opened, options)
        self.made += len(chosen)
        if self.made > MOST_IN_ALL:
            raise mistake(self.text, opened, f"There are more than {MOST_IN_ALL:,} choices up to here.", _FEWER)
        if name or len(options) > 1 or chosen != tuple(options):
            return Choices(name, chosen, opened)
        [option] = options
        word = option[0].text if len(option) == 1 and isinstance(option[0], Text) else ""
        if word.isidentifier():
            return Reference(word, opened)
        written = self.text[opened : self.at]
        raise mistake(self.text, opened, f"“{written[:60]}” is not a variable.", NO_TEMPLATE)

    def options(self, opened: int, until: str) -> list[Template]:
        """Choices, up to the sign that ends the last one."""
        options: list[Template] = []
        while True:
            starts = self.at
            option, ended = self.sequence(inside=True)
            options.append(_stripped(option))
            if ended == "|" and option and _cut_bracket(option[-1]):
                raise mistake(
                    self.text,
                    starts,
                    "The “|” is inside a bracket.",
                    "Each choice needs its own brackets: [Pan left] | [Pan right].",
                )
            if ended == "|":
                continue
            if ended != until:
                stray = ended == "}"
                message = "Unmatched “}”." if stray else "Unmatched “{”."
                hint = f"For a literal brace write “{'}}' if stray else '{{'}”."
                if "|" in self.text[opened : self.end] and not stray:
                    hint = f"The choice is never closed: its “}}” is missing. {hint}"
                raise mistake(self.text, self.at - 1 if stray else opened, message, hint)
            return options


def _name(text: str, at: int, name: str) -> str:
    if name.isidentifier():
        return name
    word = re.sub(r"\W+", "_", name).strip("_")
    meant = (
        f"Write {{{word} = …}}."
        if word.isidentifier()
        else "A name has letters, digits and _, and starts with a letter."
    )
    raise mistake(text, at, f"“{name[:40]}” can't name an axis.", meant)


def _cut_bracket(node: Node) -> bool:
    return isinstance(node, Text) and _ENDS_OPEN.search(node.text) is not None


def _stripped(option: Template) -> Template:
    """Without the blanks around it."""
    nodes = list(option)
    if nodes and isinstance(nodes[0], Text):
        nodes[0] = Text(nodes[0].text.lstrip())
    if nodes and isinstance(nodes[-1], Text):
        nodes[-1] = Text(nodes[-1].text.rstrip())
    return tuple(node for node in nodes if node != Text(""))


def _spread(text: str, at: int, options: Iterable[Template]) -> tuple[Template, ...]:
    """All values of some options: a range has many, and so does an option with choices inside it."""
    found: list[Template] = []
    for option in options:
        for flat in _flat(text, at, option):
            found += _range(text, at, flat)
            if len(found) > MOST_CHOICES:
                raise mistake(text, at, f"There are more than {MOST_CHOICES:,} choices here.", _FEWER)
    return tuple(found)


def _range(text: str, at: int, option: Template) -> tuple[Template, ...]:
    """`1..9 step 2` as options; any other option as it is."""
    if len(option) != 1 or not isinstance(option[0], Text):
        return (option,)
    word = option[0].text
    if _NO_RANGE.fullmatch(word):
        return ((Text(word[1:]),),)
    if not (found := _RANGE.fullmatch(word)):
        return (option,)
    first, last = int(found[1]), int(found[2])
    step = int(found[3]) if found[3] else (1 if last >= first else -1)
    if step == 0 or (last - first) * step < 0:
        hint = f"Write {first}..{last} step {(abs(step) or 1) * (1 if last >= first else -1)}."
        raise mistake(text, at, f"From {first} to {last} can't be reached in steps of {step}.", hint)
    if abs(last - first) // abs(step) >= MOST_CHOICES:
        raise mistake(text, at, f"{found[0]} are too many choices.", f"At most {MOST_CHOICES:,}; try a larger step.")
    return tuple((Text(str(each)),) for each in range(first, last + (1 if step > 0 else -1), step))


def _flat(text: str, at: int, option: Template) -> Iterator[Template]:
    """An option with choices that have no name of their own inside it is several options."""
    parts = [node.options if isinstance(node, Choices) and not node.name else ((node,),) for node in option]
    if (many := prod(map(len, parts))) > MOST_CHOICES:  # before any of them is made
        raise mistake(text, at, f"There are {many:,} choices here.", _FEWER)
    for picked in product(*parts):
        yield _stripped(_merged(node for part in picked for node in part))


def _merged(nodes: Iterable[Node]) -> Template:
    """Neighbouring texts as one."""
    merged: list[Node] = []
    for node in nodes:
        last = merged[-1] if merged else None
        if isinstance(node, Text) and isinstance(last, Text):
            merged[-1] = Text(last.text + node.text)
        else:
            merged.append(node)
    return tuple(merged)


def choices(nodes: Template) -> Iterator[Choices]:
    """Every choice in it, those within others after them."""
    for node in nodes:
        if isinstance(node, Choices):
            yield node
            for option in node.options:
                yield from choices(option)


def references(nodes: Template) -> Iterator[Reference]:
    """Every reference in it."""
    for node in nodes:
        if isinstance(node, Reference):
            yield node
        elif isinstance(node, Choices):
            for option in node.options:
                yield from references(option)


def check_once(text: str, written: Iterable[Template]) -> None:
    """Make sure that no axis is defined twice.

    Args:
        text: What it was read from, for the caret.
        written: All that may define one.

    Raises:
        UsageError: At the second definition.
    """
    seen: dict[str, int] = {}
    for each in (each for nodes in written for each in choices(nodes) if each.name):
        # The same place is the same definition: what stands beside other choices was copied to each of them.
        if seen.setdefault(each.name, each.at) != each.at:
            raise twice(text, each)


def twice(text: str, node: Choices) -> UsageError:
    """An axis that is defined elsewhere too."""
    return mistake(
        text, node.at, f"The axis “{node.name}” is defined twice.", f"Define it once, then write {{{node.name}}}."
    )


def check_ends(text: str, prompt: Template, fields: Mapping[str, Template]) -> None:
    """Make sure that no choice contains itself, directly or indirectly: its text would be infinite.

    Args:
        text: What it was read from, for the caret.
        prompt: The template.
        fields: What stands under it, by name.

    Raises:
        UsageError: At the reference that leads back.
    """
    inside = {name: list(references(nodes)) for name, nodes in fields.items()}
    for each in (each for nodes in (prompt, *fields.values()) for each in choices(nodes)):
        inside[each.name] = list(references((each,)))
    try:
        TopologicalSorter({name: [each.name for each in found] for name, found in inside.items()}).prepare()
    except CycleError as error:
        inner, outer = error.args[1][:2]
        back = next(each for each in inside[outer] if each.name == inner)
        raise mistake(text, back.at, f"“{inner}” is inside its own choice.", "Give one of them another name.") from None


def with_names(nodes: Template, taken: Iterable[str]) -> Template:
    """Give each choice without a name one by its place: choice1, choice2 and so on.

    Args:
        nodes: What to name the choices of.
        taken: Names that are in use.
    """
    taken = {*taken, *(each.name for each in choices(nodes))}
    free = (name for number in range(1, MOST_CHOICES) if (name := f"choice{number}") not in taken)

    def named(node: Node) -> Node:
        # Only choices at the top can be without a name: those inside another one became options of it.
        return Choices(next(free), node.options, node.at) if isinstance(node, Choices) and not node.name else node

    return tuple(named(node) for node in nodes)


def _in_a_cell(_name: str) -> str:
    return "Define it in a cell above, or write “{{” for a literal brace."


def bind(
    nodes: Template,
    text: str,
    axes: Iterable[str],
    namespace: Mapping[str, Any],
    where: Callable[[str], str] = _in_a_cell,
) -> Template:
    """Put variables in: a list, tuple or range becomes an axis of that name, anything else stays what it is.

    Args:
        nodes: The template.
        text: What it was read from, for the caret.
        axes: Names that mean an axis.
        namespace: The notebook's variables.
        where: Says of a name that is near no other how it is defined.

    Raises:
        UsageError: At an unknown name, with a caret under it and what was probably meant.
    """
    known = frozenset(axes)
    seen: set[str] = set()

    def bound(node: Node) -> Node:
        if isinstance(node, Choices):
            return Choices(node.name, tuple(tuple(map(bound, option)) for option in node.options), node.at)
        if not isinstance(node, Reference) or node.name in known or node.name in seen:
            return node
        if node.name not in namespace:
            hint = _meant(node.name, known, namespace) or where(node.name)
            raise mistake(text, node.at, f"There is no variable “{node.name}”.", hint)
        try:
            value = plain(node.name, namespace[node.name])
            if not isinstance(value, (list, tuple, range)):
                return of(value)
            several = tuple((of(plain(node.name, each, "holds")),) for each in value[: MOST_CHOICES + 1])
        except UsageError as error:
            raise mistake(text, node.at, error.message, error.hint or "") from None
        if not value or len(value) > MOST_CHOICES:
            what = "is empty" if not value else f"holds {len(value):,} things"
            hint = f"An axis needs at least one and at most {MOST_CHOICES:,} choices."
            raise mistake(text, node.at, f"The variable “{node.name}” {what}.", hint)
        seen.add(node.name)
        return Choices(node.name, several, node.at)

    return tuple(map(bound, nodes))


def put_in(nodes: Template, words: Mapping[str, Template]) -> Template:
    """Expand references, which `check_ends` has found to be finite."""
    return tuple(part for node in nodes for part in _put_in(node, words))


def _put_in(node: Node, words: Mapping[str, Template]) -> Template:
    if isinstance(node, Choices):
        return (Choices(node.name, tuple(put_in(option, words) for option in node.options), node.at),)
    if isinstance(node, Reference) and node.name in words:
        return put_in(words[node.name], words)
    return (node,)


def plain(name: str, value: Any, verb: str = "is") -> Any:
    """A value from Python if it is clear what is meant by it: one value, or a list, tuple or range of several.

    Args:
        name: Whose it is.
        value: A number of numpy's becomes Python's own.
        verb: How it belongs to the name: it “is” or it “holds” that.

    Raises:
        UsageError: If it can be walked through, but is no list: a set has no order, and a generator would be used up.
    """
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        value = value.item()
    if isinstance(value, Iterable) and not isinstance(value, _SINGLE):
        kind = type(value).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        hint = f"Give a list: list({name})." if verb == "is" else "Give a list of single values."
        raise UsageError(f"“{name}” {verb} {article} {kind}.", hint=hint)
    return value


def of(value: Any) -> Value:
    """A value of the notebook's as a node."""
    return Value(value, "" if value is None else str(value))


def _meant(name: str, axes: Iterable[str], namespace: Mapping[str, Any]) -> str:
    close = near(name, (*axes, *(each for each in namespace if not each.startswith("_"))))
    return f"Did you mean {' or '.join(close)}?" if close else ""


def render(nodes: Template, chosen: Callable[[str], Template]) -> str:
    """The text of one cell.

    Args:
        nodes: The template, bound.
        chosen: Gives the option that is chosen on an axis.

    Raises:
        UsageError: If it grows too long: a name that is used twice within another doubles it each time.
    """
    text = ""
    swallow = False  # the blank after an empty choice at the beginning
    for node in nodes:
        if isinstance(node, Text):
            piece = node.text
        elif isinstance(node, Value):
            piece = node.label
        else:
            piece = render(chosen(node.name), chosen)
            if not piece:
                swallow = swallow or not text or text[-1].isspace()
                continue
        if swallow and isinstance(node, Text):
            piece, text = _closed_up(piece, text)
        swallow = False
        text += piece
        if len(text) > MOST_CHARACTERS:
            raise UsageError(
                f"A cell's text grows beyond {MOST_CHARACTERS:,} characters.",
                hint="Vendors accept 2,000 at most: nest fewer names.",
            )
    return text.rstrip(" ") if swallow else text


def _closed_up(after: str, before: str) -> tuple[str, str]:
    """What stands around an empty choice, without the blank that it leaves over."""
    if not before or after[:1] == " ":
        return after.removeprefix(" "), before
    return after, before.rstrip(" ") if after[:1] in _CLOSE_UP else before


def expand(text: str, namespace: Mapping[str, Any]) -> str:
    """Put variables into a text in which nothing is to be chosen: the words of a magic's line.

    Raises:
        UsageError: At a mistake, and where there is a choice.
    """
    nodes = bind(parse(text), text, (), namespace)
    for found in choices(nodes):
        raise mistake(
            text, found.at, "There is nothing to choose on this line.", "Put the field under ---: duration: 6 | 10."
        )
    return render(nodes, lambda _: ())


def write(nodes: Template, *, inside: bool = False) -> str:
    """A template whose choices all have names as text, which reads as the same template again."""
    text = ""
    for node in nodes:
        if isinstance(node, (Text, Value)):
            words = node.text if isinstance(node, Text) else node.label
            text += _SIGNS.sub(r"\1\1\\\2", words) if inside else words.replace("{", "{{").replace("}", "}}")
            continue
        if inside:  # a backslash before a brace would take it as a sign
            text += "\\" * (len(text) - len(text.rstrip("\\")))
        text += f"{{{node.name}}}" if isinstance(node, Reference) else _written(node)
    return text


def _written(node: Choices) -> str:
    options = " | ".join(map(_option, node.options))
    return f"{{{node.name} = {options}{' ' if options.endswith(chr(92)) else ''}}}"


def _option(option: Template) -> str:
    text = write(option, inside=True)
    return f"\\{text}" if _RANGE.fullmatch(text) or _NO_RANGE.fullmatch(text) else text
