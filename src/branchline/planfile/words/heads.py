"""The words by which headings name tasks and phases: before a number, behind it, or instead of one."""

from typing import Final

from branchline.planfile.words import others
from branchline.planfile.words.base import Lists, phrases, words

_TASK_HEADS: Final[Lists] = {
    "en": "task, step, unit, story, ticket, item, todo, work item, action, change, fix, bug fix, improvement",
    "de": "aufgabe, schritt, arbeitspaket",
    "fr": "tâche, étape",
    "es": "tarea, paso",
    "pt": "tarefa, passo",
    "ru": "задача, шаг, задание",
    "uk": "завдання, задача, крок",
    "zh": "任务, 步骤",
    "ja": "タスク, ステップ, 手順",
    "ko": "작업, 단계별, 태스크, 스텝",
    "vi": "nhiệm vụ, bước, công việc",
}
_PHASE_HEADS: Final[Lists] = {
    "en": """phase, stage, milestone, sprint, wave, epic, iteration, chunk, increment, week, part, batch, track, month,
        day, hour, session, stream, workstream, slice, round, cycle, block, priority, task group""",
    "de": "etappe, stufe, meilenstein, abschnitt, woche, teil, block, priorität, welle, paket, runde, tag, stunde, monat",
    "fr": """jalon, semaine, lot, partie, épopée, bloc, priorité, vague, salve, itération, palier, volet, tranche, mois,
        jour, heure""",
    "es": "fase, etapa, hito, semana, parte, épica, bloque, prioridad, iteración, ola, ronda, tanda, lote, mes, día, hora",
    "pt": "fase, etapa, marco, semana, parte, épico, bloco, prioridade, iteração, onda, rodada, lote, mês, dia, hora, fatia",
    "ru": """фаза, этап, стадия, веха, спринт, неделя, часть, эпик, блок, приоритет, итерация, волна, пакет, раунд, месяц, день,
        час, срез""",
    "uk": """фаза, етап, стадія, віха, спринт, тиждень, частина, епік, блок, пріоритет, ітерація, хвиля, пакет, раунд,
        місяць, день, година, зріз""",
    "zh": "阶段, 里程碑, 迭代, 史诗, 优先级, 批次, 轮次, 切片, 分块, 任务组",
    "ja": """フェーズ, マイルストーン, スプリント, フェイズ, エピック, ブロック, 優先度, イテレーション, ウェーブ, スライス,
        チャンク""",
    "ko": "단계, 마일스톤, 스프린트, 페이즈, 에픽, 블록, 우선순위, 이터레이션, 웨이브, 슬라이스, 청크",
    "vi": "giai đoạn, gđ, đợt, tuần, phần, khối, ưu tiên, vòng, chặng, mốc, tháng, ngày, giờ, lát cắt",
}
_COUNTED_HEADS: Final[Lists] = {
    "zh": "阶段, 期, 轮, 批, 步, 步骤, 周, 週, 个月, 月, 天",
    "ja": "段階, フェーズ, 期, 週目, 週, 日目",
    "ko": "단계, 주차, 주, 개월차, 일차",
}
_LAST_OF_PHASES: Final[Lists] = {
    "en": "final, last, closing",
    "de": "letzte, letzter, abschließende, finale",
    "fr": "dernière, dernier, finale, final",
    "es": "última, último, final",
    "pt": "última, último, final",
    "ru": "последняя, последний, финальная, финальный, заключительная, заключительный",
    "uk": "остання, останній, фінальна, фінальний, заключна, заключний",
    "zh": "最后, 最终",
    "ja": "最終, 最後の",
    "ko": "최종, 마지막",
    "vi": "cuối cùng, cuối",
}
_VERSION_HEADS: Final[Lists] = {
    "en": "version, release",
    "de": "version",
    "fr": "version",
    "es": "versión",
    "pt": "versão",
    "ru": "версия, релиз",
    "uk": "версія, реліз",
    "zh": "版本",
    "ja": "バージョン",
    "ko": "버전",
    "vi": "phiên bản",
}
_STAGE_HEADS: Final[Lists] = {
    "en": "alpha, beta, gamma, pre-alpha, open beta, closed beta, release candidate, general availability",
    "de": "alpha, beta, gamma",
    "fr": "alpha, bêta, gamma",
    "es": "alfa, beta, gamma",
    "pt": "alfa, beta, gama",
    "ru": "альфа, бета, релиз-кандидат",
    "uk": "альфа, бета, реліз-кандидат",
    "zh": "内测, 公测",
    "ja": "アルファ版, ベータ版, アルファ, ベータ",
    "ko": "알파, 베타",
    "vi": "alpha, beta, gamma",
}
TASK_HEADS: Final = phrases(_TASK_HEADS | others.TASK_HEADS)
PHASE_HEADS: Final = phrases(_PHASE_HEADS | others.PHASE_HEADS)
COUNTED_HEADS: Final = phrases(_COUNTED_HEADS)
"""What stands behind its number: `第1周`, `2단계`."""
BESIDE_HEADS: Final = frozenset({"track", "stream", "workstream"})
"""Phases of these names run beside one another."""
LAST_OF_PHASES: Final = phrases(_LAST_OF_PHASES)
"""`Final Phase: Polish` is a phase without a number."""
VERSION_HEADS: Final = phrases(_VERSION_HEADS)
STAGE_HEADS: Final = phrases(_STAGE_HEADS)
"""Stages of a release; two of them in one text are its phases."""
STEP_HEADS: Final = words(
    "adım bước korak krok крок langkah lépés paso pasul passaggio passo schritt stap steg step trin étape "
    "шаг ステップ 스텝 手順 步 步驟 步骤 단계별"
)
"""The words of TASK_HEADS that name a step of something rather than a task."""
NO_PHASE_REST: Final = words(
    "and at checklist deliverables dependencies details for goals implementation in is notes of overview plan results "
    "status success summary task tasks to usage vs was"
)
"""`Stage 3 tasks` is no phase: words that may not follow a phase's number without a mark between."""
NO_SERIES: Final = words(
    "test tests case scenario example mode option alternative variant question problem issue risk level rule figure table "
    "appendix chapter prueba caso ejemplo opción pregunta problema teste exemplo opção pergunta beispiel frage variante "
    "kapitel essai cas exemple тест пример вариант вопрос проблема приклад питання "
    "requirement requirements section endpoint story interface"
)
"""What counts on and is no work: `Option 1`, `Test 2`."""
FORMS: Final = {
    form: base
    for base, forms in {
        "фаза": "фазы фазе фазу фазой фазами фазах фаз фази фазі фазою фазам",
        "этап": "этапа этапе этапу этапом этапы этапов",
        "етап": "етапу етапі етапом етапи етапів",
        "спринт": "спринта спринту спринте спринті спринтом",
        "задача": "задачи задаче задачу задачей задач задачі",
        "завдання": "завдань завданню завданням",
        "шаг": "шага шагу шаге шагом шаги шагов",
        "крок": "кроку кроці кроком кроки кроків",
        "неделя": "недели неделе неделю неделей",
        "тиждень": "тижня тижню тижнем тижні",
        "phase": "phasen",
        "aufgabe": "aufgaben",
        "schritt": "schritte schritten",
        "stufe": "stufen",
    }.items()
    for form in forms.split()
}
"""The words before a number as sentences bend them, and as headings have them: `після Фази 1`, `nach den Phasen 1 und 2`."""
MANUALS: Final = phrases(
    {
        "en": """changelog, change log, release notes, faq, frequently asked questions, manual, handbook, style guide, user guide,
            coding standards, cheat sheet, glossary""",
        "de": "handbuch, benutzerhandbuch, bedienungsanleitung, änderungsprotokoll, häufige fragen, glossar",
        "fr": "manuel, guide d'utilisation, notes de version, journal des modifications, foire aux questions, glossaire",
        "es": "manual, manual de usuario, guía de estilo, notas de la versión, preguntas frecuentes, glosario",
        "pt": "manual, manual do usuário, guia de estilo, notas de versão, perguntas frequentes, glossário",
        "ru": "руководство пользователя, журнал изменений, список изменений, частые вопросы, глоссарий",
        "uk": "посібник користувача, журнал змін, часті запитання, глосарій",
        "zh": "使用手册, 用户手册, 操作手册, 更新日志, 变更日志, 常见问题, 术语表",
        "ja": "取扱説明書, マニュアル, 変更履歴, よくある質問, 用語集",
        "ko": "사용 설명서, 매뉴얼, 변경 이력, 자주 묻는 질문, 용어집",
        "vi": "hướng dẫn sử dụng, nhật ký thay đổi, câu hỏi thường gặp, bảng thuật ngữ",
    }
)
"""What ends the title of a text that tells how things are, and plans nothing of its own."""
