"""What the title of a text says that plans work."""

from typing import Final

from branchline.planfile.words import others
from branchline.planfile.words.base import phrases

BREAKDOWNS: Final = frozenset(
    phrases(
        {
            "en": """task list, task breakdown, tasks, phases, implementation plan, implementation phases, implementation steps,
                implementation tasks, work breakdown, work items, work plan, execution plan, development plan""",
            "de": "aufgaben, aufgabenliste, arbeitspakete, umsetzungsplan, umsetzungsschritte, phasen",
            "fr": "tâches, étapes, phases, plan d'implémentation, liste des tâches",
            "es": "tareas, fases, plan de implementación, lista de tareas, desglose de tareas",
            "pt": "tarefas, fases, etapas, plano de implementação, lista de tarefas",
            "ru": "задачи, этапы, план работ, план реализации, список задач",
            "uk": "завдання, етапи, план робіт, план реалізації, список завдань",
            "zh": "任务拆分, 任务分解, 任务列表, 任务清单, 实施步骤, 实现步骤, 实施计划, 开发计划",
            "ja": "タスク, タスク分解, タスク一覧, 実装手順, 実装ステップ, 実装計画",
            "ko": "구현 단계, 개발 단계, 작업 목록, 할 일, 구현 계획",
            "vi": "nhiệm vụ, công việc, kế hoạch triển khai, kế hoạch thực hiện",
        }
    )
)
"""What a section is called whose list is the work itself, whatever else of the text is work too."""
ROADMAPS: Final = phrases(
    {
        "en": "roadmap, backlog, todo, to-do, wishlist, work items, open items",
        "de": "fahrplan, aufgaben",
        "fr": "feuille de route, à faire",
        "es": "hoja de ruta, pendientes",
        "pt": "roteiro, pendências",
        "ru": "дорожная карта, роадмап",
        "uk": "дорожня карта, роадмап",
        "zh": "路线图, 待办",
        "ja": "ロードマップ, タスク",
        "ko": "로드맵, 할 일",
        "vi": "lộ trình",
    }
)
"""What a text is called that lists work, and says of it no more than what it is."""
PLANS: Final = ROADMAPS + phrases(
    {"en": "plan", "pt": "plano", "ru": "план", "zh": "计划, 规划", "ja": "計画", "ko": "계획", "vi": "kế hoạch"}
    | others.PLANS
)
"""What a title says of a text that plans work."""
