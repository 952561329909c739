"""The sandbox of each attempt: which level its role gets, and the words that stand before its program."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import branchline
from branchline import sandbox
from branchline.config import Settings, WorkerSettings
from branchline.errors import InputError, SettingsError
from branchline.files import read_text, write_new
from branchline.model.run import AttemptRow
from branchline.sandbox import Held, bubblewrap, lent, limits, proxied, rights, view
from branchline.sandbox.around import Around, Walls, around
from branchline.workspace.git import Git
from branchline.workspace.prepare import names as brought
from branchline.workspace.repository import Repository
from branchline.workspace.shared import opened, public_config
from branchline.workspace.worktree import scratch_of, verify_of

NET_LOG = "net.jsonl"
"""What the proxy wrote of an attempt's connections, in the attempt's folder."""
_CONFIG = 1 << 20
"""Bytes that a configuration has at most, beyond which no address is looked for in it."""
_OWN = frozenset({Path(sys.prefix), Path(sys.base_prefix), Path(branchline.__file__).parent})
"""Our own program and its interpreter: some workers are played or driven by it."""


class Place(NamedTuple):
    """Where one attempt works: its worktree, its HOME, and its folder, which it may only read."""

    worktree: Path
    home: Path
    folder: Path


class Boxes:
    """Makes the sandboxes of one run; without a repository there is none, for nothing is isolated then."""

    def __init__(
        self, root: Path, state: Path, repository: Repository | None, env: Mapping[str, str], settings: Settings
    ) -> None:
        self._root = root
        self._state = state
        self._git = repository.git if repository else None
        self._env = env
        self._settings = settings
        self._common: Path | None = None
        self._held: dict[str, Held] = {}
        self._found: dict[tuple[tuple[str, ...], str], set[Path]] = {}
        self.words_for = cache(self._words_for)
        """What the workers of a role get, in words."""

    def held(self, role: str) -> Held:
        """What the workers of a role get; raises SettingsError when the settings ask for more than can be had."""
        if self._git is None:
            return Held("off", "", "nothing is isolated in place")
        wanted, network = self._wanted(role)
        if wanted not in self._held:
            held = sandbox.best(wanted, self._env)
            if held.by and (self._git.common() / "reftable").is_dir():
                held = held._replace(not_held="; ".join(filter(None, (held.not_held, sandbox.IN_TABLE))))
            self._held[wanted] = held
        sandbox.network(network, self._held[wanted])
        return self._held[wanted]

    def _wanted(self, role: str) -> tuple[str, str]:
        """The sandbox and the network that the settings name for a role."""
        known = self._settings.roles.get(role)
        own = (known.sandbox, known.network) if known else ("", "")
        return own[0] or self._settings.sandbox, own[1] or self._settings.network

    def leave(self, role: str, own: str) -> None:
        """Leave an agent to a sandbox of its own; raises SettingsError where the settings ask for more than that holds."""
        wanted, network = self._wanted(role)
        if wanted == "strict" or network in ("proxy", "none"):
            raise SettingsError(
                f"{own}: this agent brings a sandbox that cannot stand in ours, so the one the settings ask for cannot be "
                f'had; set sandbox = "env" and network = "host" in [roles.{role}]'
            )

    def summary(self) -> str:
        """What the workers of the run get, in words; roles that get something else are named."""
        usual = self.words_for("build")
        others = {role: self.words_for(role) for role in sorted(self._settings.roles)}
        return "; ".join([usual, *(f"{role}: {words}" for role, words in others.items() if words != usual)])

    def _words_for(self, role: str) -> str:
        network = self.network(role)
        held = sandbox.behind(network, self.held(role))
        words = f"{held.words()}, network: {network}" if held.level == "strict" else held.words()
        return f"{words}, {self._token_words(role)}" if self._settings.scoped_tokens else words

    def token(self, attempt: AttemptRow) -> dict[str, Any] | None:
        """What is known of the token that an attempt had, None when it had none."""
        return lent.told(self._tokens(attempt)) if self._settings.scoped_tokens else None

    def _tokens(self, attempt: AttemptRow) -> Path:
        return self._state / "sandbox" / "tokens" / f"{attempt.run}-{attempt.fence}"

    def _token_words(self, role: str) -> str:
        if self._read_only(role):
            return "no token: the role is read-only"
        missing = [name for name in ("app", "key") if not getattr(self._settings.github, name)]
        if missing:
            return f"no token: [github] names no {' and no '.join(missing)} of a GitHub App"
        return f"token: {self._repository}" if self._repository else "no token: [github] names no repository"

    def _read_only(self, role: str) -> bool:
        known = self._settings.roles.get(role)
        return known is not None and known.permissions == "read-only"

    @cached_property
    def _repository(self) -> str:
        """The repository that tokens are for: as the settings say, or where `origin` leads."""
        if self._settings.github.repository or self._git is None:
            return self._settings.github.repository
        url = self._git.text("config", "--get", "remote.origin.url", ok=(0, 1))
        found = re.search(r"[:/]([\w.-]+/[\w.-]+?)(\.git)?/?$", url)
        return found[1] if found and "github" in url else ""

    def _lent(self, attempt: AttemptRow, role: str) -> list[Around]:
        """The token of a worker, where the settings give it one; checks get none."""
        given = self._settings.scoped_tokens and attempt.purpose == "work" and self._git is not None
        if not given or not self._token_words(role).startswith("token:"):
            return []
        github = self._settings.github
        key = str(self._root / Path(github.key).expanduser())
        spec = {"app": github.app, "key": key, "installation": github.installation, "api": github.api}
        return [lent.words(self._tokens(attempt), {**spec, "repository": self._repository})]

    def network(self, role: str) -> str:
        """What the workers of a role may reach: host (all), proxy (what the tiers allow) or none."""
        return sandbox.network(self._wanted(role)[1], self.held(role))

    def words(
        self,
        attempt: AttemptRow,
        role: str,
        worker: WorkerSettings,
        place: Place,
        argv: Sequence[str],
        env: Mapping[str, str],
        told: Iterable[str] = (),
    ) -> Walls:
        """The walls around `argv`, which runs with `env`; none where the level has none.

        A path or an address that a variable named in the settings leads to is one that the user wants the worker to reach;
        so is an address in the file at such a path, and in `told`, the words of the configuration it is given.
        """
        held = self.held(role)
        outside = self._lent(attempt, role)
        if not held.by or self._git is None:
            return around(outside, Walls())
        common, config = self._shared(self._git)
        git = opened(common, place.worktree, attempt.run, attempt.task, moves=attempt.purpose == "work")
        named = [env.get(name, "") for name in (*worker.pass_env, *worker.env, *sandbox.MANAGERS)]
        readable = self._programs((*argv, *(value for value in named if value.startswith("/"))), env)
        readable |= {place.folder, *git.readable, *self._of_settings(worker.readable), *self._shown}
        writable = {place.worktree, place.home, *git.writable, *self._of_settings(worker.writable)}
        if attempt.purpose != "work":  # checks run where merges are tried too, and where they are run again
            writable |= {scratch_of(self._root, attempt.run), verify_of(self._root, attempt.run)}
        if held.by == "landlock":
            writable |= {target for _, target in git.lent}  # it cannot put one folder in the place of another
            return around(outside, Walls((*rights.PROGRAM, *rights.alone(readable, writable))))
        inside: tuple[str, ...] = ()
        if self.network(role) == "proxy":
            beside, inside = self._proxy(place.folder, (*map(_said, named), *told))
            outside.append(beside)
            readable.add(place.folder / "net")
            inside += rights.within({*bubblewrap.OWN, *writable, *(place for _, place in git.lent)})
        groups = self._groups(attempt)
        outside += [groups] if groups else []
        box = bubblewrap.Box(
            bubblewrap.find(self._env),
            self._etc,
            self._root,
            frozenset(readable),
            frozenset(writable),
            ((config, common / "config"),),
            git.lent,
            network=self.network(role) == "host",
            before=(*inside, *limits.gate(self._settings.max_processes, self._settings.max_memory, joins=bool(groups))),
        )
        return around(outside, Walls(bubblewrap.wrap(box), 1))

    def _of_settings(self, paths: Iterable[str]) -> list[Path]:
        return [self._root / Path(path).expanduser() for path in paths]

    @property
    def _shown(self) -> Iterator[Path]:
        """What every worker may read beside its own: our program, and of the checkout what its tools look for there."""
        yield from _OWN
        linked = self._settings.workspace.symlink
        yield from (self._root / name for pattern in linked for name in brought(self._root, pattern))
        packages = self._root / "node_modules"  # Node looks for it in every folder above the worktree
        if not packages.is_symlink():  # a link of the repository's may lead to anything
            yield packages

    def _programs(self, argv: tuple[str, ...], env: Mapping[str, str]) -> set[Path]:
        """What is open to run a program; looked for once for each program and PATH."""
        key = (argv, env.get("PATH", ""))
        if key not in self._found:
            self._found[key] = view.programs(argv, env, Path(self._env.get("HOME") or "/nonexistent"))
        return self._found[key]

    def more_env(self, role: str) -> dict[str, str]:
        """What the environment of a role's workers and checks says of the proxy."""
        return proxied.environment(self._settings.net.tiers) if self.network(role) == "proxy" else {}

    def _proxy(self, folder: Path, told: Iterable[str]) -> tuple[Around, tuple[str, ...]]:
        """A proxy for what works in `folder`: what goes around the sandbox, and the words inside of it."""
        net = self._settings.net
        spec = {"log": str(folder / NET_LOG), **vars(net)}
        return proxied.words(folder / "net", spec, proxied.named(told, net.local))

    def take_back(self) -> None:
        """Have the tokens taken back that attempts left when they crashed."""
        lent.take_back(self._state / "sandbox" / "tokens")

    def sweep(self) -> None:
        """Take away what the kernel still keeps of sandboxes that have ended; in place there are none."""
        if self._git is not None:
            limits.sweep()

    def _groups(self, attempt: AttemptRow) -> Around | None:
        self.sweep()
        name = f"{self._mark}-{attempt.run}-{attempt.fence}"
        return limits.groups(name, self._settings.max_processes, self._settings.max_memory)

    @property
    def _mark(self) -> str:
        return f"{crc32(os.fsencode(self._state)):08x}"

    @cached_property
    def _etc(self) -> Path:
        return view.make_etc(self._state / "sandbox" / "etc")

    def _shared(self, git: Git) -> tuple[Path, Path]:
        """The folder all worktrees share, and its configuration as a worker may see it; asked for once."""
        if self._common is None:
            self._common = git.common()
            write_new(self._state / "sandbox" / "config", public_config(git))
        return self._common, self._state / "sandbox" / "config"


def _said(value: str) -> str:
    """What a value of the environment says: itself, and the words of the file that it names."""
    with suppress(InputError):
        return read_text(Path(value), _CONFIG) if value.startswith("/") else value
    return ""
