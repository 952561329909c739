"""What the title of a text says that plans work."""

from typing import Final

from branchline.planfile.words import others
from branchline.planfile.words.base import phrases

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
