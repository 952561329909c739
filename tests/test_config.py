"""config: what is given wins in order, what is wrong is named with its place."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import config
from branchline.config import Settings, kinds
from branchline.errors import SettingsError
from branchline.model.money import Limit

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load with a settings file of a text, an environment and flags; without a text there is no file."""

    def run(toml: str = "", env: Mapping[str, str] | None = None, **flags: Any) -> Settings:
        if toml:
            (tmp_path / "branchline.toml").write_text(toml, encoding="utf-8")
        return config.load(tmp_path, env or {}, {name.replace("__", "."): value for name, value in flags.items()})

    return run


def test_defaults_are_those_of_the_design() -> None:
    found = config.load(None, {}, {})
    assert (found.strategy, found.jobs, found.concurrency) == ("depth-first", 4, 4)
    assert (found.timeout, found.silence, found.grace, found.stagger) == (3600, 600, 10, None)
    assert (found.retries, found.on_failure) == (1, "stop-branch")
    assert (found.memory_per_worker, found.memory_reserve, found.max_workers) == (512, 6144, 0)
    assert found.land == config.LandSettings(minimum="gated", batch=16, recheck="touched", mode="fast-forward")
    assert found.pulse == config.PulseSettings(auto_approve=True, confidence=0.6)
    assert {name: worker.kind for name, worker in found.workers.items()} == {
        name: name for name in ("opencode", "opencode-server", "claude", "codex", "acp", "shell", "scripted")
    }
    assert {name: role.permissions for name, role in found.roles.items()} == {
        "build": "edit", "research": "read-only", "brainstorm": "read-only",
    }  # fmt: skip


def test_settings_are_frozen() -> None:
    found = config.load(None, {}, {})
    with pytest.raises(AttributeError, match="never changes"):
        found.jobs = 3
    assert found.but(jobs=3) != found == config.load(None, {}, {})
    with pytest.raises(TypeError, match="no job"):
        found.but(job=3)


class TestOrder:
    def test_file_environment_flag(self, load: Load) -> None:
        toml = 'jobs = 2\nconcurrency = 2\n[land]\nminimum = "unchecked"\n'
        env = {"BRANCHLINE_JOBS": "3", "BRANCHLINE_LAND__MINIMUM": "checked"}
        found = load(toml, env, jobs=5)
        assert (found.jobs, found.concurrency, found.land.minimum) == (5, 2, "checked")

    def test_a_flag_that_was_not_given_changes_nothing(self, load: Load) -> None:
        assert load("jobs = 2", jobs=None).jobs == 2

    def test_flags_are_dotted(self, load: Load) -> None:
        found = load(land__mode="merge", timeout="90s", workers__shell__model="x/y", roles__build__worker="shell")
        assert (found.land.mode, found.timeout, found.workers["shell"].model) == ("merge", 90, "x/y")
        assert found.roles["build"].worker == "shell"

    def test_a_role_has_the_model_of_the_top_where_it_names_none(self, load: Load) -> None:
        found = load('model = "a/b"\nagent = "x"\n[roles.research]\nmodel = "c/d"\n[workers.shell]\n')
        models = {name: (role.model, role.agent) for name, role in found.roles.items()}
        assert models == {"research": ("c/d", "x"), "build": ("a/b", "x"), "brainstorm": ("a/b", "x")}
        assert found.workers["shell"].model == "", "a worker's own goes before that of a role"

    def test_pyproject(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.branchline]\njobs = 7\n")
        assert config.load(tmp_path, {}, {}).jobs == 7

    def test_a_pyproject_that_does_not_speak_of_us_is_not_even_parsed(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("this is = = not TOML")
        assert config.load(tmp_path, {}, {}).jobs == 4

    def test_two_files_are_one_too_many(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[tool.branchline]\njobs = 7\n")
        (tmp_path / "branchline.toml").write_text("jobs = 8\n")
        with pytest.raises(SettingsError, match=r"branchline\.toml and \[tool\.branchline\] in .*pyproject\.toml"):
            config.load(tmp_path, {}, {})

    def test_aliases_of_the_seeds(self) -> None:
        env = {
            "DECOMPOSE_MAX_DEPTH": "2", "DECOMPOSE_MODEL": "a/b", "DECOMPOSE_ENABLED": "false", "MAX_WORKERS_CAP": "3",
            "RAM_PER_WORKER_MB": "256", "RAM_RESERVE_MB": "1024", "WORKER_SANDBOX_ENABLED": "0",
            "WORKER_SCOPED_TOKENS": "1", "SUPERVISOR_PREFER_OAUTH": "true", "SUPERVISOR_CLI": "claude",
        }  # fmt: skip
        found = config.load(None, env, {})
        assert found.decompose == config.DecomposeSettings(enabled=False, planner="auto", model="a/b", max_depth=2)
        assert (found.memory_per_worker, found.memory_reserve, found.max_workers) == (256, 1024, 3)
        assert (found.sandbox, found.scoped_tokens, found.prefer_oauth, found.worker) == ("off", True, True, "claude")
        assert config.load(None, {**env, "BRANCHLINE_MAX_WORKERS": "9"}, {}).max_workers == 9

    def test_a_password_is_passed_by_name_and_never_kept(self) -> None:
        found = config.load(None, {"OPENCODE_SERVER_PASSWORD": "hunter2", "OPENCODE_PERMISSION": "{}"}, {})
        names = ("OPENCODE_PERMISSION", "OPENCODE_SERVER_PASSWORD")
        assert set(found.workers["opencode-server"].pass_env) == set(names)
        assert "hunter2" not in repr(found)

    def test_a_name_that_does_nothing_is_said(self) -> None:
        assert config.load(None, {"OPENCODE_HOME": "/x"}, {}).warnings == (
            "OPENCODE_HOME does nothing now: every worker has a home of its own",
        )

    def test_the_five_reserved_names_are_no_settings(self) -> None:
        names = ("TASK_ID", "RUN_ID", "ATTEMPT", "PROMPT_FILE", "EXIT_FILE")
        assert config.load(None, {f"BRANCHLINE_{name}": "x" for name in names}, {}) == config.load(None, {}, {})

    def test_empty_variables_are_not_set(self) -> None:
        assert config.load(None, {"BRANCHLINE_JOBS": "", "MAX_WORKERS_CAP": ""}, {}) == config.load(None, {}, {})

    def test_tables_and_lists_in_the_environment(self, load: Load) -> None:
        env = {
            "BRANCHLINE_RESOURCES__GPU": "2",
            "BRANCHLINE_WORKERS__OPENCODE_SERVER__PASS_ENV": "A, B",
            "BRANCHLINE_WORKERS__SHELL__ARGV": "prog --flag 'two words'",
            "BRANCHLINE_GATE__COMMANDS": '["make test", "make lint"]',
            "BRANCHLINE_MASK__TERMS": '["Acme Corp", "Ann"]',
        }
        found = load("[resources]\ndb = 1\n", env)
        assert found.resources == {"db": 1, "gpu": 2}
        assert found.workers["opencode-server"].pass_env == ("A", "B")
        assert found.workers["shell"].argv == ("prog", "--flag", "two words")
        assert found.gate.commands == ("make test", "make lint")
        assert found.mask.terms == ("Acme Corp", "Ann")


class TestFile:
    def test_every_section(self, load: Load) -> None:
        found = load(
            """
strategy = "critical-path"
stagger = "30s"
budget = "5usd, 2Mtok"
task_budget = "500ktok"
[workers.docs]
kind = "shell"
argv = ["python", "-m", "docs"]
pass_env = ["TOKEN"]
timeout = "5m"
trust_exit = true
[workers.docs.env]
CI = "1"
[workers.claude]
model = "anthropic/x"
[roles.docs]
worker = "docs"
fallback_models = ["a/b", "c/d"]
permissions = { edit = "deny", "git diff*" = "allow" }
sandbox = false
[roles.plain]
[gate]
commands = "make test"
[gate.by_glob]
"*.sh" = "shellcheck -x"
"*.py" = ["ruff check", "mypy"]
[resources]
gpu = 1
[workspace]
copy = [".env.test"]
setup = ["npm ci"]
[pulse]
confidence = 1
[instances.main]
url = "http://127.0.0.1:4096"
[prices."acme/large"]
input = 2
output = 8.5
[net]
tiers = { "x.test" = 1 }
"""
        )
        assert found.stagger == 30
        assert found.workers["docs"] == config.WorkerSettings(
            kind="shell",
            argv=("python", "-m", "docs"),
            pass_env=("TOKEN",),
            timeout=300,
            trust_exit=True,
            env={"CI": "1"},
        )
        assert found.workers["claude"].kind == "claude"
        assert found.roles["docs"].permissions == {"edit": "deny", "git diff*": "allow"}
        assert found.roles["docs"].sandbox == "off"
        assert found.roles["plain"] == config.RoleSettings()
        assert found.gate.by_glob == {"*.sh": ("shellcheck -x",), "*.py": ("ruff check", "mypy")}
        assert found.instances == {"main": config.InstanceSettings(url="http://127.0.0.1:4096")}
        assert found.workspace.setup == ("npm ci",)
        assert found.pulse.confidence == 1
        assert (found.budget, found.task_budget) == (Limit(5.0, 2_000_000), Limit(None, 500_000))
        assert found.prices == {"acme/large": {"input": 2.0, "output": 8.5}}

    @pytest.mark.parametrize(
        ("toml", "words"),
        [
            (
                "jobs = 2\n[land]\nminimun = 'x'",
                r"branchline\.toml:3: unknown setting land\.minimun; did you mean land\.minimum\?",
            ),
            ("[instances.x]\nslots = 2", "instance 'x' has no url; set instances\\.x\\.url"),
            *(
                (f"[instances.x]\nurl = '{url}'", r"toml:2: instances\.x\.url must be the address of a server")
                for url in (
                    "localhost:4096",
                    "http://a:b@h",
                    "http://[::1",
                    "http://h:99999",
                    "http://h:x",
                    "ftp://h",
                    "http://",
                )
            ),
            ("\n\nminimum = 'x'", r"toml:3: unknown setting minimum; did you mean land\.minimum\?"),
            ("[lnd]\na = 1", r"toml:1: unknown setting lnd; did you mean land\?"),
            (
                "[land]\nzzz = 1",
                r"unknown setting land\.zzz; known are land\.batch, land\.minimum, land\.mode, land\.recheck$",
            ),
            (
                "[workspace]\nxyz = 1",
                r"unknown setting workspace\.xyz; known are workspace\.copy, .*workspace\.teardown$",
            ),
            ("[land]\nmode = 'merge'\n[zzz]\n", r"toml:3: unknown setting zzz; known are .*concurrency"),
            (
                "[workers.a]\nkind = 'shell'\nargs = []",
                r"toml:3: unknown setting workers\.a\.args; did you mean workers\.a\.argv\?",
            ),
            ("land.minimum = 'best'", r"toml:1: land\.minimum must be one of checked, gated, unchecked, not 'best'"),
            ("jobs = '2'", r"toml:1: jobs must be a whole number from 1 to 10000, not '2'"),
            (
                "mask.regions = ['UK']",
                r"toml:1: mask\.regions must be codes of countries: AC AD .* GB .* ZW, not \['UK'\]",
            ),
            ("mask.regions = ['HK', 'ZZ']", "mask.regions must be codes of countries"),
            ("mask.regions = ['Hong Kong']", "mask.regions must be codes of countries"),
            ("jobs = 0", "jobs must be a whole number from 1"),
            ("jobs = true", "jobs must be a whole number"),
            ("timeout = '5 days'", "timeout must be a length of time such as 500ms, 30s, 10m or 2h, not '5 days'"),
            ("timeout = -1", "timeout must be a length of time"),
            ("backoff = '10ms'", "backoff must be at least 1s, not '10ms'"),
            ("stagger = 'often'", "stagger must be a length of time .*, or auto"),
            ("[land]\nrecheck = 'yes'", "land.recheck must be one of touched, all, none"),
            ("[pulse]\nconfidence = 2", "pulse.confidence must be a number from 0 to 1"),
            ("[workers.shell]\npass_env = 'A'", "workers.shell.pass_env must be a list of texts"),
            ("[workers.shell.env]\nA = 1", "workers.shell.env must be a text"),
            ("[resources]\ngpu = 'x'", "resources must be a whole number"),
            ("land = 3", r"toml:1: land is a table, not a value"),
            ("workers = 3", "workers is a table, not a value"),
            ("[workers]\nshell = 3", r"toml:2: workers\.shell is a table"),
            ("[workers.mine]\nargv = ['x']", "worker 'mine' has no kind; set workers.mine.kind to opencode or"),
            ("[workers.mine]\nkind = 'bash'", "workers.mine.kind must be one of opencode"),
            ("worker = 'opncode'", "no worker is called 'opncode'; did you mean opencode"),
            ("[roles.build]\nworker = 'clod'", "no worker is called 'clod'"),
            ("budget = '5'", r"toml:1: budget must be an amount such as 5usd, 2Mtok, .*, or none, not '5'"),
            ("budget = 5", "budget must be an amount"),
            ("task_budget = '1usd,2usd'", "task_budget must be an amount"),
            ("budget = '-1usd'", "budget must be an amount"),
            ("budget = ''", "budget must be an amount"),
            ("[prices.x]\ninput = 'a'", "prices must be a number"),
            ("[prices.x]\ninputs = 1", "prices must be numbers for input, output, cache_read and cache_write"),
            ("[prices]\nx = 1", "prices must be a table"),
            ("[tiers]\nhuge = []", "unknown setting tiers.huge"),
            ("[tiers]\ndefault = 'huge'", "tiers.default must be one of simple, standard, thinking"),
            ("a = = 3", r"branchline\.toml:1: not TOML"),
            ("jobs = 1\njobs = 2", r"branchline\.toml:2: not TOML"),
            ("a = " + "[" * 5000, "nested too deeply|not TOML"),
        ],
    )
    def test_mistakes_are_named_with_their_line(self, load: Load, toml: str, words: str) -> None:
        with pytest.raises(SettingsError, match=words):
            load(toml)

    def test_the_line_in_pyproject(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[tool.other]\njbs = 1\n[tool.branchline]\njbs = 7\n")
        with pytest.raises(SettingsError, match=r"pyproject\.toml:4: unknown setting jbs; did you mean jobs\?"):
            config.load(tmp_path, {}, {})

    def test_files_that_are_no_settings(self, tmp_path: Path) -> None:
        path = tmp_path / "branchline.toml"
        path.write_bytes(b"a = '\xff'")
        with pytest.raises(SettingsError, match="byte 5 is not UTF-8"):
            config.load(tmp_path, {}, {})
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(SettingsError, match="must be a regular file"):
            config.load(tmp_path, {}, {})
        path.unlink()
        path.symlink_to("nowhere")
        with pytest.raises(SettingsError, match="a link to nowhere"):
            config.load(tmp_path, {}, {})

    def test_a_byte_order_mark_is_no_mistake(self, tmp_path: Path) -> None:
        (tmp_path / "branchline.toml").write_bytes(b"\xef\xbb\xbfjobs = 3\n")
        assert config.load(tmp_path, {}, {}).jobs == 3


class TestElsewhere:
    @pytest.mark.parametrize(
        ("env", "words"),
        [
            (
                {"BRANCHLINE_LAND__MINIMUN": "x"},
                "BRANCHLINE_LAND__MINIMUN in the environment: unknown setting .*land.minimum",
            ),
            ({"BRANCHLINE_LAND": "x"}, "land is a table"),
            ({"BRANCHLINE_JOBS": "many"}, "BRANCHLINE_JOBS in the environment: jobs must be a whole number"),
            ({"RAM_RESERVE_MB": "x"}, "RAM_RESERVE_MB in the environment: memory_reserve must be"),
            ({"BRANCHLINE_": "x"}, "unknown setting"),
            ({"BRANCHLINE_LAND__": "x"}, "unknown setting"),
            ({"BRANCHLINE_WORKERS__SHELL": "x"}, "workers.shell is a table"),
            ({"BRANCHLINE_RESOURCES__GPU": "x"}, "resources.gpu must be"),
        ],
    )
    def test_environment(self, env: dict[str, str], words: str) -> None:
        with pytest.raises(SettingsError, match=words):
            config.load(None, env, {})

    def test_flags(self) -> None:
        with pytest.raises(SettingsError, match="jobs on the command line: jobs must be a whole number"):
            config.load(None, {}, {"jobs": "x"})

    def test_a_worker_or_role_by_name(self) -> None:
        found = config.load(None, {}, {})
        assert found.worker_named("codex").kind == "codex"
        assert found.role_named("build").permissions == "edit"
        with pytest.raises(SettingsError, match="did you mean claude"):
            found.worker_named("cluade")
        with pytest.raises(SettingsError, match=r"did you mean research.*\[roles\.reserch\]"):
            found.role_named("reserch")

    @given(st.dictionaries(st.text(max_size=12).map(lambda s: "BRANCHLINE_" + s), st.text(max_size=12), max_size=3))
    @settings(deadline=None, max_examples=100)
    def test_any_environment_is_settings_or_a_named_fault(self, env: dict[str, str]) -> None:
        try:
            config.load(None, env, {})
        except SettingsError as error:
            assert "BRANCHLINE_" in error.message or "worker" in error.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("10m", 600),
        ("2h", 7200),
        ("1.5h", 5400),
        (" 3 s ", 3),
        (5, 5),
        (0.5, 0.5),
        ("7", 7),
    ],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert config.duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "10 days", "-3s", "1h30m", "nan", float("nan"), float("inf"), True, None, []]
)
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(SettingsError, match="must be a length of time"):
        config.duration(text)


@pytest.mark.parametrize("told", ['"ask"', '"read-only"', '{ edit = "ask", "*" = "deny" }'])
def test_permissions_are_a_policy_or_rules(load: Load, told: str) -> None:
    assert load(f"[roles.build]\npermissions = {told}\n").roles["build"].permissions


@pytest.mark.parametrize("told", ['"reed-only"', '""', '{ edit = "perhaps" }', '{ bash = { "git *" = "allow" } }'])
def test_permissions_that_are_none_are_refused_and_not_taken_for_edit(load: Load, told: str) -> None:
    with pytest.raises(SettingsError, match="permissions must be edit, read-only, ask, or a table"):
        load(f"[roles.build]\npermissions = {told}\n")


def test_the_countries_are_those_whose_numbers_can_be_told_apart() -> None:
    from phonenumbers import SUPPORTED_REGIONS

    assert set(kinds.COUNTRIES.split()) == SUPPORTED_REGIONS
