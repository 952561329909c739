"""What the lines of a task say: field labels, files, states, estimates; prose stays prose."""

import re
import unicodedata
from typing import NamedTuple

from branchline.model.plan import FileRef, FileUse
from branchline.planfile import words
from branchline.planfile.labels import KINDS

_FIELD = re.compile(
    r"\s{0,120}(?:[-*+]\s+|\d{1,3}[.)]\s+)?(?:\[[ xX]\]\s+)?"
    r"(?P<open>\*\*|__|\*|_|)(?P<label>[^\W\d_][^:：*`|<>]{0,40}?)(?P<shut>\*\*|__|\*|_)?\s?"
    r"(?:[:：](?P<shut_too>\*\*|__|\*|_)?(?:\s+|$|(?=[^\x00-\x7f/]))|：)(?P<value>.*)$"
)
_PAREN_TAIL = re.compile(r"[(（][^()（）]{0,60}[)）]$")
SPAN = re.compile(r"(`(?<!``)`{0,2})(?!`)([^`\n]{1,2000})\1(?!`)")  # a literal first: that is looked for fast
_PATH = re.compile(r"(?:\.{0,2}/)?[\w.@~\[\](){}*+$-]+(?:/[\w.@~\[\](){}*+$-]+)*/?$")
_EXTENSION = re.compile(
    r"\.(?:py|pyi|js|jsx|mjs|cjs|ts|tsx|vue|svelte|go|rs|rb|java|kt|kts|swift|c|h|cc|cpp|hpp|cs|php|ex|exs|erl|hs|ml|scala|clj|"
    r"lua|pl|pm|r|jl|dart|zig|nim|sv|v|vhd|sh|bash|zsh|fish|ps1|bat|sql|prisma|graphql|proto|html|htm|css|scss|sass|less|json|"
    r"jsonc|json5|yaml|yml|toml|ini|cfg|conf|env|xml|csv|tsv|md|mdx|rst|txt|lock|gradle|tf|tfvars|hcl|dockerfile|ipynb|astro|"
    r"ejs|erb|hbs|j2|jinja|tpl|tmpl|plist|properties|service|example|gitignore|svg|png|jpg|ico|pdf|slnx|sln|csproj|cmake|mk|bazel)$",
    re.IGNORECASE,
)
_DOTLESS = ("[", *words.BARE_FILES)
"""How a path without a dot or a slash may begin; most of what stands in back-ticks is none, which is seen fastest so."""
_LINES = re.compile(r":\d{1,9}(?:[-,:]\d{1,9}){0,9}$|#L\d{1,9}(?:-L?\d{1,9})?$")
_WORDS = re.compile(r"[^\s,;，、；（）()'\"<>|]+")
_HOURS = {"m": 1 / 60, "min": 1 / 60, "h": 1.0, "hr": 1.0, "d": 8.0, "w": 40.0}
_ESTIMATE = re.compile(
    r"~?\s?(\d{1,5}(?:\.\d{1,3})?)\s?(?:-\s?\d{1,5}(?:\.\d{1,3})?\s?)?(min|hr|m|h|d|w)", re.IGNORECASE
)
_NEW_BEFORE = ("create", "creates", "new ", "erstelle", "создать", "criar", "crear", "新建", "创建", "tạo ")
_NEW_AFTER = ("(new", "(新", "(neu", "新規", " new)")
_ROLES: dict[str, FileUse] = {"create": "create", "modify": "modify", "test": "test"}


class Field(NamedTuple):
    """One field line: `kind` of words.FIELDS, and the text after the colon."""

    kind: str
    value: str
    line: int
    label: str


def field(line: int, text: str) -> Field | None:
    """Read a line as a field, when its label is one we know."""
    if ":" not in text and "：" not in text:
        return None
    found = _FIELD.match(text)
    if not found:
        return None
    label = " ".join(found["label"].lower().split()).strip("*_ ")
    kind = KINDS.get(label) or KINDS.get(_PAREN_TAIL.sub("", label).rstrip())
    value = found["value"].strip().removeprefix("**").strip()
    if not (found["shut"] or found["shut_too"]):
        value = value.removesuffix(found["open"]).strip()  # `_Depends: 1.1_`
    return Field(kind, value, line, label) if kind else None


def spans(text: str) -> list[str]:
    """List what stands in back-ticks, in order."""
    return [found[2].strip() for found in SPAN.finditer(text)] if "`" in text else []


def path_of(text: str) -> str:
    """Give the relative path a word names, without its line numbers; empty when it names none."""
    text = text.strip("`*_\"' ").rstrip(".,;:")
    if len(text) > 300 or not ("." in text or "/" in text or text.startswith(_DOTLESS)):
        return ""
    text = _LINES.sub("", text) if ":" in text or "#" in text else text
    if text.startswith("[") != text.endswith("]") and text.count("[") != text.count("]"):
        text = text.strip("[]")
    text = text.removeprefix("./")
    if not text or len(text) > 240 or text[0] in "/~-@$(" or "//" in text or "://" in text or not _PATH.match(text):
        return ""
    parts = text.split("/")
    if ".." in parts or ("(" in text and ")" not in text) or text.endswith("()"):
        return ""
    if _EXTENSION.search(text) or parts[-1] in words.BARE_FILES:
        return text
    return text if len(parts) > 1 and text.endswith("/") and len(parts[0]) > 1 else ""  # `w/` is a word


def paths(text: str) -> list[str]:
    """List the paths in back-ticks."""
    return list(_places(text, bare=False))


def _places(text: str, bare: bool) -> dict[str, int]:
    """Give every path of a text with the place from which it is found."""
    found: dict[str, int] = {}
    if "`" in text:
        for span in SPAN.finditer(text):
            found.setdefault(path_of(span[2].strip()), span.start())
    if bare and not any(found):
        text = SPAN.sub(lambda span: " " * len(span[0]), text) if found else text
        named, place = any(map(text.__contains__, words.BARE_FILES)), 0
        told = " ".join(part for part in text.split() if named or "." in part or "/" in part)
        for word in _WORDS.findall(told):
            if named or "." in word[:-1] or "/" in word:
                place = text.find(word, place)
                found.setdefault(path_of(word), place)
                place += len(word)
    found.pop("", None)
    return found


def refs(kind: str, text: str, bare: bool) -> list[FileRef]:
    """List the files of a text, each with what the task does with it: by the label, a word beside it, or its name."""
    return [FileRef(path, _role(kind, text, path, at)) for path, at in _places(text, bare).items()]


def _role(kind: str, text: str, path: str, at: int) -> FileUse:
    if kind in _ROLES:
        return _ROLES[kind]
    start = text.find(path, at)
    before = text[max(0, start - 14) : start].lower()
    after = text[start + len(path) : start + len(path) + 12].lower()
    if any(word in before for word in _NEW_BEFORE) or any(word in after for word in _NEW_AFTER):
        return "create"
    name = path.rsplit("/", 1)[-1].lower()
    return "test" if name.startswith("test_") or ".test." in name or ".spec." in name or "_test." in name else "modify"


def merge_files(refs: list[FileRef]) -> tuple[FileRef, ...]:
    """Keep each path once, with its strongest role."""
    rank = {"create": 3, "test": 2, "modify": 1, "mention": 0}
    best: dict[str, FileRef] = {}
    for ref in refs:
        held = best.get(ref.path)
        if held is None or rank[ref.role] > rank[held.role]:
            best[ref.path] = ref
    return tuple(best.values())


def hours(text: str) -> float | None:
    """Read `~4h (ai:2h)`, `30m`, `2d` as hours; None when it is no estimate."""
    found = _ESTIMATE.match(text.strip())
    return float(found[1]) * _HOURS[found[2].lower()] if found else None


def mark_of(text: str) -> str:
    """Read a state from a heading or a status line: done, wip, open, or nothing; what is done in part is wip."""
    head = text.strip()
    low = fold_accents(head.lower())
    if any(word in low for word in _PARTLY):
        return "wip"
    if head[:3] in ("[x]", "[X]") or any(mark in head for mark in words.DONE_MARKS):
        return "done"
    if any(mark in head for mark in words.WIP_MARKS):
        return "wip"
    if any(mark in head for mark in words.OPEN_MARKS):
        return "open"
    bare = low.strip("*_`[]()（）.。!: ")
    if bare in _DONE or _FIRST.split(bare, maxsplit=1)[0].strip("*_") in _DONE:
        return "done"
    if bare in _WIP or bare.startswith(("in progress", "in-progress")):
        return "wip"
    return ""


def state_of_label(text: str) -> str:
    """Read a state from a label that is nothing else: `Done: draw it`; `Done condition` is none."""
    bare = fold_accents(text.lower()).strip("*_ ")
    return "done" if bare in _DONE else "wip" if bare in _WIP else "open" if bare in words.NOT_STARTED else ""


def fold_accents(text: str) -> str:
    """Take the accents off Latin letters, for people leave them out in capitals: `TERMINE`."""
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFD", text) if not "\u0300" <= char <= "\u036f")


_FIRST = re.compile(r"[\s,;:，；：、—–(（]")
_DONE = frozenset(fold_accents(word) for word in (*words.CLASSES["DONE"], *words.DONE_ALONE))
_PARTLY = tuple(fold_accents(word) for word in words.PARTLY)
_WIP = frozenset(fold_accents(word) for word in words.CLASSES["WIP"])
