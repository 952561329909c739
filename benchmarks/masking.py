"""How long masking takes: lines of 200 kB made to be slow, and 1 MB of mixed text. CPU of this process.

With SECONDS a search goes on from these pieces for lines that take longer still, joining, stretching and cutting them.

Run: python benchmarks/masking.py [ROUNDS [SECONDS]]   (with the package installed, or PYTHONPATH=src)

A line is made of one piece, again and again: each form that is looked for, complete and cut off before its end.
"""

import random
import string
import sys
import time
from pathlib import Path

from branchline.guard.masking import find, mask

SIZE = 200_000
LINE, TEXT = 0.1, 2.0
"""Budgets, CPU seconds: one line, 1 MB of mixed text."""
PIECES = (
    "a", "A", "1", " ", "\t", "\x00", ".", "-", "_", "=", '"', "'", "\\", "(", "[", "{", "<", "@", ":", "/", "+", "~", "$", "&",
    "a-", "a.", "a_", "1.", "1 ", "((1", "a1", "a1B2", "a=b&", "x=1;", "word ", "İ", "é", "\u200b", "\x1b[31m", "[EMAIL_1]",
    "a@", "a@b.", "a.b@c.", "alice@example.com ", "[at]", "a [at] b [dot] c ", "@a.", "a@b.c(",
    "12345 ", "4111 ", "4111111111111111 ", "A123456(", "A123456(3)", "A1234563 ", "GB29", "GB29 NWBK ", "GB29 ", "iban gb29",
    "+1", "+14155550132 ", "+852 6187 2354, ", "00", "00 1", "00 12 ", "6187 2354 ", "call ", "call 1", "tel ", "call 6187 2354 ",
    "at 6", "电话 ", "1-2 fax ", "5551234 ext. 1 ", "6187 2354 mobile ",
    "sk-", "ghp_", "AKIA", "AIza", "xoxb-", "sk_live_", "12345678:", "~8Q~", "eyJaaaaaaaaa.", "-eyJ", "eyJaaaa.eyJaaaa-",
    "0" * 52, "A1" * 38, "$1$aaaa", "$2a$", "https://a.webhook.office.com/webhookb2/",
    "-----BEGIN PRIVATE KEY-----", "Private-Lines: 1\n", "MIIE",
    "://", "://a:b", "://a:b@c:", "https://", "?token=", "&key=", "?a_", "&amp;token=",
    "cookie: a=b; ", "authorization: ", "authorization: abc ", "bearer ", "basic ", "x-", "x-a", "x-api-key: ",
    "-u ", "-p ", "--password ", "a-key-", "mysql -p ", "docker login ", "--a-", "sshpass ", "converttosecurestring ",
    "password", "password=", 'password: "', "password is a1", "<password value=", "<password a", '\\"password\\": \\"', '"auth":',
    "pwd=", "pass pass", "密码是", "密码", "key ", "key=", "key-", "key: ", "token is ", "secret a", "secret: ", '"password", "',
    'credential("a","b",', 'credentials("', "private ", "access_", "session ", "login a password ", "user: ", "key = [1, ",
    'getenv("a", "', "token&quot;", "key a1B2c3", "key a1B2c3D4e5F6g7H8j9K0l1 ", "token-secret-", "secret_a1b2c3d4e5f6g7h8-",
    "a1B2c3D4e5F6g7H8", "A1b2C3d4e5F6", "=aB1cD2", "Aa1" * 10 + " ", "sha ", "7f3c9a52-1d4e-4b8a-9c6f-2e5d8a1b4c7f ",
)  # fmt: skip
VARIED = (
    "password is a%%% ", "pwd=%%%%% ", "secret %%%% ", '"auth":"%%%%%%",', "x-api-key: %%%%%% ", 'token: "%%%%%%%%" ',
    "key %%%%%%%%%%%%%%%%%%%% ", "key=" + "~" * 32 + " ", "%" * 40 + " ", "a://b:%%%%@c.d ", "%%%@%%%.com ", "+1415555#### ",
    "call #### #### ", "####### ", "4############### ", "A####### ", "GB##NWBK############## ", "hkid A####### ",
    'password: "8.0a' + "0a" * 88 + '####" ', "key 8.###" + "a" * 450 + "-1 ", "x-api-key: 8.###" + "1" * 900 + "! ",
    "PASSWORD=8.###" + "A_" * 95 + "! ",
)  # fmt: skip
"""Pieces that differ each time, so that nothing is remembered: % is a letter or a digit, # a digit, ~ a hexadecimal one."""


def lines() -> dict[str, str]:
    """Name -> a line of 200 kB."""
    dice = random.Random(1)
    alphabets = {
        "letters and digits": string.ascii_letters + string.digits,
        "base 64": string.ascii_letters + string.digits + "+/",
        "digits and gaps": string.digits + " -()",
        "anything": string.printable.replace("\n", " "),
    }
    made = {name: "".join(dice.choices(letters, k=SIZE)) for name, letters in alphabets.items()}
    made |= {form: varied(form, dice) for form in VARIED}
    return made | {piece: (piece * SIZE)[:SIZE] for piece in PIECES}


def varied(form: str, dice: random.Random) -> str:
    """A line of a form, in which what stands for letters and digits differs each time."""
    kinds = {"%": string.ascii_letters + string.digits, "#": string.digits, "~": "0123456789abcdef"}
    whole = (form * SIZE)[:SIZE]
    return "".join(dice.choice(kinds[letter]) if letter in kinds else letter for letter in whole)


def searched(seconds: int, dice: random.Random) -> list[tuple[float, str]]:
    """The slowest forms that a search finds in some time, the worst first; what is slow is changed further."""
    pieces = [piece for piece in (*PIECES, *VARIED) if "\n" not in piece]
    best: list[tuple[float, str]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        form = dice.choice(best[:12])[1] if best and dice.random() < 0.6 else dice.choice(pieces)
        for _ in range(dice.randint(1, 3)):
            first, last = sorted(dice.choices(range(len(form) + 1), k=2))
            more = dice.choice(pieces) * dice.choice((1, 1, 1, 4, 30, 100))
            form = (form[:first] + form[last:] if dice.random() < 0.3 else form[:first] + more + form[first:])[
                :1500
            ] or "a"
        line = varied(form, dice)
        if least(line, 1) > (best[12][0] if len(best) > 12 else 0):
            best = sorted([*best, (least(line, 3), form)], reverse=True)[:30]
    return best


def mixed() -> str:
    """1 MB: our own source, the lines that must be masked and those that must not."""
    root = Path(__file__).resolve().parents[1]
    files = sorted((root / "src").rglob("*.py")) + sorted((root / "tests/guard").glob("*.txt"))
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    return (text * (1_000_000 // len(text) + 1))[:1_000_000]


def least(text: str, rounds: int) -> float:
    """The least CPU time of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        find(text)
        times.append(time.process_time() - began)
    return min(times)


def main(rounds: int = 5, seconds: int = 0) -> int:
    """Print the slowest lines, and the text; 1 when a budget is missed."""
    mask("+852 6187 2354 a@x.org")  # what is loaded and compiled once
    took = sorted(((least(line, rounds), piece) for piece, line in lines().items()), reverse=True)
    print(f"{len(took)} lines of {SIZE:,} characters, least CPU of {rounds}: worst and median")
    print(f"{1000 * took[0][0]:.0f} ms, {1000 * took[len(took) // 2][0]:.0f} ms; budget {1000 * LINE:.0f}")
    print("the worst:", ", ".join(f"{piece[:30]!r} {1000 * seconds:.0f}" for seconds, piece in took[:8]))
    text = least(mixed(), rounds)
    print(f"1 MB of mixed text: {text:.2f} s; budget {TEXT}")
    for slow, form in searched(seconds, random.Random(seconds))[:5]:
        print(f"found in {seconds} s of search: {1000 * slow:.0f} ms, {form[:100]!r}")
    return int(took[0][0] > LINE or text > TEXT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
