"""What sentences say of order: who waits for whom, what is free, what may run side by side."""

from typing import Final

from branchline.planfile.words.base import phrases

NONE: Final = frozenset(
    phrases(
        {
            "en": "-, –, —, n/a, na, nil, no, none, nothing, no dependencies, none yet",
            "de": "keine, keiner, nichts",
            "fr": "aucun, aucune",
            "es": "nada, ninguna, ninguno",
            "pt": "nenhum, nenhuma, nada, não há",
            "ru": "нет, отсутствуют, отсутствует",
            "uk": "немає, нема, відсутні",
            "zh": "无, 没有",
            "ja": "なし, 無し, ありません",
            "ko": "없음, 없습니다",
            "vi": "không, không có, có không",
            "it": "nessuna",
        }
    )
)
ALL_PRIOR: Final = phrases(
    {
        "en": "all prior, all previous, everything above, all above, all tasks above, all earlier, everything",
        "de": "alle vorherigen, alle vorigen, alles davor",
        "fr": "toutes les tâches précédentes, tout ce qui précède",
        "es": "todas las anteriores, todo lo anterior",
        "pt": "todas as anteriores, tudo acima",
        "ru": "все предыдущие, всё выше",
        "uk": "усі попередні, всі попередні",
        "zh": "所有前置, 以上所有, 前面所有",
        "ja": "以前のすべて, 上記すべて",
        "ko": "이전 모든, 위의 모든",
        "vi": "tất cả các bước trước, tất cả ở trên",
    }
)
EVERYTHING: Final = frozenset(
    phrases(
        {
            "en": """all, everything, all tasks, all phases, all other tasks, all other phases, all implementation tasks,
                all implementation phases, all modules, all implementation modules, all components""",
            "de": "alle, alles",
            "fr": "tout, toutes, tous",
            "es": "todo, todas, todos",
            "pt": "tudo, todas, todos",
            "ru": "все, всё",
            "uk": "усі, всі, все, усе",
            "zh": "全部, 所有",
            "ja": "すべて, 全て, 全部, 全",
            "ko": "모두, 모든, 전체, 전부",
            "vi": "tất cả",
        }
    )
)
"""The whole of what a task says that it depends on: all that stand before it."""
ALL_STORIES: Final = phrases(
    {
        "en": """all user stories, all user story phases, all story phases, any user story, any user stories,
            desired user stories, all stories, desired stories,
            all selected user stories, both user stories, all two user stories, all three user stories, all four user stories,
            all five user stories, targeted user stories, targeted stories, any us implementation, all us phases""",
        "de": "alle user stories",
        "fr": "toutes les user stories",
        "es": "todas las historias de usuario",
        "pt": "todas as histórias, todas as user stories, duas histórias, três histórias, histórias implementadas",
        "ru": "все пользовательские истории, всех пользовательских историй, всех user stories, всех желаемых user stories",
        "uk": "усі історії користувачів, усіх історій користувачів, усіх user stories, усіх бажаних user stories",
        "zh": """所有用户故事, 所有用戶故事, 所有使用者故事, 所有期望的用户故事, 所有期望的用戶故事, 所有 user story,
            所有 user stories""",
        "ja": "すべてのユーザーストーリー, 全ユーザーストーリー, 対象ストーリー",
        "ko": "모든 사용자 스토리, 모든 유저 스토리, 모든 user story",
        "vi": "tất cả user story, tất cả các user story",
    }
)
GATES: Final = (
    "no user story work can begin until this phase", "before implementing user stor", "before any user stor",
    "complete before user stor", "completed before user stor", "before user stories can", "before user story work",
    "complete before any us implementation", "用户故事开始前", "用户故事工作", "用户故事都必须", "任何用户故事",
    "ユーザーストーリーの作業", "ユーザーストーリーを開始", "사용자 스토리 작업",
)  # fmt: skip
"""What Spec Kit's template says of the phase that all stories wait for, and its translations."""
LATER: Final = phrases(
    {
        "en": "after",
        "de": "nach",
        "fr": "après",
        "es": "después de",
        "pt": "depois de, após",
        "ru": "после",
        "uk": "після",
        "zh": "之后, 完成后, 以后",
        "ja": "以降, の後, 完了後",
        "ko": "이후, 완료 후",
        "vi": "sau",
    }
)
"""Behind an arrow these turn it round: `T2 -> after T1`."""
ONCE: Final = phrases(
    {
        "en": "once, until, wait for, waiting for, waits on, wait on, follows, start when",
        "de": "sobald, erst wenn, bis, warten auf, folgt auf",
        "fr": "une fois, dès que, attend, suit",
        "es": "una vez, hasta, cuando, espera a, espera",
        "pt": "assim que, até, quando, espera por",
        "ru": "как только, когда, ждать",
        "uk": "щойно, коли, чекати",
        "zh": "等待, 等",
        "ja": "待ち",
        "ko": "대기",
        "vi": "khi, sau khi, chờ",
    }
)
"""Words for waiting that say so of tasks only with a task's id right behind them."""
EARLIER: Final = phrases(
    {
        "en": "before",
        "de": "vor",
        "fr": "avant",
        "es": "antes de",
        "pt": "antes de",
        "ru": "перед",
        "uk": "перед",
        "vi": "trước",
    }
)
"""`T1 before T2`, where an id or a number follows."""
DEPENDS_PROSE: Final = phrases(
    {
        "en": """depends on, depend on, depends only on, depend only on, blocked by, blocked-by, requires, needs, must wait for,
            waits for, after completing,
            has to wait for, builds on, build on""",
        "de": "abhängig von, hängt ab von, hängen ab von, hängt von, hängen von, wartet auf, blockiert durch, benötigt",
        "fr": "dépend de, dépendent de, bloqué par, nécessite",
        "es": "depende de, dependen de, bloqueado por, requiere",
        "pt": "depende de, dependem de, bloqueado por, requer",
        "ru": "зависит от, зависят от, требует, ждёт, ждет",
        "uk": "залежить від, залежать від, потребує, чекає на",
        "zh": "依赖于, 依赖, 取决于",
        "ja": "に依存",
        "ko": "에 의존",
        "vi": "phụ thuộc vào, phụ thuộc, cần có",
        "it": "dipende da, dipendono da, bloccato da, richiede",
    }
)
NOT: Final = phrases(
    {
        "en": "not, n't, never",
        "de": "nicht",
        "fr": "ne",
        "es": "no",
        "pt": "não",
        "ru": "не",
        "uk": "не",
        "zh": "不",
        "vi": "không",
        "it": "non",
    }
)
"""Right before a verb of waiting these say that nobody waits: `does not depend on T2`."""
BLOCKS_PROSE: Final = phrases(
    {
        "en": """blocks, unblocks, precedes, must precede, gates, prerequisite for, prerequisite of, prerequisites for,
            prerequisites of, required for, required by, needed for, needed by""",
        "de": "blockiert, blockieren",
        "fr": "bloque, bloquent, précède, précèdent",
        "es": "bloquea, bloquean, precede a, preceden a",
        "pt": "bloqueia, bloqueiam, precede, precedem",
        "ru": "блокирует, блокируют, предшествует",
        "uk": "блокує, блокують, передує",
        "zh": "阻塞, 阻挡",
        "ja": "をブロック",
        "ko": "을 차단",
        "vi": "chặn",
    }
)
UNBOUND: Final = phrases(
    {
        "en": "no dependenc, independent, start immediately",
        "de": "unabhängig, keine abhängigkeiten",
        "fr": "indépendant, aucune dépendance",
        "es": "independiente, sin dependencias",
        "pt": "independente, sem dependências",
        "ru": "независим, без зависимостей",
        "uk": "незалежн, без залежностей",
        "zh": "无依赖, 独立, 無相依",
        "ja": "依存なし, 独立",
        "ko": "독립, 의존성 없음",
        "vi": "độc lập, không phụ thuộc",
    }
)
SEQUENTIAL: Final = phrases(
    {
        "en": """sequential, one after the other, one after another, one by one, in this order, in that order, in sequence,
            done in order, run in order, executed in order, completed in order, strictly in order""",
        "de": "nacheinander, sequenziell, sequentiell",
        "fr": "séquentiel, l'un après l'autre",
        "es": "secuencial",
        "pt": "sequencial",
        "ru": "последовательн",
        "uk": "послідовн",
        "zh": "顺序执行, 依次",
        "ja": "順次, 順番に",
        "ko": "순차",
        "vi": "tuần tự",
    }
)
THEN: Final = phrases(
    {
        "en": "then, and then, finally",
        "de": "dann, danach, zuletzt, schließlich",
        "fr": "puis, ensuite, enfin",
        "es": "luego, y luego, después, por último, finalmente",
        "pt": "então, em seguida, por fim, por último",
        "ru": "затем, потом, наконец",
        "uk": "потім, тоді, нарешті",
        "zh": "然后, 接着, 随后, 最后",
        "ja": "その後, 次に, 最後に",
        "ko": "그 다음, 그다음, 마지막으로",
        "vi": "sau đó, rồi, cuối cùng",
    }
)
"""Words between what comes first and what comes next."""
PARALLEL: Final = phrases(
    {
        "en": "parallel",
        "de": "parallel, gleichzeitig",
        "fr": "parallèle",
        "es": "paralelo",
        "pt": "paralelo",
        "ru": "параллельно",
        "uk": "паралельно",
        "zh": "并行",
        "ja": "並行, 並列",
        "ko": "병렬, 동시에",
        "vi": "song song",
    }
)
