"""files: what may be read, what a write leaves behind, what YAML may say."""

import errno
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import files
from branchline.errors import InputError, StoreFullError


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


class TestReadText:
    def test_reads_text_and_keeps_line_ends(self, tmp_path: Path) -> None:
        assert files.read_text(put(tmp_path / "p.md", b"a\r\nb\n")) == "a\r\nb\n"

    def test_strips_the_byte_order_mark(self, tmp_path: Path) -> None:
        assert files.read_text(put(tmp_path / "p.md", b"\xef\xbb\xbf# Plan\n")) == "# Plan\n"

    def test_follows_a_link_to_a_regular_file(self, tmp_path: Path) -> None:
        put(tmp_path / "p.md", b"x")
        (tmp_path / "link.md").symlink_to("p.md")
        assert files.read_text(tmp_path / "link.md") == "x"

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"one\ntwo \xff three\n", r"p\.md:2: byte 8 \(0xff\) is not UTF-8"),
            (b"\xef\xbb\xbfab\n\xe9t\xe9\n", r"p\.md:2: byte 6 \(0xe9\)"),
            (b"cut \xe2\x82", r"p\.md:1: byte 4 \(0xe2\)"),
            (b"\xed\xa0\x80", "is not UTF-8"),
            (b"a\nb\x00c\n", r"p\.md:2: a NUL byte \(byte 3\)"),
            ("# Plan\n".encode("utf-16"), "UTF-16"),
            (b"ok\n" + b"x" * (files.MAX_LINE + 1), r"p\.md:2: a line of more than 1 MiB"),
        ],
    )
    def test_refuses_what_is_no_text(self, tmp_path: Path, data: bytes, words: str) -> None:
        with pytest.raises(InputError, match=words):
            files.read_text(put(tmp_path / "p.md", data))

    def test_a_line_of_the_limit_passes(self, tmp_path: Path) -> None:
        line = b"x" * files.MAX_LINE
        assert len(files.read_text(put(tmp_path / "p.md", line + b"\n" + line))) == 2 * files.MAX_LINE + 1

    def test_refuses_an_oversized_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="more than 10 bytes"):
            files.read_text(put(tmp_path / "p.md", b"x" * 11), limit=10)
        assert files.read_text(put(tmp_path / "p.md", b"x" * 10), limit=10) == "x" * 10

    def test_refuses_a_sparse_giant_without_reading_it(self, tmp_path: Path) -> None:
        with open(tmp_path / "p.md", "wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(InputError, match="more than 32 MiB"):
            files.read_text(tmp_path / "p.md")

    def test_missing_folder_and_odd_names(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such file"):
            files.read_text(tmp_path / "none.md")
        with pytest.raises(InputError, match="a folder, not a file"):
            files.read_text(tmp_path)
        with pytest.raises(InputError):
            files.read_text(put(tmp_path / "p.md", b"x") / "below.md")
        with pytest.raises(InputError):
            files.read_text(tmp_path / ("n" * 300))
        with pytest.raises(InputError, match="not the name of a file"):
            files.read_text(tmp_path / "a\0b")

    def test_a_pipe_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "p.md")
        with pytest.raises(InputError, match="not a regular file"):
            files.read_text(tmp_path / "p.md")

    def test_refuses_a_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s")
            with pytest.raises(InputError, match="not a regular file"):
                files.read_text(Path("s"))

    @pytest.mark.parametrize("name", ["/proc/self/environ", "/dev/null", "/dev/zero", "/sys/kernel/uevent_seqnum"])
    def test_refuses_the_kernels_files_also_behind_links(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "p.md").symlink_to(name)
        (tmp_path / "top").symlink_to("/" + name.split("/")[1])
        for path in (Path(name), tmp_path / "p.md", tmp_path / "top" / Path(*Path(name).parts[2:])):
            with pytest.raises(InputError, match="are not read"):
                files.read_text(path)

    def test_a_link_to_itself_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "p.md").symlink_to("p.md")
        with pytest.raises(InputError):
            files.read_text(tmp_path / "p.md")

    @given(st.binary(max_size=200))
    @settings(deadline=None, max_examples=100)
    def test_any_bytes_are_text_or_a_named_error(self, data: bytes) -> None:
        try:
            text = files._decode(data, "p")
        except InputError as error:
            assert error.message.startswith("p")
        else:
            assert text.encode() == data.removeprefix(b"\xef\xbb\xbf")


class TestJson:
    def test_names_file_and_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"p\.json:2: not JSON"):
            files.read_json(put(tmp_path / "p.json", b'{"a": 1,\n nope}'))

    @pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b"[" * 50_000, b"1" * 5_000, b""])
    def test_refuses_what_json_has_no_word_for(self, tmp_path: Path, text: bytes) -> None:
        for read in (files.read_json, lambda p: files.read_untrusted_json(p, 1 << 20)):
            with pytest.raises(InputError):
                read(put(tmp_path / "p.json", text))

    def test_untrusted_follows_no_link_of_the_worker(self, tmp_path: Path) -> None:
        put(tmp_path / "secret.json", b'{"key": 1}')
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree" / "a.json").symlink_to("../secret.json")
        (tmp_path / "tree" / "up").symlink_to("..")
        for name in ("a.json", "up/secret.json", "../secret.json"):
            with pytest.raises(InputError):
                files.read_untrusted_json(tmp_path / "tree" / name, 100, within=tmp_path / "tree")
        with pytest.raises(InputError, match="symbolic link"):
            files.read_untrusted_json(tmp_path / "tree" / "a.json", 100)

    def test_untrusted_reads_within_real_folders(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        put(tmp_path / "a" / "b" / "x.json", b'{"status": "done"}')
        for within in (None, tmp_path, tmp_path / "a" / "b"):
            assert files.read_untrusted_json(tmp_path / "a/b/x.json", 100, within) == {"status": "done"}

    def test_untrusted_nesting_and_surrogates(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="nested more than 100 deep"):
            files.read_untrusted_json(put(tmp_path / "p", b"[" * 102 + b"]" * 102), 1000)
        value = files.read_untrusted_json(put(tmp_path / "p", b'{"a": "x\\ud800y", "b": "\\ud83d\\ude00"}'), 1000)
        assert value == {"a": "x?y", "b": "\U0001f600"}


class TestWrite:
    @pytest.mark.parametrize("data", ["text é\n", b"\x00\xff", ""])
    def test_replaces_the_whole_file(self, tmp_path: Path, data: str | bytes) -> None:
        path = put(tmp_path / "x", b"old and longer")
        files.write_durable(path, data)
        assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
        assert [p.name for p in tmp_path.iterdir()] == ["x"]

    def test_modes(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        files.write_durable(path, "a")
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        path.chmod(0o600)
        files.write_durable(path, "b")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        files.write_durable(path, "c", 0o755)
        assert stat.S_IMODE(path.stat().st_mode) == 0o755

    @pytest.mark.parametrize("write", [files.write_durable, files.write_new])
    def test_a_link_is_replaced_never_written_through(self, tmp_path: Path, write: object) -> None:
        target = put(tmp_path / "bashrc", b"mine")
        (tmp_path / "x").symlink_to(target)
        write(tmp_path / "x", "new")  # type: ignore[operator]
        assert target.read_bytes() == b"mine"
        assert (tmp_path / "x").read_text() == "new"

    def test_a_hard_link_is_not_written_through(self, tmp_path: Path) -> None:
        os.link(put(tmp_path / "a", b"mine"), tmp_path / "b")
        files.write_new(tmp_path / "b", "new")
        assert (tmp_path / "a").read_bytes() == b"mine"

    def test_write_new_makes_parents(self, tmp_path: Path) -> None:
        files.write_new(tmp_path / "a" / "b" / "c.txt", "x")
        assert (tmp_path / "a/b/c.txt").read_text() == "x"

    @pytest.mark.parametrize("write", [files.write_durable, files.write_new])
    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path, write: object) -> None:
        with pytest.raises(InputError, match="cannot be written"):
            write(put(tmp_path / "file", b"") / "below", "x")  # type: ignore[operator]
        (tmp_path / "folder").mkdir()
        with pytest.raises(InputError, match="cannot be written"):
            write(tmp_path / "folder", "x")  # type: ignore[operator]
        assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]

    def test_a_full_disk_keeps_the_old_content(self, tmp_path: Path) -> None:
        """A file-size limit of the process stands in for the full disk where none can be mounted."""
        path = put(tmp_path / "x", b"old")
        script = (
            "import resource, signal, sys; from pathlib import Path; from branchline import files, errors\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
            "try: files.write_durable(Path(sys.argv[1]), 'n' * 10000)\n"
            "except errors.BranchlineError as e: print(type(e).__name__)\n"
        )
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "InputError"
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["x"]

    def test_no_space_is_called_by_its_name(self, tmp_path: Path) -> None:
        with pytest.raises(StoreFullError, match="x: cannot be written: No space left"):
            files._raise_write(tmp_path / "x", OSError(errno.ENOSPC, "No space left on device"))


class TestYaml:
    def test_core_schema_of_yaml_1_2(self) -> None:
        text = "a: no\nb: 2024-01-01\nc: 1:30\nd: 010\ne: 12\nf: 1.5\ng: true\nh: ~\ni: 'x'\non: 1\n1.10: k\n<<: m\n"
        assert files.load_yaml(text, "y") == {
            "a": "no", "b": "2024-01-01", "c": "1:30", "d": "010", "e": 12, "f": 1.5, "g": True, "h": None,
            "i": "x", "on": 1, "1.10": "k", "<<": "m",
        }  # fmt: skip

    def test_empty_is_none(self) -> None:
        assert files.load_yaml("", "y") is None
        assert files.load_yaml("# only a comment\n", "y") is None

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a: 1\nb: 2\na: 3\n", r"y:3: key 'a' stands here and on line 1"),
            ("{a: 1, a: 2}", r"y:1: key 'a' stands here and on line 1"),
            ("x:\n  - {b: 1, 'b': 2}\n", r"y:2: key 'b'"),
            ("a: [1\nb: 2\n", r"y:\d: "),
            ("a: 1\n---\nb: 2\n", r"y:2: "),
            ("a: !!python/object/apply:os.system ['id']\n", r"y:1: tag"),
            ("a: 1\nb: !!binary aGk=\n", r"y:2: tag"),
            ("? [a]\n: 1\n", "a key must be a plain text"),
            ("a: &x [*x]\n", "an alias inside the value"),
            ("a: *nowhere\n", r"y:1: .*alias"),
            ("\x07: 1\n", "y"),
            ("- " * 200_000, "nested more than 100 deep"),
            ("[" * 200_000, "nested more than 100 deep"),
            ("{a: " * 200_000, "nested more than 100 deep"),
            ("a: !!int x\n", "y"),
            ("\ud800: 1", "y"),
        ],
    )
    def test_refuses_with_the_line(self, text: str, words: str) -> None:
        with pytest.raises(InputError, match=words):
            files.load_yaml(text, "y")

    def test_refuses_an_alias_bomb_at_once(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
        with pytest.raises(InputError, match="aliases stand for too many"):
            files.load_yaml("\n".join(lines), "y")

    def test_refuses_depth_made_of_aliases(self) -> None:
        lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000)]
        with pytest.raises(InputError, match="too deep"):
            files.load_yaml("\n".join(lines), "y")

    def test_an_honest_alias_works(self) -> None:
        assert files.load_yaml("a: &x [1, 2]\nb: *x\n", "y") == {"a": [1, 2], "b": [1, 2]}

    def test_too_long(self) -> None:
        with pytest.raises(InputError, match="split it up"):
            files.load_yaml("#" * (files.MAX_YAML_BYTES + 1), "y")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
            ),
            max_leaves=12,
        )
    )
    @settings(deadline=None, max_examples=80)
    def test_what_is_dumped_loads_as_it_was(self, value: object) -> None:
        assert files.load_yaml(yaml.safe_dump(value), "y") == value


class TestPlaces:
    def test_find_root_sees_folders_and_files(self, tmp_path: Path) -> None:
        (tmp_path / "repo" / ".git").mkdir(parents=True)
        (tmp_path / "repo" / "a" / "b").mkdir(parents=True)
        assert files.find_root(tmp_path / "repo" / "a" / "b") == tmp_path / "repo"
        (tmp_path / "repo" / "a" / ".git").write_text("gitdir: elsewhere\n")
        assert files.find_root(tmp_path / "repo" / "a" / "b") == tmp_path / "repo" / "a"
        assert files.find_root(tmp_path / "repo" / "a" / ".." / "none") == tmp_path / "repo"

    def test_find_root_of_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        assert files.find_root(Path()) == tmp_path

    def test_state_folder_is_ignored_by_git(self, tmp_path: Path) -> None:
        folder = files.state_folder(tmp_path)
        assert folder == tmp_path / ".branchline"
        assert (folder / ".gitignore").read_text() == "*\n"
        (folder / ".gitignore").write_text("mine\n")
        assert files.state_folder(tmp_path) == folder
        assert (folder / ".gitignore").read_text() == "mine\n"

    def test_state_folder_refuses_a_link_and_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / ".branchline").symlink_to(tmp_path)
        with pytest.raises(InputError, match="symbolic link"):
            files.state_folder(tmp_path / "a")
        (tmp_path / ".branchline").write_text("")
        with pytest.raises(InputError, match="or a file"):
            files.state_folder(tmp_path)


def test_digest_and_canonical() -> None:
    assert files.digest("abc") == files.digest(b"abc")
    assert files.digest("").startswith("sha256:e3b0c44298fc1c14")
    assert files.canonical({"b": [1, (2,)], "a": "é\n"}) == '{"a":"é\\n","b":[1,[2]]}'
    with pytest.raises(ValueError):
        files.canonical(float("nan"))


@given(st.dictionaries(st.text(), st.integers() | st.text()))
@settings(deadline=None, max_examples=50)
def test_canonical_knows_no_order(value: dict[str, object]) -> None:
    assert files.canonical(value) == files.canonical(dict(reversed(value.items())))
    assert json.loads(files.canonical(value)) == value
