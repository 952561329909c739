"""What a plain heading or list item may be where nothing names the tasks: work, a field, a thing, nothing (rules 5 and 7)."""

import re
from collections.abc import Sequence

from branchline.planfile import labels, words
from branchline.planfile.blocks import Block
from branchline.planfile.commands import is_program
from branchline.planfile.drafts import MAX_TITLE
from branchline.planfile.outline import Outline
from branchline.planfile.sections import classify, says_todo, share
from branchline.planfile.verbs import acts

NEGATIVE = frozenset({"CRITERIA", "NONTASK", "ORDER"})
LIST_CLASSES = frozenset({"TASK", "DONE", "WIP", "BACKLOG", "FUTURE"})
MANY = 3
"""So many of a kind are no chance."""
FIELD_BULLET = re.compile(r"(?:\*\*|__|_|\*)?([^\W\d_][^:：*`_]{0,40})(?:\*\*|__|_|\*)?\s?[:：]")
_NOTHING = re.compile(
    r"[_*(]*(?:none|nothing|no (?:open |active |current )?(?:tasks?|items?)|n/a|tbd|empty|aucune?|keine|nada|ningun[ao]"
    r"|nenhuma?|нет|无|暂无|なし|없음)\b[^,;:]{0,40}[\W_]*$",
    re.IGNORECASE,
)
_DATED = re.compile(r"[^:：]{0,30}\b\d{4}-\d{2}-\d{2}\b[^:：]{0,12}[:：]")
"""`Result on 2026-03-04: it works` is an entry of a log."""
OF_FILES = re.compile(
    r"\b(?:files?|datei(?:en)?|fichiers?|archivos?|ficheros?|arquivos?|ficheiros?|tệp|tập tin)\b"
    r"|файл|文件|檔案|ファイル|파일",
    re.IGNORECASE,
)
"""What the heading of a list of files says; where a list says the work, such a list is a detail of it."""
_ONLY_CODE = re.compile(
    r"`(?:[\w.@/\[\]*-]{1,400}(?:\([^()`\n]{0,100}\))?|[^`\s]{1,200}\s[^`\n]{1,400})`(?:\s?[(（][^()（）]{1,60}[)）])?$"
)
"""An item that is nothing but a path or a piece of code names a thing, also with a remark in brackets: `a.py` (new)."""
_ONLY_LINK = re.compile(
    r"(?:<?https?://(?!\S{1,200}/(?:issues|pull|-)/)\S{1,2000}|\[`?[\w./@-]{1,200}\.\w{1,5}`?\]\([^()\s]{1,400}\))$"
)
"""A link, or the name of a file that leads to it, is something to read; a link to an issue is work."""
_VALUE = re.compile(
    r"(?:\*\*|__)?(?P<label>[^\W\d_]{1,24}(?: [^\W\d_]{1,16})?)(?:\*\*|__)?\s?[:：]\s?(?:\*\*|__)?\s?"
    r"(?:`[^`\s/][^`\s]{0,200}`|20\d\d[-/.]\d{1,2}[-/.]\d{1,2}|~?\d[\d.,]{0,9}\s?%?)$"
)
"""`Host: `db.local`` and `Date: 2026-03-04` tell of something; `Create: `app.py`` is work by its verb."""
PLACEHOLDER = re.compile(
    r"(?:[^:：\[]{1,60}[:：][*_ ]{0,6})?(?:\[[A-Z][A-Z0-9_ /]{1,60}\]|\{[^{}]{1,80}\}|<[^<>]{1,80}>|\.{3}|…)$"
)
"""`[TASK_1]` and `Start: [DATE]` are what a template leaves to be written."""
TESTS = re.compile(r"\W*(?:unit |integration |e2e )?(?:tests?|testing)\W*$", re.IGNORECASE)
VERIFIES = re.compile(
    r"\W*(?:(?:final )?(?:verification|validation|testing|tests?|qa)|verifica(?:ción|ção)|valida(?:ción|ção)"
    r"|vérification|prüfung|проверка|тестирование|перевірка|тестування|验证|測試|测试|検証|テスト|검증|테스트)\W*$",
    re.IGNORECASE,
)
"""What may be the last step of a plan as well as what says that it is done; its boxes tell."""
_PLANS, _ROADMAPS = (
    re.compile("|".join(rf"{word}(?:s|ning)?\b" if word.isascii() else word for word in names), re.IGNORECASE)
    for names in (words.PLANS, words.ROADMAPS)
)
"""`Projektplan` too, but no `explanation`."""


def may_work(out: Outline, heading: Block) -> bool:
    """`Performance & testing` may be work, though either word alone is a section's name."""
    more = len(heading.text.split()) > 1 or share(heading.text) < 1
    return heading.cls not in NEGATIVE or (heading.cls == "NONTASK" and heading.line not in out.strong and more)


def mostly_acts(out: Outline, heading: Block, items: Sequence[Block]) -> bool:
    """Most of a list tells what to do, and its section, if weakly, allows it."""
    work = sum(acts(item.text) for item in items)
    return heading.cls != "CRITERIA" and heading.line not in out.strong and work * 2 > len(items)


def may_act(items: Sequence[Block]) -> bool:
    """Some item of a list of work tells something to do; of a list that tells what there is, none does."""
    return any(acts(item.text) for item in items)


def begins_with_text(out: Outline, heading: Block) -> bool:
    """Say whether a paragraph stands first below a heading."""
    first = out.first.get(heading.line)
    return first is not None and first.kind == "para"


def says_plan(title: Block) -> bool:
    """Say whether a title is one of a plan: `Roadmap`, `Projektplan`."""
    return _PLANS.search(title.text) is not None


def lists_work(out: Outline) -> bool:
    """Say whether a text is called a list of work, `TODO` or `Roadmap`: what it sets in below a line is work too."""
    named = out.headings[:1] or out.doc.blocks[:1]
    return any(says_todo(title) or _ROADMAPS.search(title) for title in (each.text[:MAX_TITLE] for each in named))


def named_so(heading: Block) -> bool:
    """Say whether a section's own heading, not one above it, says that it holds work."""
    return classify(heading.text)[0] in LIST_CLASSES


def mostly_said(heading: Block) -> bool:
    """Say whether the words that class a section are most of its title: `Active` does not make work of `Active modes`."""
    return share(heading.text) > 0.5


def field_kind(text: str) -> str:
    """Give the kind of field that a bullet such as `- **Owner**: me` is, known by its label; nothing for no field."""
    found = FIELD_BULLET.match(text)
    return labels.KINDS.get(" ".join(found[1].lower().split()), "") if found is not None else ""


def _tells_value(item: Block) -> bool:
    """Say whether an item gives a thing its value: a label of one word, which is no id, and no verb, before a value."""
    found = _VALUE.match(item.text) if not item.number else None
    named = item.section is not None and named_so(item.section)
    return found is not None and not named and not acts(found["label"])


def plain_task(item: Block) -> bool:
    """Say whether a list item may be a task where nothing but lists says what the tasks are."""
    return bool(
        item.text
        and not item.fate
        and item.label not in labels.CRITERIA_KINDS
        and item.label not in labels.PROSE_KINDS
        and not field_kind(item.text)
        and item.cls not in NEGATIVE
        and not _DATED.match(item.text)
        and not _tells_value(item)
        and not PLACEHOLDER.match(item.text)
        and (not _ONLY_CODE.match(item.text) or is_program(item.text.strip("`")))
        and not _NOTHING.match(item.text)
        and not _ONLY_LINK.match(item.text)
    )


def calls_itself_work(out: Outline) -> bool:
    """Say whether a text calls itself work, by its title or its file's, by a section, else by the words it begins with."""
    named = out.headings or out.doc.blocks[:1]
    return says_todo(out.doc.name) or any(map(says_plan, named[:1])) or any(map(named_so, named))
