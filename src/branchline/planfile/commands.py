"""Commands: what begins like one, what one only does, and how a shell fence holds several."""

import re

from branchline.planfile import words

SHELLS = frozenset({"", "sh", "bash", "shell", "zsh", "console", "shell-session", "terminal", "cmd"})
OWN = ("./", "scripts/", "bin/", ".venv/", "venv/", "node_modules/.bin/", "vendor/bin/")
SOLO = frozenset({"make", "pytest", "tox", "nox", "mypy", "phpunit", "rspec", "rake", "ctest", "vitest", "jest"})
_BEFORE = re.compile(r"\A\s*(?:!\s+)?(?:\(\s*)?(?:cd\s+\S{1,200}\s*&&\s*(?=\S))?")
"""What a shell takes before a program: that it is to fail, a subshell, another folder."""
_ASSIGN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*\s+\S")
_OF_AGENT = re.compile(r"/[\w:-]+$")
"""A command of an agent, not of a shell: `/check`."""
_SIMPLE = re.compile(r"(?:if|for|while|case|until|function)\b|.*(?:<<|\\$|\bdo$|\bthen$|[{(]$)")
_STATEFUL = re.compile(r"(?:cd|export|source|\.|set|unset|pushd|popd|alias)\s|[A-Za-z_][A-Za-z0-9_]*=\S*\s*$")

_WORD_ENDS = r"(?=[\s:]|$)"
_KEEPS = re.compile(
    r"git\s+(?:add|commit|push|pull|merge|rebase|checkout|switch|stash|tag|rm|mv|status|log|show|clone|init)\b"
    r"|gh\s+(?:pr|run|release|repo|issue)\b|(?:cd|export|set|mkdir|rm|cp|mv|scp|rsync)\s"
    r"|(?:npm|pnpm|yarn|bun|uv|pip3?|poetry|cargo|gem|bundle|composer|brew|apt|apt-get|go|rustup|mix|dotnet)\s+(?:tool\s+|ef\s+\S+\s+)?"
    rf"(?:install|i|ci|add|remove|uninstall|sync|init|new|create|get|update|upgrade|publish|dlx){_WORD_ENDS}"
    r"|(?:kubectl|helm)\s+(?:apply|create|delete|install|upgrade)\b|(?:terraform|tofu)\s+(?:apply|destroy|init)\b"
)
"""What keeps, shows or fetches something and checks nothing, whatever it is about: `pip install pytest`."""
_DOES = re.compile(
    rf"(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:dev|start|serve|watch|preview|release){_WORD_ENDS}"
    rf"|(?:npx|bunx|pnpm exec)\s+\S+\s+(?:\S+\s+)?(?:init|add|create|push|install){_WORD_ENDS}"
    r"|docker[\s-]\s*(?:compose\s+)?(?:-\S+\s+\S+\s+){0,5}(?:up|down|start|stop|restart|rm|kill|run|push|pull)\b|(?:alembic|\S+\s+db)\s+(?:upgrade|downgrade|push)\b"
    rf"|(?:\S+\s+){{1,4}}(?:deploy|migrate|runserver){_WORD_ENDS}|.{{0,60}}[\s:.]migrate(?:\s|$)"
    rf"|.{{0,60}}\b(?:migrations?:\w+|(?:run|make|ef|migration)\s+(?:migrations?|run){_WORD_ENDS})"
    r"|(?:(?:python3?\s-m|npx|bunx|uvx|(?:uv|poetry|pdm|hatch)\srun)\s+)?(?:ruff\s+format|black|isort|cargo\s+fmt|go\s+fmt"
    r"|(?:mix|dotnet)\s+format|prettier(?=\s.*--write)|gofmt(?=\s.*-w)|terraform\s+fmt|rustfmt)(?=\s|$)"
    r"|(?:\S+\s+){0,3}(?:http\.server|serve)(?:\s|$)|tail\s+-\w*f|flask\s+run"
    rf"|(?:npm|pnpm|yarn|bun|make|just|task)\s+(?:-\w+\s+)?(?:run\s+|audit\s+)?(?:format|fmt|fix){_WORD_ENDS}"
    r"|clang-format(?=\s.*-i\b)|(?:npx\s+)?biome\s+format(?=\s.*--write)"
    r"|(?:(?:ba|z)?sh\s+)?\S{0,120}/(?:update|set-?up|install|deploy|start|serve|create|init|bootstrap)"
    r"(?![\w-]*[-_](?:tests?|checks?|verify|lint)\b)[\w-]*(?:\.sh)?(?:\s|$)"
)
"""What does something or serves, and checks nothing where it names no check: `docker run --rm rim pytest` does."""
_PROVES = re.compile(
    r".*\s--(?:check|diff|verify-no-changes|dry-run|sql|exit-code|exit-code-from|abort-on-container-exit)\b", re.DOTALL
)
_CHECKERS = r"\w*(?:test|lint|spec|check|grep)s?|jest|mocha|tox|mypy|tsc|vet|clippy|rg|validate|verify|typecheck"
_NAMES_CHECK = re.compile(rf"(?:.*[\s:/])?(?:{_CHECKERS})(?=[\s:.]|$)", re.DOTALL)
_CHECKING = re.compile(rf"(?:.*[\s:/])?(?:{_CHECKERS}|ls|find|cat)(?=[\s:.]|$)", re.DOTALL)
"""What may check as well: `ls` of what was made. Told alone it proves nothing."""
_CHANGES = re.compile(
    r".*(?:\s(?:--?(?:fix|write|watch\w*|ui|update\w*|delete|exec|i)|-u)\b|:(?:fix|watch|write|ui|update)\b|>"
    r"|\b(?:deploy|reset|seed|release|uninstall|rm|stop|psql|xargs)\b)",
    re.DOTALL,
)
"""What changes, deletes, deploys or never ends, whatever it names: `npm run test:watch`."""
_SET_BEFORE = re.compile(r"\A(?:sudo\s+|\w+=\S*\s+){0,9}")
_QUOTED = re.compile(r"""(["'])(?:\\.|(?!\1)[^\\])*""", re.DOTALL)
_PARTS = re.compile("&&|;|\n")


def is_program(command: str) -> bool:
    """Say whether a text begins like a command people run."""
    command = _BEFORE.sub("", command, count=1)
    first = command.split(None, 1)[0].rstrip(")") if command.strip() else ""
    if _ASSIGN.match(command):
        return True
    if first in words.PROGRAMS:
        return True
    inside = first.startswith(OWN) or first.endswith((".sh", ".bash"))
    return "/" in first and inside and not first.endswith("/")


def fence_commands(lines: list[str]) -> list[str]:
    """Read a shell fence: one command a line, or one script when the lines need each other."""
    prompted = [line.strip()[2:] for line in lines if line.strip().startswith("$ ")]
    kept = prompted or [line.rstrip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not kept or all(map(_OF_AGENT.match, kept)):
        return []
    if any(_SIMPLE.match(line.strip()) or line[:1] in " \t" for line in kept):
        return ["set -e\n" + "\n".join(kept)] if len(kept) > 1 else [kept[0].strip()]
    kept = [line.strip() for line in kept]
    if len(kept) > 1 and any(_STATEFUL.match(line) for line in kept):
        return [" && ".join(kept)]
    return kept


def may_check(command: str) -> bool:
    """Say whether a command surely checks something: it names a test, a lint, a check, and nothing that changes anything."""
    return bool(_NAMES_CHECK.match(command)) and not _CHANGES.match(command) and not only_does(command)


def only_does(command: str) -> bool:
    """Say whether each part of a command does something, and none checks it; what is quoted is no part."""
    return all(_is_deed(_SET_BEFORE.sub("", part.strip(), count=1)) for part in _PARTS.split(_QUOTED.sub("'", command)))


def _is_deed(part: str) -> bool:
    if not part or _PROVES.match(part):
        return not part
    return bool(_KEEPS.match(part)) or (_DOES.match(part) is not None and not _CHECKING.match(part))
