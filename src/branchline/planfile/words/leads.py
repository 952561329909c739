"""What announces work: the sentence before a list, and the title of a text that plans it."""

from typing import Final

from branchline.planfile.words import others
from branchline.planfile.words.base import phrases

LEADS: Final = phrases(
    {
        "en": """need to, needs to, have to, has to, had to, to be done, be done, still, missing, remains, remaining, left to,
            to do, todo, please, we will, we'll, i will, i'll, we should, we must, you should, you must, going to, want to,
            must be fixed, should be fixed, to fix, to change, to tackle, to clean up, fix list, next, proposal, plan, plan is,
            here is how, in this order, deploy order, tasks, steps, action items, actions, changes, fixes, work, todos""",
        "de": """vorgehen, ablauf, noch, fehlt, fehlen, zu tun, zu erledigen, müssen wir, muss, müssen, sollten, bitte, plan,
            schritte, aufgaben, reihenfolge, wollen wir, offen, arbeiten""",
        "fr": """reste à, restent à, à faire, il faut, il faudra, nous devons, on doit, manque, manquent, merci de, veuillez,
            plan, étapes, tâches, démarche, il manque""",
        "es": """falta, faltan, hay que, por hacer, pendiente, pendientes, queda por, quedan por, tenemos que, debemos,
            necesitamos, vamos a, por favor, plan, pasos, tareas, haremos""",
        "pt": """falta, faltam, a fazer, precisamos, temos que, é preciso, pendente, pendentes, resta, restam, vamos, por favor,
            favor, plano, passos, tarefas, etapas""",
        "ru": """надо, нужно, осталось, необходимо, сделать, требуется, следует, предстоит, план, шаги, задачи, прошу, порядок
            действий""",
        "uk": """треба, потрібно, залишилось, залишилося, необхідно, зробити, слід, план, кроки, завдання, прошу, порядок
            дій""",
        "zh": "要做, 需要, 待办, 还差, 剩下, 剩余, 尚需, 必须, 计划, 步骤, 任务, 请",
        "ja": "必要, やること, 残り, 残って, べき, 予定, 計画, 手順, 作業, タスク, お願い, 対応",
        "ko": "해야, 필요, 남은, 할 일, 할일, 계획, 단계, 작업, 부탁",
        "vi": "cần, phải, còn lại, còn thiếu, việc, kế hoạch, các bước, vui lòng, sẽ làm",
    }
)
"""The words of need and of what is left, which announce work also where no heading does."""
ROADMAPS: Final = phrases(
    {
        "en": "roadmap, backlog, todo, to-do, wishlist",
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
