"""Secrets that are known by their own form: the keys of providers, JSON web tokens, private keys."""

import functools
import re
from collections.abc import Iterator
from typing import Final

from branchline.guard.spans import Allowance, Plain, Span, by_first, judged
from branchline.patterns import late

_UUID: Final = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_FORMS: Final = {
    "ANTHROPIC_KEY": r"sk-ant-[\w-]{8,256}",
    "OPENAI_KEY": r"sk-proj-[\w-]{16,256} sk-svcacct-[\w-]{16,256} sk-admin-[\w-]{16,256} sk-None-[\w-]{16,256}"
    r" sk-or-v1-[0-9a-f]{32,64} sk-[A-Za-z0-9]{20,128} sk-(?=[a-z]{0,8}[A-Z0-9])[A-Za-z0-9]{12,19}(?!\w) sess-[A-Za-z0-9]{40}",
    "GITHUB_TOKEN": r"gh[pousr]_[A-Za-z0-9]{20,255} github_pat_\w{20,255}",
    "GITLAB_TOKEN": r"gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|oas|ffct|soat)-[\w-]{18,128}(?:\.[\w.]{2,24})? GR1348941[\w-]{20}",
    "AWS_KEY": r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "GOOGLE_KEY": r"AIza[\w-]{30,40} ya29\.[\w.-]{20,512} GOCSPX-[\w-]{20,40} 1//0[\w-]{40,128}",
    "SLACK_TOKEN": r"xox[abeoprs]-[\w-]{10,256} xapp-\d-[\w-]{10,256}",
    "WEBHOOK": r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{10,128}"
    r" https://(?:outlook\.office\.com/webhook|[\w-]{1,64}\.webhook\.office\.com/webhookb2)/[\w@/-]{60,256}"
    r" https://(?:hooks\.zapier\.com/hooks/catch|[\w-]{1,64}\.tines\.com/webhook)/[\w/-]{10,128}"
    r" https://(?:\w{1,10}\.)?discord(?:app)?\.com/api/webhooks/\d{10,24}/[\w-]{20,100}",
    "STRIPE_KEY": r"sk_(?:live|test|prod)_[A-Za-z0-9]{10,128} rk_(?:live|test|prod)_[A-Za-z0-9]{10,128}"
    r" pk_live_[A-Za-z0-9]{10,128} whsec_[A-Za-z0-9+/=]{16,128}",
    "PRIVATE_KEY": r"MII[A-Za-z0-9+/]{1,5}IBA(?:A|DANBgkq)[A-Za-z0-9+/]{40,8000}={0,2}"
    r" M(?:HcC|IHbA|IGkA|IHcA)gEBBE?[A-Za-z0-9+/]{40,400} M(?:IG|C4C|FMC|FEC)[A-Za-z0-9+/]{0,4}AQAw[A-Za-z0-9+/]{40,400}={0,2}",
    "NPM_TOKEN": r"npm_[A-Za-z0-9]{36}",
    "PYPI_TOKEN": r"pypi-[\w-]{16,512}",
    "HUGGINGFACE_TOKEN": r"hf_[A-Za-z0-9]{30,64} api_org_[A-Za-z]{34}",
    "SENDGRID_KEY": r"SG\.[\w-]{16,64}\.[\w-]{16,128}",
    "TWILIO_KEY": r"SK[0-9a-f]{32}(?![0-9A-Za-z]) AC[0-9a-f]{32}(?![0-9A-Za-z])",
    "TELEGRAM_TOKEN": r"\d{8,10}:[A-Za-z0-9_-]{34,35}(?![\w-])",
    "AZURE_SECRET": r"(?<=AccountKey=)[A-Za-z0-9+/]{40,100}={0,2} (?<=SharedAccessKey=)[A-Za-z0-9+/]{40,100}={0,2}"
    r" (?<=[?&]sig=)[A-Za-z0-9%+/=]{20,128} [\w~.]{3}[78]Q~[\w~.-]{31,34}",
    "JWT": r"eyJ(?=[\w-]{8})(?:[A-Za-z0-9]++|[-_](?!eyJ)|[^\W_]){1,8000}+\.eyJ[\w-]{8,20000}(?:\.[\w-]{0,2000})?"
    r" eyJ(?=[\w-]{15})(?:[A-Za-z0-9]++|[-_](?!eyJ)|[^\W_]){1,8000}+\.[\w-]{0,2000}(?:\.[\w-]{10,20000}){1,3}",
    # Mailgun, Mailchimp, DigitalOcean, Shopify, Square, Databricks, Linear, Notion, Figma, Postman, Grafana, New Relic, Sentry,
    # Supabase, Netlify, Doppler, Terraform, Vault, RubyGems, crates.io, Docker, Atlassian, Airtable, Meta, Replicate, Groq,
    # xAI, Perplexity, Pinecone, LangSmith, Tailscale, NVIDIA, PlanetScale, Alibaba, Tencent, Brevo, CircleCI, Buildkite,
    # Resend, Tavily, Discord, age, PostHog, Sourcegraph, 1Password, Heroku, EasyPost, Vercel, Cloudflare, Bedrock, Dynatrace,
    # Fly, Pulumi, Prefect, Duffel, Shippo, ReadMe, Typeform, Octopus, SettleMint, Yandex, Apify, LaunchDarkly,
    # Dependency-Track, Azure DevOps and AI, Grafana of old, Salesforce, TrueNAS, Twitch, ClickUp, PubNub, ElevenLabs, SonarQube,
    # Frame.io, Dropbox, Ubidots, MaxMind, NuGet, Contentful, HubSpot, Ionic, MongoDB, Teamwork, Telnyx, Voiceflow, Zoho, Mapbox.
    "API_KEY": r"key-(?<!-key-)[0-9a-z]{32}(?![0-9a-z-]) [0-9a-f]{32}-us\d{1,2}(?!\w) do[opr]_v1_[0-9a-f]{40,64}"
    r" shp(?:at|ca|pa|ss)_[0-9A-Za-z]{28,40} sq0(?:atp|csp|idp)-[\w-]{22,64} dapi[0-9a-fA-F]{32,40}(?:-\d)?"
    r" lin_(?:api|oauth)_\w{32,64}"
    r" ntn_\w{40,64} secret_[A-Za-z0-9]{43} fig[dor]_[\w-]{20,64} PMAK-[0-9a-f]{24}-[0-9a-f]{34} gl(?:sa|c)_[\w=+/]{30,400}"
    r" NRAK-[A-Z0-9]{27} sntry[su]_[\w+/=]{20,400} sbp_[0-9a-z]{40} sb_secret_[\w-]{20,64} nf[pcoub]_[A-Za-z0-9]{36}"
    r" dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,64} [A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,80} hv[sbr]\.[\w-]{20,300}"
    r" rubygems_[0-9a-f]{48} cio[A-Za-z0-9]{32}(?!\w) dckr_(?:pat|oat)_[\w-]{20,64} ATATT3[\w=-]{40,300}"
    r" ATBB[A-Za-z0-9]{24,40} pat[A-Za-z0-9]{14}\.[0-9a-f]{64} EAA[A-Za-z0-9]{40,400} r8_[A-Za-z0-9]{37,40}"
    r" gsk_[A-Za-z0-9]{40,64} xai-\w{40,100} pplx-[A-Za-z0-9]{40,64} pcsk_[\w-]{30,100}"
    r" lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10} tskey-[a-z]{3,12}-[\w-]{10,80} nvapi-[\w-]{40,100}"
    r" pscale_(?:tkn|pw|oauth)_[\w.=-]{32,64} LTAI[A-Za-z0-9]{12,20}(?!\w) AKID[A-Za-z0-9]{32} xkeysib-[0-9a-f]{64}-\w{16}"
    r" CCIP(?:AT|RT)_\w{40,128} bkua_[0-9a-z]{40} re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40} tvly-[\w-]{20,64}"
    r" [MNO][A-Za-z0-9_-]{23,25}\.[\w-]{6}\.[\w-]{27,38} AGE-SECRET-KEY-1[0-9A-Z]{40,64} ph[cx]_\w{40,50}"
    r" s(?:gp|lk)_[A-Za-z0-9_]{40,80} ops_eyJ[\w-]{50,2000} HRKU-[\w-]{30,80} EZ[AT]K[A-Za-z0-9]{54}"
    r" vc[pciark]_[A-Za-z0-9]{24,64}"
    r" cf(?:ut|at|k)_[A-Za-z0-9]{40,64}"
    r" ABSK[A-Za-z0-9+/]{100,200}={0,2} dt0[a-z]\d\d\.\w{24}\.\w{64} f(?:o1|m1[ar]|m2)_[\w+/=-]{40,400}"
    r" pul-[0-9a-f]{40} pnu_\w{36}"
    r" duffel_(?:test|live)_[\w=-]{40,50} shippo_(?:live|test)_[0-9a-fA-F]{40} rdme_\w{60,80} tfp_[\w.=-]{40,64}"
    r" API-[A-Z0-9]{26}"
    r" sm_[ps]at_\w{16} AQVN[\w-]{35,40} NRI[IQ]-[\w-]{20,40} apify_api_\w{30,50}"
    + "".join(rf" {name}-{_UUID}" for name in ("sdk", "api", "mob", "pub-c", "sub-c", "sec-c", r"pat-(?:na|eu)\d"))
    + r" odt_[A-Za-z0-9]{32,36} [A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,30} [A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"
    r" eyJrIjoi[\w+/=-]{60,400}"
    r" 00D[A-Za-z0-9]{12,15}![\w.]{60,120} \d{1,3}-[A-Za-z0-9]{64}(?!\w) live_\d{6,12}_[A-Za-z0-9]{25,40}"
    r" pk_\d{5,10}_[A-Z0-9]{30,36}"
    r" ak_live_[A-Za-z0-9]{20,64} pk_[0-9a-f]{32,64} sk_[0-9a-f]{32,64} pat\.[\w-]{22}\.\w{24}\.\w{20} sq[apu]_[0-9a-f]{40}"
    r" fio-u-[\w-]{60,72} sl\.[\w-]{120,200} BBFF-[A-Za-z0-9]{30}"
    r" [A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk oy2[a-z0-9]{43} CFPAT-[\w-]{43,70} ion_[A-Za-z0-9]{42} mdb_sa_sk_[\w-]{40}"
    r" tkn\.v1_[A-Za-z0-9=]{60,100} KEY[A-Z0-9][\w-]{54} VF\.(?:DM|WS)\.[0-9a-f]{24}\.[A-Za-z0-9]{16}"
    r" 1000\.[0-9a-f]{32}\.[0-9a-f]{32}"
    r" pk\.eyJ[\w-]{50,160}\.[\w-]{20,24} sk\.eyJ[\w-]{50,160}\.[\w-]{20,24} [0-9a-f]{32}(?:-[0-9a-f]{8}){2}(?![\w-])"
    r" AQ\.Ab8[\w-]{20,80}"
    r" SWMTKN-1-[0-9a-z]{40,60}-[0-9a-z]{20,30} A3(?:-[A-Z0-9]{5,11}){5,6}(?![\w-]) CLOJARS_[0-9a-f]{60} akab(?:-[a-z0-9]{16}){2}"
    r" packagist_[a-z]{3}_[0-9a-f]{28,68} FLW(?:SEC|PUB)K(?:_TEST)?-[0-9A-Za-z]{32}-X",
}
"""Kind of placeholder -> the forms of its secrets, each bounded, so that a search is linear in the text."""
_WEAK: Final = frozenset({"API_KEY", "OPENAI_KEY", "PYPI_TOKEN"})
"""Kinds whose forms some names of things have too; such names have no digits, and no capitals among small letters."""
_PART: Final = late(r"[A-Za-z_](?:(?<=\w{3}[A-Za-z_])|\w{3})")
"""What no secret is without, and many a run of signs is."""
_MIXED: Final = late(r"(?=.{40})(?=.*[a-z])(?=.*[A-Z])|sk-(?:[A-Z]{12}|[A-Za-z]{20})")


@functools.cache
def _anything() -> tuple[re.Pattern[str], ...]:
    """All forms in two patterns: those that stand behind `=`, and the others, a pattern which is quick to say no: it begins
    before each word, and most words begin no form; few forms have another second character than a letter or a digit, and those
    that begin with any letters are tried where as many stand.
    """
    every = [form for forms in _FORMS.values() for form in forms.split()]
    given = [form for form in every if form.startswith("(?<=")]
    mixed = [form for form in every if form.startswith((r"[\w~.]", "[MNO]", "[A-Za-z0-9]{6}"))]
    long = ("[A-Za-z0-9]{", "[0-9a-f]{", r"\d{8")
    runs = [form for form in every if form.startswith(long) and form not in mixed]
    rest = by_first(form for form in every if form not in (*runs, *given, *mixed))
    return (
        re.compile(
            r"[^A-Za-z0-9](?=[A-Za-z0-9](?:[A-Za-z0-9]|[/-](?<=\d.)[A-Za-z0-9/]{2}|[_-](?<=[MNO].)|[_~.][\w~.][78]Q~)"
            r"[A-Za-z0-9_.~+/=:%?&!@\x80-\U0010ffff-]{13})(?:(?<=/)bot)?"
            rf"({rest}|(?=[A-Za-z0-9]{{8,34}}+(?:[:.-]|[A-Za-z0-9]{{44}}))(?:{'|'.join(runs)})|{'|'.join(mixed)})"
        ),
        re.compile(rf"=(?=[A-Za-z0-9])({'|'.join(given)})"),
    )


@functools.cache
def _form(kind: str) -> re.Pattern[str]:
    """The forms of one kind, for what was found."""
    return re.compile("|".join(_FORMS[kind].split()))


_CRYPT: Final = late(r"\$(?:1|apr1|2[abxy]|5|6|8|y|argon2(?:id|i|d)|krb5\w{2,8})\$[\w./$=,@:*+-]{20,2000}")
_BEGIN: Final = late(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK: Final = 20_000
"""No private key is longer."""
_PUTTY: Final = late(r"Private-Lines: \d{1,3}\r?\n((?:[A-Za-z0-9+/=]{1,80}+\r?\n?){1,400})")
_JWK: Final = late(r"[\"'](?:d|k|p|q|dp|dq|qi)\\?[\"']\s{0,4}:\s{0,4}\\?[\"']([\w-]{16,1400})\\?[\"']")
_PIECE: Final = late(r"(?:[A-Za-z0-9+/=]|\\(?![nr])){8,}")


def known(read: Plain) -> Iterator[Span]:
    """Find the secrets of known forms."""
    if _PART.search(read.text):
        for pattern in _anything():
            yield from _of_forms(read.text, pattern)
    yield from judged(read.text, _CRYPT, lambda found: Span(*found.span(), "PASSWORD_HASH"), "PASSWORD_HASH")


def _of_forms(text: str, pattern: re.Pattern[str]) -> Iterator[Span]:
    line = Allowance(text)
    led, end = " " + text, 0  # the first word too has a character before it
    while found := pattern.search(led, end):
        start, end = found.start(1) - 1, found.end() - 1
        if line.over(start):
            yield from line.rest(start, "SECRET")
            end = line.end
            continue
        line.take()
        kind = next(kind for kind in _FORMS if _form(kind).match(text, start, end))
        good = kind not in _WEAK or any(map(str.isdigit, found[1])) or _MIXED.match(found[1])
        if good and "xxxxxxxx" not in found[1].lower():
            yield Span(start, end, kind)


def private_keys(read: Plain) -> Iterator[Span]:
    """Find the lines inside of private key blocks, each a place of its own, so that no line is lost, and JSON web keys."""
    text = read.text
    blocks = [
        (found.end(), text.find("-----", found.end(), found.end() + _BLOCK))
        for found in (_BEGIN.finditer(text) if "PRIVATE KEY" in text else ())
    ]
    blocks += [found.span(1) for found in (_PUTTY.finditer(text) if "Private-Lines" in text else ())]
    line = Allowance(text)
    for begin, end in blocks:
        for piece in _PIECE.finditer(text, begin, end if end >= 0 else begin + _BLOCK):
            if line.over(piece.start()):
                yield from line.rest(piece.start(), "PRIVATE_KEY")
                break
            line.take()
            yield Span(piece.start(), piece.end(), "PRIVATE_KEY")
    if "kty" in read.low:
        yield from judged(read.text, _JWK, lambda found: Span(*found.span(1), "PRIVATE_KEY"), "PRIVATE_KEY")
