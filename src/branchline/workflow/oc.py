"""`oc`: look at OpenCode servers, talk with their sessions, and answer what they ask."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from branchline.config import InstanceSettings
from branchline.errors import BranchlineError, NotFoundError, SettingsError, UsageError
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.oc_desk import Asked, desk
from branchline.workflow.oc_verbs import TAKES, VERBS
from branchline.workflow.project import open_project


def run(console: Console, words: Sequence[str], asked: Asked) -> Answer:
    """Do one verb of `oc`; `words` are verb and instance in either order, then what the verb takes.

    An instance that does not answer is named, the others are shown, and the exit status is 1.
    """
    project = open_project(console)
    asked = read(words, asked, project.settings.instances)
    with desk(project, console, asked) as there:
        return VERBS[asked.verb](there, asked)


def read(words: Sequence[str], asked: Asked, instances: Mapping[str, InstanceSettings]) -> Asked:
    """Tell verb, instance and the rest apart; raises UsageError, or NotFoundError naming the nearest."""
    head, rest = (words[0] if words else ""), list(words[1:])
    if rest and rest[0] in VERBS and (head in instances or head not in VERBS):  # an instance may be called like a verb
        if head not in instances:
            raise _no_instance(head, instances)
        asked, head = asked._replace(instance=head), rest.pop(0)
    if head not in VERBS:
        word = rest[0] if rest and head in instances else head
        said = f"oc {word} needs a verb" if word in instances else f"oc has no verb {word!r}"
        raise UsageError(f"{said}; {_nearest(word, VERBS)}")
    if not asked.instance and rest and rest[0] in instances:
        asked = asked._replace(instance=rest.pop(0))
    takes = TAKES.get(head, ())
    least = len([word for word in takes if not word.startswith("[")])
    if len(rest) > len(takes) and not (takes and takes[-1].endswith("...")):
        raise UsageError(f"oc {head}: {rest[len(takes)]!r} is too much") if takes else _no_instance(rest[0], instances)
    if len(rest) < least:
        raise UsageError(
            f"oc {head} needs {' '.join(takes[len(rest) :])}: branchline oc INSTANCE {head} {' '.join(takes)}"
        )
    if not instances:
        raise SettingsError(
            'no OpenCode server is named in the settings; add [instances.NAME] with url = "http://127.0.0.1:4096", '
            "or say: branchline oc import instances.json"
        )
    return asked._replace(verb=head, words=tuple(rest))


def _no_instance(name: str, instances: Mapping[str, InstanceSettings]) -> BranchlineError:
    return NotFoundError(f"no instance is called {name!r}; {_nearest(name, instances)}")


def _nearest(word: str, names: Collection[str]) -> str:
    near = get_close_matches(word, names, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
