"""Requests and names that mean to get by the proxy, addresses that change, and links where real values are put back."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from branchline.sandbox import proxy, tiers
from branchline.workspace import unmask

SMUGGLED = (
    "X: a\nHost: evil.example", "X: a\rHost: evil.example", "X: a\n\nGET /steal HTTP/1.1", "X: a\0", "\nHost: evil.example",
)  # fmt: skip


@pytest.mark.parametrize("row", SMUGGLED, ids=ascii)
@pytest.mark.parametrize("line", ["GET http://github.com/ HTTP/1.1", "CONNECT github.com:443 HTTP/1.1"])
def test_a_line_of_a_head_that_holds_another_is_refused(line: str, row: str) -> None:
    with pytest.raises(proxy.RefusedError) as refused:
        proxy.asked(f"{line}\r\n{row}".encode())
    assert refused.value.status == 400


def test_a_server_is_told_one_host_that_is_the_one_judged() -> None:
    for row in ("Host: evil", "Host : evil", " Host: evil", "HOST: evil\r\nhost: evil", "Upgrade: h2c"):
        method, host, port, first = proxy.asked(f"GET http://GitHub.com/a HTTP/1.1\r\n{row}".encode())
        assert (method, host, port, first.lower().count(b"host")) == ("GET", "GitHub.com", 80, 1)
        assert b"evil" not in first


HOSTS = """
github.com..:443 github.com:443:80 github.com%00.evil.com:443 [::1]:443 [fe80::1%25eth0]:443 127.1:443 0x7f.1:443 2130706433:443
0177.0.0.1:443 [::ffff:7f00:1]:443 [64:ff9b::7f00:1]:443 localhost:443 metadata:80 github.com/:443 :443
github.com\\@evil.com:443 a@github.com:443 github.com,evil.com:443 169.254.169.254:80 127.0.0.1.nip.io:443
"""


@pytest.mark.parametrize("target", HOSTS.split())
def test_what_only_looks_like_a_known_host_is_none(target: str) -> None:
    _, host, port, _ = proxy.asked(f"CONNECT {target} HTTP/1.1".encode())
    assert not tiers.decide(tiers.classify(host), port=port).allowed


INSIDE = """
127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 198.18.0.1 0.0.0.0 224.0.0.1 255.255.255.255
240.0.0.1 ::1 :: fe80::1%lo fd00::1 fec0::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::
2001:0:7f00:1:: ::7f00:1
"""


def answers(*rounds: tuple[str, ...]) -> tuple[Callable[..., Any], list[str]]:
    """A resolver that answers otherwise each time it is asked, and whom it was asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        known = rounds[min(len(asked), len(rounds)) - 1]
        families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in known]
        return [(family, 1, 6, "", (each, port)) for family, each in zip(families, known, strict=True)]

    return resolve, asked


def a_proxy(tmp_path: Path, resolve: Callable[..., Any]) -> proxy.Proxy:
    spec = {"log": str(tmp_path / "log"), "megabytes": 1, "connections": 1}
    made = proxy.Proxy(spec, resolve)
    os.close(made.log)
    return made


@pytest.mark.parametrize("inside", INSIDE.split())
def test_a_name_that_leads_inside_is_refused_wherever_the_address_stands(tmp_path: Path, inside: str) -> None:
    for known in ((inside,), ("8.8.8.8", inside), (inside, "8.8.8.8")):
        row: dict[str, Any] = {}
        with pytest.raises(proxy.RefusedError, match="not public"):
            a_proxy(tmp_path, answers(known)[0]).connect("rebound.example", 443, row, private=False)
        assert row == {"address": inside}


def test_a_name_is_resolved_once_and_that_address_is_gone_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        resolve, asked = answers(("127.0.0.1",), ("127.0.0.2",))
        row: dict[str, Any] = {}
        with a_proxy(tmp_path, resolve).connect("mine.example", ear.getsockname()[1], row, private=True) as server:
            assert server.getpeername()[0] == "127.0.0.1"
    assert (asked, row) == (["mine.example"], {"address": "127.0.0.1"})


def test_real_values_go_through_no_link(tmp_path: Path) -> None:
    inside, outside = tmp_path / "tree", tmp_path / "out"
    (inside / "sub").mkdir(parents=True)
    outside.mkdir()
    for folder in (inside, inside / "sub", outside):
        (folder / "plain").write_text("[EMAIL_1]")
    (inside / "to-file").symlink_to(outside / "plain")
    (inside / "to-folder").symlink_to(outside)
    (inside / "to-self").symlink_to("to-self")
    (inside / "to-sub").symlink_to("sub")
    (inside / "up").symlink_to("..")
    os.link(outside / "plain", inside / "hard")
    os.mkfifo(inside / "pipe")
    names = (
        "plain", "sub/plain", "to-file", "to-folder/plain", "to-self", "to-sub/plain", "up/out/plain", "hard", "pipe", "sub", "",
        ".", "..", "../out/plain", "sub/../../out/plain", str(outside / "plain"), "gone", "sub/../to-folder/plain",
    )  # fmt: skip
    assert unmask.restore(inside, names, {"[EMAIL_1]": "a@b.example"}) == ["plain", "sub/plain", "hard"]
    assert (outside / "plain").read_text() == "[EMAIL_1]"
