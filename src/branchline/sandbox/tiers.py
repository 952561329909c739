"""How far a name of the network is trusted: five tiers, as data, and the decision that follows. Pure.

Standard library only, and no import of our own: the proxy loads this file by itself.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

TIERS = {
    1: "code hosts and model APIs",
    2: "package registries",
    3: "tools and their documentation",
    4: "unknown",
    5: "exfiltration",
}
UNKNOWN, EXFILTRATION = 4, 5
_DATA = {
    1: """
        github.com *.github.com *.githubusercontent.com githubcopilot.com *.githubcopilot.com gitlab.com *.gitlab.com
        bitbucket.org *.bitbucket.org codeberg.org *.codeberg.org git.sr.ht *.git.sr.ht dev.azure.com *.visualstudio.com
        api.anthropic.com console.anthropic.com claude.ai *.claude.ai api.openai.com auth.openai.com chatgpt.com
        *.chatgpt.com generativelanguage.googleapis.com aiplatform.googleapis.com *-aiplatform.googleapis.com
        oauth2.googleapis.com openrouter.ai *.openrouter.ai api.mistral.ai api.groq.com api.together.xyz
        api.fireworks.ai api.deepseek.com api.x.ai api.cohere.com api.cerebras.ai opencode.ai *.opencode.ai models.dev
        *.openai.azure.com *.services.ai.azure.com bedrock-runtime.*.amazonaws.com api.moonshot.cn api.moonshot.ai
        dashscope.aliyuncs.com dashscope-intl.aliyuncs.com open.bigmodel.cn api.z.ai api.minimax.chat ollama.com
    """,
    2: """
        pypi.org *.pypi.org files.pythonhosted.org *.pythonhosted.org registry.npmjs.org *.npmjs.org registry.yarnpkg.com
        *.yarnpkg.com jsr.io *.jsr.io crates.io *.crates.io static.rust-lang.org proxy.golang.org sum.golang.org
        golang.org *.golang.org go.dev rubygems.org *.rubygems.org repo.maven.apache.org repo1.maven.org
        plugins.gradle.org services.gradle.org packagist.org *.packagist.org hex.pm *.hex.pm hackage.haskell.org
        nuget.org *.nuget.org pub.dev cpan.org *.cpan.org cran.r-project.org conda.anaconda.org repo.anaconda.com
        deb.debian.org security.debian.org archive.ubuntu.com security.ubuntu.com ports.ubuntu.com dl-cdn.alpinelinux.org
        registry-1.docker.io auth.docker.io production.cloudflare.docker.com ghcr.io *.ghcr.io quay.io *.quay.io
        mirror.gcr.io cache.nixos.org huggingface.co *.huggingface.co *.hf.co
    """,
    3: """
        docs.python.org *.python.org *.readthedocs.io *.readthedocs.org docs.rs nodejs.org *.nodejs.org bun.sh *.bun.sh
        deno.land *.deno.land deno.com *.deno.com developer.mozilla.org rust-lang.org *.rust-lang.org sh.rustup.rs
        *.debian.org *.ubuntu.com *.gnu.org *.kernel.org git-scm.com *.git-scm.com stackoverflow.com
        *.stackexchange.com *.wikipedia.org w3.org *.w3.org json-schema.org json.schemastore.org semver.org
        playwright.dev *.playwright.dev cdn.playwright.dev cdn.jsdelivr.net unpkg.com cdnjs.cloudflare.com esm.sh
        pre-commit.ci *.pre-commit.ci releases.hashicorp.com registry.terraform.io dl.google.com storage.googleapis.com
        packages.microsoft.com learn.microsoft.com download.pytorch.org arxiv.org *.arxiv.org doi.org
    """,
    5: """
        pastebin.com *.pastebin.com paste.ee hastebin.com *.hastebin.com ghostbin.com controlc.com dpaste.com dpaste.org
        dpaste.de paste.rs ix.io sprunge.us termbin.com *.termbin.com 0x0.st rentry.co rentry.org privatebin.net
        paste.mozilla.org bpa.st transfer.sh *.transfer.sh file.io *.file.io bashupload.com oshi.at temp.sh tmpfiles.org
        catbox.moe *.catbox.moe gofile.io *.gofile.io anonfiles.com *.anonfiles.com wetransfer.com *.wetransfer.com
        filebin.net uguu.se pixeldrain.com keep.sh webhook.site *.webhook.site requestbin.com *.requestbin.com
        *.requestbin.net *.pipedream.net hookbin.com *.hookbin.com beeceptor.com *.beeceptor.com requestcatcher.com
        *.requestcatcher.com *.requestrepo.com mockbin.org ptsv2.com ptsv3.com postb.in *.ngrok.io *.ngrok.app
        *.ngrok-free.app *.ngrok.dev ngrok.com *.trycloudflare.com *.loca.lt localtunnel.me *.localtunnel.me serveo.net
        *.serveo.net *.localhost.run *.bore.pub bore.pub pinggy.io *.pinggy.io *.pinggy.link *.interact.sh interactsh.com
        *.oast.pro *.oast.live *.oast.site *.oast.online *.oast.fun *.oast.me *.burpcollaborator.net *.oastify.com
        *.dnslog.cn *.ceye.io *.canarytokens.com canarytokens.org *.nip.io *.sslip.io *.xip.io *.lvh.me lvh.me
        localtest.me *.localtest.me api.telegram.org hooks.slack.com discord.com *.discord.com discordapp.com
        *.discordapp.com *.onion *.i2p *.tor2web.org *.onion.ws *.onion.ly iplogger.org grabify.link 1ty.me onetimesecret.com
        doh.opendns.com dns.google dns.google.com cloudflare-dns.com *.cloudflare-dns.com dns.quad9.net dns.adguard.com
        doh.cleanbrowsing.org dns.nextdns.io one.one.one.one
    """,
}
RULES: Mapping[str, int] = {name: tier for tier, names in _DATA.items() for name in names.split()}
_DOCUMENTED = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
"""Nobody's neighbours by the standards; some closed networks map the world onto them."""
PORTS = frozenset({80, 443})
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")
_CARRIER = re.compile(r"[0-9a-f]{24,}|[a-z0-9_-]{41,}|(?=(?:[a-z_-]*[0-9]){5})[a-z0-9]{26,}")
"""A label of a name that is more likely a message than a word."""


class Class(NamedTuple):
    """Where a name belongs: its tier, the rule that says so ("" for none), and why where it is not a plain rule."""

    name: str
    tier: int
    rule: str
    why: str = ""


class Verdict(NamedTuple):
    """Whether a connection is let through, why, and whether a person should look at it."""

    allowed: bool
    why: str
    flagged: bool = False


def normal(name: str) -> str:
    """Return a host as it is compared: lower case, no last dot, no brackets, in ASCII; "" for what is no host."""
    text = name.strip().removeprefix("[").removesuffix("]").removesuffix(".").lower()
    if any(ord(each) > 127 for each in text):
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            return ""
    return text


def address_of(name: str) -> str:
    """Return the address that a host is written as, in any of the ways a resolver takes (2130706433, 0x7f.1), or ""."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        pass
    parts = name.split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", part) for part in parts):
        return ""
    numbers = [_number(part) for part in parts]
    value = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return str(ipaddress.IPv4Address(value & 0xFFFFFFFF))


def _number(text: str) -> int:
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") and set(text) <= set("01234567") else 10
    return int(text.removeprefix("0x") or "0", base)


def classify(name: str, own: Mapping[str, int] | None = None) -> Class:
    """Return the tier of a host; `own` are the user's rules (`host` or `*.host` -> tier), which win over ours.

    Of several rules the longest one that matches decides. An address and what is no name belong to tier 5, unless a
    rule of the user's names the address itself.
    """
    host = normal(name)
    own = {normal(rule): tier for rule, tier in (own or {}).items()}
    for rules in (own, RULES):
        rule = max((rule for rule in _patterns(host) if rule in rules), key=len, default="")
        wild = "" if rule else _inner(host, rules)
        if rule or wild:
            return Class(host, rules[rule or wild], rule or wild)
    if address_of(host):
        return Class(host, EXFILTRATION, "", "an address, not a name")
    if not _NAME.match(host) or "." not in host or host.rpartition(".")[2].isdigit():
        return Class(host, EXFILTRATION, "", "no public name")
    if any(_CARRIER.search(label) for label in host.split(".")[:-2]):
        return Class(host, EXFILTRATION, "", "a part of the name looks like data")
    return Class(host, UNKNOWN, "")


def _patterns(host: str) -> Iterable[str]:
    parts = host.split(".")
    return (host, *("*." + ".".join(parts[place:]) for place in range(1, len(parts))))


def _inner(host: str, rules: Mapping[str, int]) -> str:
    """Return the rule with a star that is not a whole first label (`*-api.x.com`, `a.*.b.com`) which a host matches."""
    for rule in rules:
        if "*" in rule[1:] or (rule.startswith("*") and not rule.startswith("*.")):
            form = re.escape(rule).replace(r"\*", "[a-z0-9-]+")
            if re.fullmatch(form, host):
                return rule
    return ""


def decide(found: Class, *, unknown: str = "allow", port: int = 443, ports: Iterable[int] = PORTS) -> Verdict:
    """Return whether a host of a class may be asked for on a port; `unknown` is what happens to tier 4: allow or deny."""
    if found.tier >= EXFILTRATION:
        return Verdict(False, found.why or f"tier {found.tier}: {TIERS[EXFILTRATION]}", True)
    if port not in set(ports):
        return Verdict(False, f"port {port} is not open", True)
    if found.tier == UNKNOWN:
        return Verdict(unknown == "allow", f"tier 4: unknown, {unknown} by setting", True)
    return Verdict(True, f"tier {found.tier}: {TIERS[found.tier]}")


def is_public(address: str) -> bool:
    """Say whether an address lies in the world outside: not private, loopback, link-local, shared, or mapped to one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_site_local:  # the private range of before 2004, which some routers still know
            return False
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    if any(found in network for network in _DOCUMENTED if network.version == found.version):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved
