"""Masking: what must go goes, what must stay stays, everything comes back, and no text makes it slow."""

import os
import random
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.guard.book import PLACEHOLDER, unmask
from branchline.guard.masking import Rules, find, mask
from branchline.guard.spans import AS_ONE, MOST, Span, apart, plain
from branchline.sandbox.vault import Vault
from branchline.workspace.unmask import restore

HERE = Path(__file__).parent / "guard"
SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
MARKED = re.compile("‹(.*?)›")


def lines(name: str) -> list[str]:
    text = (HERE / name).read_text(encoding="utf-8").replace("¦", "")
    return [line for line in text.split("\n") if line and not line.startswith("# ")]


def test_the_recall_on_lines_of_many_kinds() -> None:
    dirty = lines("dirty.txt")
    missed = [
        line for line in dirty if any(secret in mask(MARKED.sub(r"\1", line)).text for secret in MARKED.findall(line))
    ]
    assert len(missed) <= 0.02 * len(dirty), missed


def test_only_what_must_go_goes() -> None:
    for line in lines("dirty.txt"):
        shown = mask(MARKED.sub(r"\1", line)).text
        assert all(part.strip() in shown for part in MARKED.sub("‹", line).split("‹")), (line, shown)


def test_clean_lines_stay_as_they_are() -> None:
    clean = lines("clean.txt")
    changed = [mask(line).text for line in clean if mask(line).text != line]
    assert len(changed) <= 0.005 * len(clean), changed


def test_a_line_says_nothing_of_the_next_one() -> None:
    dirty, clean = [MARKED.sub(r"\1", line) for line in lines("dirty.txt")], lines("clean.txt")
    for seed in range(int(6 * max(0.5, SCALE))):
        rows = dirty + clean
        random.Random(seed).shuffle(rows)
        shown = mask("\n".join(rows)).text.split("\n")
        changed = {row for row, now in zip(rows, shown, strict=True) if row != now}
        assert changed == set(dirty), (seed, changed ^ set(dirty))


SECRETS = [secret for line in lines("dirty.txt") for secret in MARKED.findall(line)]
PIECES = st.lists(
    st.one_of(st.sampled_from(SECRETS + lines("clean.txt")), st.from_regex(PLACEHOLDER), st.text(max_size=20)),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=int(200 * max(0.2, SCALE)))
@given(PIECES, st.sampled_from([" ", "\n", "", "\r\n", ": ", "\x1b[1m", "\u200b"]))
def test_a_masked_text_comes_back_to_the_letter_and_is_masked_only_once(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    masked = mask(text)
    assert unmask(masked.text, masked.values) == text
    assert masked.text.count("\n") == text.count("\n")
    assert all(each.length and each.line <= text.count("\n") + 1 for each in masked.findings)


@pytest.mark.parametrize("name", ["dirty.txt", "clean.txt"])
def test_a_masked_line_is_masked(name: str) -> None:
    once = [mask(MARKED.sub(r"\1", line)).text for line in lines(name)]
    assert [mask(line).text for line in once] == once


@pytest.mark.parametrize("beside", ["{}", "é{}", "値{}値", "({})", "x = {};"])
def test_a_secret_once_known_is_found_again_beside_letters_of_any_script(beside: str) -> None:
    key = "q7RtZ2mK9xVb4LpW8sYn" + "3HdG"
    text = f'api_key = "{key}"\nsomewhere {beside.format(key)} else\n'
    assert [text[span.start : span.end] for span in find(text)] == [key, key]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(lines("dirty.txt") + lines("clean.txt")), max_size=8))
def test_masking_again_changes_nothing(picked: list[str]) -> None:
    once = mask(MARKED.sub(r"\1", "\n".join(picked))).text
    assert mask(once).text == once


def test_the_same_value_gets_the_same_placeholder_and_another_one_another() -> None:
    masked = mask("a@x.org b@x.org a@x.org")
    assert masked.text == "[EMAIL_1] [EMAIL_2] [EMAIL_1]"
    assert unmask("rm [EMAIL_2] [EMAIL_3]", masked.values, only=["[EMAIL_3]"]) == "rm [EMAIL_2] [EMAIL_3]"


def test_a_placeholder_that_the_text_itself_holds_comes_to_mean_nothing_else() -> None:
    masked = mask("[EMAIL_1] is not a@x.org")
    assert masked.text == "[EMAIL_1] is not [EMAIL_2]"
    assert unmask(masked.text, masked.values) == "[EMAIL_1] is not a@x.org"


def test_a_secret_that_is_coloured_or_taken_apart_is_one() -> None:
    assert mask("key sk-ant-\x1b[31mapi03-AbCdEf123456\x1b[0m!").text == "key [ANTHROPIC_KEY_1]\x1b[0m!"
    assert mask("ali\u200bce@example.com").text == "[EMAIL_1]"


def test_small_letters_stand_where_the_large_ones_stood() -> None:
    read = plain("".join(map(chr, range(sys.maxunicode + 1))))
    assert len(read.low) == len(read.text)


def test_a_key_that_was_found_is_masked_where_it_stands_alone_too() -> None:
    key = "w8n4k2v9b7c3x1z6m5q0"
    assert mask(f"got {key}\napi_key = '{key}'\n{key}x").text == f"got [SECRET_1]\napi_key = '[SECRET_1]'\n{key}x"


def test_a_private_key_keeps_its_lines_and_loses_their_content() -> None:
    body = "\n".join(["MIIEowIBAAKCAQEA7bq2" * 3] * 3)
    block = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nafter"
    masked = mask(block)
    assert "MIIE" not in masked.text
    assert masked.text.split("\n")[0] + masked.text.split("\n")[-1] == "-----BEGIN RSA PRIVATE KEY-----after"
    assert unmask(masked.text, masked.values) == block


def test_words_of_the_user_and_numbers_of_their_region() -> None:
    rules = Rules(terms=("Acme Corp", "Ann", "王小明"), regions=("HK",))
    said = "Ann of ACME Corp (王小明) wrote src/ann/acme.py, Announce, 61872354, 12345678901234"
    assert mask(said, rules).text == (
        "[TERM_1] of [TERM_2] ([TERM_3]) wrote src/ann/acme.py, Announce, [PHONE_1], 12345678901234"
    )
    assert mask("see 61872354").text == "see 61872354"


SLOW = ["a", "@", "a@", "a.b@c.", "1", "1 ", "call 1", "+1", "sk-", "eyJaaaaaaaaa.", "password=", "token is ", "://a:b",
        "\x1b[31m",
        "-----BEGIN PRIVATE KEY-----", '"', "\\", "(", "((1", "GB29 ", "cookie: a=b; ", "authorization: ", "x-", "a-", "密码是",
        "?token=", "\u200b", "İ", "[EMAIL_1]", "key a1B2c3", "4111 ", "mysql -p", "[at]", "00 1", "~8Q~",
        "-eyJ", "a-key-", "\\\"password\\\": \\\""]  # fmt: skip


@pytest.mark.parametrize("piece", SLOW)
def test_no_line_is_slow(piece: str) -> None:
    """Eight times as long takes about eight times as long, and no piece much longer than a line of plain words."""

    def took(size: int, of: str = piece) -> float:
        text = (of * size)[:size]
        began = time.process_time()
        find(text)
        return time.process_time() - began

    took(1_000)
    size = int(25_000 * max(1.0, SCALE))
    most = min(took(8 * size) for _ in range(2))
    assert most < 30 * min(took(size) for _ in range(3)) + 0.05
    assert most < 40 * min(took(8 * size, "word ") for _ in range(3)) + 0.05


@pytest.mark.parametrize(
    "piece",
    [
        "pwd=a1b2{} ", "call 6187 {:04} ", "+1415555{:04} ", "a{}@x.org ", "GB29 a://b:c{}@d ", "bearer a1b2c3d4e5f6g7{:04} ",
        "ghp_a1b2c3d4e5f6g7h8{:04} ", "$1$a1b2c3d4e5f6g7h8{:04} ", "'kty':1,'d':'a1b2c3d4e5f6g7h8{:04}' ",
    ],
)  # fmt: skip
def test_of_a_line_made_to_be_slow_the_rest_goes_as_one_and_the_next_line_is_read(piece: str) -> None:
    line = "".join(piece.format(number) for number in range(MOST + 100))
    masked = mask(f"{line}\n{piece.format(7)}and the rest stays")
    rest, after = masked.text.split("\n")
    assert piece.format(MOST + 50).strip() not in rest and len(masked.findings) == MOST + 2
    assert after.endswith("and the rest stays") and after.count("[") == 1
    assert mask(masked.text).text == masked.text
    assert unmask(masked.text, masked.values) == f"{line}\n{piece.format(7)}and the rest stays"


def test_a_line_made_to_be_slow_hides_no_header_of_a_line_before_it() -> None:
    slow = "".join(f"x-auth: a1b2c3{number:04} " for number in range(MOST + 100))
    assert "wxyz1234" not in mask(f"authorization: wxyz1234\n{slow}\n").text


def test_what_is_over_for_one_header_is_not_over_for_the_headers_before_it() -> None:
    first = "".join(f"authorization: a1b2c3{number:04} " for number in range(MOST + 100))
    last = "".join(f"x-auth: d1e2f3{number:04} " for number in range(MOST + 100))
    shown = mask(first + last).text
    assert "a1b2c3" not in shown and "d1e2f3" not in shown


@pytest.mark.parametrize(
    "before",
    [
        "mysql -u root -p",
        "mysql -p db -p",
        "mysql --host=averylongnameofahost.internal.example.com -p",
        "mysql -h a -P 3306 -u root --a-b-c-d-e-f-g -p",
        "mysql a_database_with_a_name_that_is_longer_than_most_of_them_have_here -p",
        "mysql --port 3306 -p",
        "mysql -p -u root -p",
        "docker login a.example --username me -p ",
        "npm login -p ",
    ],
)
def test_a_password_behind_other_options_is_found(before: str) -> None:
    assert mask(f"{before}a1B2c3d4 on").text == f"{before}[PASSWORD_1] on"


def test_of_a_line_of_private_keys_the_rest_goes_as_one() -> None:
    line = "-----BEGIN PRIVATE KEY-----" + "a1B2c3d4e5f6 " * (MOST + 100)
    masked = mask(f"{line}\nand the rest stays")
    assert len(masked.findings) == MOST + 1 and masked.text.endswith("]\nand the rest stays")


def test_words_that_are_dear_to_tell_from_dice_are_looked_at_so_often_on_one_line() -> None:
    line = " ".join(f"AbcdefghijklmnopqrstU{number:07}" for number in range(MOST + 100))
    masked = mask(f"{line}\n{line[:28]} stays")
    assert len(masked.findings) == 1 and masked.text.endswith(f"\n{line[:28]} stays")


def test_what_is_dear_to_tell_from_an_address_is_looked_at_so_often_on_one_line() -> None:
    line = "".join(f"a@b{number}.x- " for number in range(MOST + 100))
    masked = mask(f"{line}\na@b.x- stays")
    assert len(masked.findings) == 1 and masked.text.endswith("\na@b.x- stays")


def test_long_digits_are_no_number_of_a_region_and_take_no_time() -> None:
    assert find(("1" * 41 + "x ") * 400, Rules(regions=("HK",))) == []


def test_a_vault_lasts_and_numbers_are_never_given_twice(tmp_path: Path) -> None:
    first, second = (Vault(tmp_path / "masks.jsonl", Rules()) for _ in range(2))
    assert first.mask("a@x.org").text == "[EMAIL_1]"
    assert second.mask("b@x.org and a@x.org").text == "[EMAIL_2] and [EMAIL_1]"
    assert first.deep({"a": ["b@x.org", 1]}) == {"a": ["[EMAIL_2]", 1]}
    assert (tmp_path / "masks.jsonl").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "masks.jsonl").open("a") as file:
        file.write('["[EMAIL_3]", "half')  # a power cut
    assert first.mask("c@x.org").text == "[EMAIL_3]"
    assert unmask("[EMAIL_1] [EMAIL_3]", second.values()) == "a@x.org c@x.org"
    assert Vault(tmp_path / "masks.jsonl", None).mask("a@x.org").text == "a@x.org"


def test_real_values_come_back_in_files_of_the_worktree_and_nowhere_else(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "in").mkdir(parents=True)
    outside.mkdir()
    for place in (tree / "plain", tree / "other", outside / "file", outside / "shared"):
        place.write_bytes(b"\xff [EMAIL_1] [EMAIL_2]\r\n")
    (tree / "plain").chmod(0o755)
    (tree / "link").symlink_to(outside / "file")
    (tree / "folder").symlink_to(outside)
    os.link(outside / "shared", tree / "shared")
    names = ["plain", "link", "folder/file", "../outside/file", "shared", "in", "gone"]
    assert restore(tree, names, {"[EMAIL_1]": "a@x.org"}) == ["plain", "shared"]
    assert (tree / "plain").read_bytes() == (tree / "shared").read_bytes() == b"\xff a@x.org [EMAIL_2]\r\n"
    assert (tree / "plain").stat().st_mode & 0o777 == 0o755
    for place in (tree / "other", outside / "file", outside / "shared"):
        assert place.read_bytes() == b"\xff [EMAIL_1] [EMAIL_2]\r\n"


def test_a_key_that_was_masked_before_is_known_where_it_stands_alone(tmp_path: Path) -> None:
    key = "w8n4k2v9b7c3x1z6m5q0"
    vault = Vault(tmp_path / "masks.jsonl", Rules())
    assert vault.mask(f"it printed {key}").text == f"it printed {key}"
    vault.mask(f"api_key = '{key}'")
    for each in (vault, Vault(vault.path, Rules())):
        assert each.mask(f"it printed {key}").text == "it printed [SECRET_1]"
        assert each.preview(f"{key}, and {key}x") == f"[SECRET_1], and {key}x"


def test_the_rest_of_a_line_that_begins_where_a_finding_does_is_kept() -> None:
    assert apart([Span(0, 5, "EMAIL"), Span(0, AS_ONE + 6, "SECRET")]) == [Span(0, AS_ONE + 6, "EMAIL")]
    assert apart([Span(0, 5, "EMAIL"), Span(0, 9, "SECRET")]) == [Span(0, 5, "EMAIL")]


@pytest.mark.parametrize(
    "text",
    [
        "IBAN changed from {} to {} by user 4410",
        "{} and {}",
        "it took AB 12 minutes to move it from {} into {}",
    ],
)
@pytest.mark.parametrize("spaced", [False, True])
def test_accounts_near_each_other_are_all_found(text: str, spaced: bool) -> None:
    made = ("DE69745132174746202689", "DE94236059440216655428")
    shown = [" ".join(re.findall(".{1,4}", each)) if spaced else each for each in made]
    assert mask(text.format(*shown)).text == text.format("[IBAN_1]", "[IBAN_2]")
