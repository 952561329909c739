"""What in a text tries to steer the agent that reads it: rules as data, each with a severity.

`high` is a sentence that no honest plan has a use for: the task is held until a person has looked. `medium` is what
honest texts may have for their own reasons: it is shown, and holds nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from branchline.patterns import late

Severity = Literal["medium", "high"]


class Flag(NamedTuple):
    """One place that tries to steer: the rule that says so, its line from 1, and the words."""

    rule: str
    severity: Severity
    line: int
    words: str


class Rule(NamedTuple):
    """A form of words; it is looked for only where one of `hints` stands. Both see the text folded, in small letters.

    Forms are large and most texts hold no hint: `re` compiles one when it is first asked for, and keeps it.
    """

    name: str
    severity: Severity
    hints: tuple[str, ...]
    form: str


def _rule(name: str, severity: Severity, hints: str, form: str) -> Rule:
    return Rule(name, severity, tuple(hints.split()), form)


_EARLIER: Final = r"(?:previous|prior|above|earlier|preceding|foregoing|former|existing|original|system|safety|your)"
_ORDERS: Final = (
    r"(?:instructions?|prompts?|rules|guidelines|directions|directives|orders|constraints|context|restrictions)"
)
_SAID: Final = r"(?:instructions?|prompts?|directives|orders)"
"""Rules, which a style guide may say not to follow, are not among these."""
_KEPT: Final = (
    r"(?:\benv\b|\benvironment variables?|~/\.(?:ssh|aws|config|netrc)|id_(?:rsa|ed25519)|/etc/(?:passwd|shadow)|\.env\b"
    r"|(?:api|private|ssh|secret) keys?|credentials|secrets|access tokens?)"
)
RULES: Final = (
    _rule(
        "override",
        "high",
        "ignore disregard forget override bypass follow obey",
        rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){{0,3}}?{_EARLIER}\s+(?:\w+\s+){{0,2}}?{_ORDERS}\b"
        rf"|\b(?:ignore|disregard|forget)\s+(?:all|any|every)\s+(?:of\s+)?(?:the\s+)?{_ORDERS}\b"
        r"|\b(?:disregard|forget)\s+(?:everything|all|what)\s+(?:above|before|(?:that\s+)?you(?:'ve|\s+were|\s+have)\b)"
        r"|\b(?:ignore|disregard|forget)\s+(?:all\s+)?(?:of\s+)?the\s+(?:above|preceding)\s+and\b"
        rf"|\b(?:(?:do\s+not|don't|never)\s+(?:follow|obey)|stop\s+(?:following|obeying))\s+(?:\w+\s+){{0,3}}?"
        rf"(?:{_EARLIER}\s+(?:\w+\s+){{0,2}}?{_SAID}|{_SAID}\s+(?:above|before))\b",
    ),
    _rule(
        "override",
        "high",
        "忽略 忽視 忽视 无视 無視 忘 무시 ignorier vergiss missachte ignor oubli olvid esque dimentic игнорир забудь"
        " desconsider negeer vergeet"
        " zapomnij talimat komut สั่ง αγνό ξέχνα ignorați ignoră uită unohda"
        " jätä hagyd felejtsd zapomeň zabudni تجاهل انس निर्देश bỏ quên abaikan lupakan התעלם שכח glöm glem ігнор",
        r"(?:忽略|忽視|忽视|无视|無視|忘记|忘記|忘掉)\s?(?:掉)?(?:你|您)?(?:之前|以上|先前|前面|上述|所有|一切|全部)[^\n。]{0,12}(?:指令|指示|提示|规则|規則|命令)"
        r"|(?:以前|これまで|上記|前)の[^\n。]{0,8}(?:指示|命令|プロンプト)[^\n。]{0,8}無視|(?:이전|위의|모든)[^\n.]{0,10}(?:지시|명령|지침)[^\n.]{0,8}무시"
        r"|\b(?:ignoriere?|vergiss|missachte)n?\s+(?:sie\s+)?(?:alle\s+|die\s+)*(?:vorherigen|bisherigen|obigen|früheren)\s+\w*(?:anweisungen|regeln|befehle)"
        r"|\bvergiss\s+alles\s*,?\s+was\s+(?:dir|du|man|ich)\b"
        r"|\b(?:ignore[rz]?|oublie[rz]?)\s+(?:toutes\s+)?(?:les\s+)?(?:instructions|consignes|règles)\s+(?:précédentes|antérieures|ci-dessus)"
        r"|\b(?:ignor[ae]|olvid[ae])\s+(?:todas\s+)?(?:las\s+)?(?:instrucciones|reglas|órdenes)\s+(?:anteriores|previas)"
        r"|\b(?:ignor[ae]|esqueça|desconsider[ae])\s+(?:todas\s+)?(?:as\s+)?(?:instruções|regras)\s+(?:anteriores|prévias|acima)"
        r"|\b(?:ignora|dimentica)\s+(?:tutte\s+)?le\s+(?:istruzioni|regole)\s+precedenti"
        r"|(?:игнорируй(?:те)?|забудь(?:те)?)\s+(?:все\s+)?(?:предыдущие|прежние|прошлые)\s+(?:инструкции|указания|правила)"
        r"|(?:ігноруй(?:те)?|забудь(?:те)?)\s+(?:всі|усі)\s+попередні\s+(?:інструкції|вказівки|правила)"
        r"|\b(?:negeer|vergeet)\s+(?:alle\s+|de\s+)*(?:vorige|voorgaande|eerdere|bovenstaande)\s+(?:instructies|opdrachten|regels)"
        r"|\b(?:z?ignoruj|zapomnij)\s+(?:o\s+)?(?:wszystki\w+\s+)?(?:poprzedni\w+|wcześniejsz\w+)\s+(?:instrukcj\w+|poleceni\w+)"
        r"|\b(?:önceki|yukarıdaki)\s+(?:tüm\s+|bütün\s+)?(?:talimatları|komutları)\s+(?:yok\s+say|görmezden\s+gel|unut)"
        r"|\b(?:ignorera|ignorer|glöm|glem)\s+(?:alla\s+|alle\s+)?(?:tidigare|tidligere|föregående)\s+(?:instru\w+|anvis\w+)"
        r"|\b(?:bỏ\s+qua|quên)\s+(?:mọi\s+|tất\s+cả\s+)?(?:các\s+)?(?:hướng\s+dẫn|chỉ\s+dẫn|lệnh)\s+(?:trước|ở\s+trên)"
        r"|\b(?:abaikan|lupakan)\s+(?:semua\s+)?(?:instruksi|perintah|arahan)\s+(?:sebelumnya|di\s+atas)"
        r"|(?:ไม่ต้องสนใจ|เพิกเฉยต่อ|ลืม)[^\n]{0,16}สั่ง[^\n]{0,12}(?:ก่อนหน้า|ข้างต้น|ทั้งหมด)"
        r"|\b(?:αγνό(?:ησε|ησετε)|ξέχνα)\s+(?:όλες\s+)?(?:τις\s+)?προηγούμενες\s+(?:οδηγίες|εντολές)"
        r"|\b(?:ignoră|ignorați|uită)\s+(?:toate\s+)?(?:instrucțiunile|regulile)\s+(?:anterioare|precedente)"
        r"|\b(?:jätä\s+huomiotta|unohda)\s+(?:kaikki\s+)?(?:aiemmat|edelliset)\s+(?:ohjeet|käskyt)"
        r"|\b(?:hagyd\s+figyelmen\s+kívül|felejtsd\s+el)\s+(?:az\s+)?(?:összes\s+)?(?:korábbi|előző)\s+utasítás\w*"
        r"|\b(?:ignoruj\w*|zapomeň\w*|zabudni\w*)\s+(?:na\s+)?(?:vš\w+\s+)?(?:předchozí|predchádzajúce)\s+(?:instruk\w+|pokyny|príkazy)"
        r"|(?:تجاهل|انس)\s+(?:جميع\s+|كل\s+|كافة\s+)?(?:التعليمات|الأوامر)\s+(?:السابقة|أعلاه)"
        r"|(?:התעלמ?י?ם?|שכח)\s+(?:מכל\s+|את\s+כל\s+)?(?:ההוראות|ההנחיות)\s+(?:הקודמות|לעיל)"
        r"|(?:पिछले|पहले\s+के|उपरोक्त)\s+(?:सभी\s+)?(?:निर्देशों|आदेशों)\s+को\s+(?:अनदेखा|भूल)",
    ),
    _rule(
        "theft",
        "high",
        "exfiltrat nc send post upload leak print dump add email curl wget paste cat",
        rf"\bexfiltrat\w*\s[^\n]{{0,60}}{_KEPT}"
        rf"|\b(?:send|post|upload|leak|e?mail|paste|curl|wget|print|dump|cat)\b[^\n.]{{0,50}}{_KEPT}[^\n]{{0,50}}?"
        r"(?:https?://|\bto\s+(?:https?|the\s+(?:pr|pull\s+request|issue|comment|attacker))|\b(?:pr|pull\s+request|issue)\s+(?:body|comment|description)|\b(?:and|then)\s+(?:send|post|upload|e?mail|publish|paste)\s+(?:it|them)\b|\|\s*(?:nc|curl)\b|\bwebhook)"
        r"|\$\{?\w{0,40}(?:token|secret|key|password)\w{0,20}\}?[\"']?\s*\|\s*(?:curl|wget|nc)\b"
        r"|(?:curl|wget)\s[^\n]{0,120}(?:\$\(\s*(?:env|printenv|cat\s)|@~?/[^\s]*(?:\.ssh|\.env|id_rsa|passwd))",
    ),
    _rule(
        "remote code",
        "high",
        "curl wget base64",
        r"(?:curl|wget)\s[^\n|]{0,160}https?://[\w.-]*(?:evil|attacker|malicious|pastebin\.com/raw|webhook\.site|requestbin|ngrok|burpcollab|interact\.sh|oast)[^\n]{0,80}"
        r"|base64\s+(?:-d|-D|--decode)[^\n]{0,40}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b",
    ),
    _rule(
        "persona",
        "high",
        "you act developer jailbreak dan",
        r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:in\s+)?(?:an?\s+)?(?:dan\b|developer\s+mode|jailbroken|unrestricted|unfiltered|root\b|bound\s+by|restricted)"
        r"|\bact\s+as\s+if\s+(?:you\s+)?(?:have|had)\s+no\s+(?:restrictions|rules|limits)|\bdeveloper\s+mode\s+(?:is\s+)?(?:now\s+)?(?:enabled|activated)\b",
    ),
    _rule(
        "false authority",
        "medium",
        "approve confirm operator supervisor every all",
        r"\b(?:operator|administrator|supervisor|coordinator|the\s+user)\s+(?:has\s+)?(?:already\s+)?(?:approved|confirmed|authori[sz]ed)\b"
        r"|\bauto-?approve\s+(?:all|every|this)|\bskip\s+(?:all\s+|the\s+)?(?:confirmations?|approvals?)\b|\bapprove\s+(?:all|every)\s+(?:remaining\s+|other\s+)?tasks?\b"
        r"|\bmark\s+(?:all|every)\s+(?:other\s+|remaining\s+)?tasks?\s+(?:as\s+)?(?:done|complete|approved)\b",
    ),
    _rule(
        "false voice",
        "medium",
        "system assistant agent llm im_start /inst sys task_output untrusted tool_result lineage new <",
        r"(?:^|\n)[ >#*]{0,6}(?:system|assistant|developer)(?:\s+(?:message|prompt|notice))?\s{0,2}:\s+"
        r"(?:you|ignore|operator|the\s+user|new|from\s+now|do\b|run\b|execute|all\b|always|never)"
        r"|(?:^|\n)[ >#*]{0,6}new\s+instructions?\s{0,2}:"
        r"|\b(?:agents?|assistants?|llms?|models?)\s+(?:that\s+)?(?:read|process)(?:s|ing)?\s+this\b"
        r"|<\|(?:im_start|im_end|system|endofprompt)\|>|\[/inst\]|<</?sys>>|</(?:task_output|untrusted|tool_result|system|instructions)>"
        r"|</\w{2,20}>\s{1,4}(?:system|assistant)\s?:|(?:lineage\s+rules|task\s+lineage)\s*:|<\s*-{1,3}\s*this\s+task",
    ),
    _rule(
        "secrecy",
        "medium",
        "reveal tell mention inform",
        r"\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention|reveal)\b[^\n.]{0,40}\b(?:this\s+(?:instruction|message|prompt|step)|these\s+instructions)"
        r"|\b(?:reveal|repeat|output|print)\s+(?:me\s+)?your\s+(?:system|hidden|initial)\s+(?:prompt|instructions)",
    ),
    _rule(
        "hidden text",
        "medium",
        "<!-- display font-size opacity visibility",
        r"<!--(?:[^-<]|-(?!->)){0,120}?\b(?:agents?|assistants?|ai|llms?|claude|gpt|copilot)\b\s*[:,](?:[^-<]|-(?!->)){0,400}-->"
        r"|<\w{1,10}\s[^>\n]{0,120}(?:display\s*:\s*none|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])|visibility\s*:\s*hidden)[^>\n]{0,80}>\s*[^<\s]",
    ),
)
"""What is looked for, the gravest first."""

_ZERO: Final = "\u200b\u2060\ufeff\u180e"
_UNSEEN: Final = late(f"[{_ZERO}\u200c\u200d\u200e\u200f\u00ad\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_TAGS: Final = late("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0020-\U000e007e]{3,}")
_SELECTORS: Final = late("[\U000e0100-\U000e01ef\ufe00-\ufe0f]{4,}")
_OVERRIDE: Final = late("[\u202d\u202e]")
_ISOLATE: Final = late("[\u202a\u202b\u2066-\u2068]")
_RIGHT_TO_LEFT: Final = late("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SPLIT: Final = late(f"[A-Za-z][{_ZERO}]+[A-Za-z]")
_MANY: Final = late(f"[{_ZERO}\u200c\u200d]{{6,}}")
_ANSI: Final = late("[\x1b\x9b\x9d]")
_CLIPBOARD: Final = late("(?:\x1b\\]|\x9d)52;")
_ALIKE: Final = str.maketrans("аеорсухіјѕһԁɡᴏοαερτυνικ", "aeopcyxijshdgooaeptuvik")
_MIXED: Final = late("[A-Za-z][аеорсухіјѕһԁ]+[A-Za-z]|(?<![^\\W\\d_])[аеорсухіјѕһԁАВЕКМНОРСТХ][A-Za-z]{3,}")
_QUOTES: Final = "\"'`“”‘’«»「」"


def scan(text: str) -> list[Flag]:
    """Look for words and characters that try to steer the reader; each rule once a text, linear in it."""
    flags = [*_unseen(text)] if not text.isascii() or "\x1b" in text else []
    hidden = "".join(chr(ord(one) - 0xE0000) for found in _TAGS.finditer(text) for one in found[0])
    folded = _fold(text if not hidden else f"{text}\n{hidden}")
    named = {flag.rule for flag in flags}
    for rule in RULES:
        if rule.name in named or not any(hint in folded for hint in rule.hints):
            continue
        if found := re.search(rule.form, folded):
            severity: Severity = "medium" if _is_quoted(folded, found) else rule.severity
            flags.append(_flag(rule.name, severity, folded, found))
            named.add(rule.name)
    return flags


def _fold(text: str) -> str:
    """The text as its reader takes it: no invisible characters, letters of other scripts that look alike, small letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).lower()
        return _WORD.sub(lambda found: found[0].translate(_ALIKE) if _LATIN.search(found[0]) else found[0], text)
    return text.lower()


_WORD: Final = late(r"[^\W\d_]+")
_LATIN: Final = late("[a-z]")


def _is_quoted(text: str, found: "re.Match[str]") -> bool:
    """Whether a phrase is spoken of and not spoken: it stands in quotation marks of its own."""
    before, after = (
        text[max(0, found.start() - 2) : found.start()].strip(),
        text[found.end() : found.end() + 30].split("\n")[0],
    )
    return bool(before) and before[-1] in _QUOTES and any(quote in after for quote in _QUOTES)


def _unseen(text: str) -> Iterator[Flag]:
    """Characters that show a person something else than they say to a program."""
    looks: tuple[tuple[str, Severity, re.Pattern[str]], ...] = (
        ("invisible letters", "high", _TAGS),
        ("invisible letters", "high", _SELECTORS),
        ("invisible letters", "high", _MANY),
        ("clipboard code", "high", _CLIPBOARD),
        ("reversed text", "medium", _OVERRIDE),
        ("split words", "medium", _SPLIT),
        ("look-alike letters", "medium", _MIXED),
        ("terminal codes", "medium", _ANSI),
    )
    for name, severity, form in looks:
        if found := form.search(text):
            yield _flag(name, severity, text, found)
    if (found := _ISOLATE.search(text)) and not _RIGHT_TO_LEFT.search(text):
        yield _flag("reversed text", "medium", text, found)


def _flag(rule: str, severity: Severity, text: str, found: "re.Match[str]") -> Flag:
    words = " ".join(text[found.start() : found.end()].split())[:80]
    return Flag(rule, severity, text.count("\n", 0, found.start()) + 1, words)
