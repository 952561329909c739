"""The word lists: every language has its share of each, and a plan in each is read alike."""

import pytest

from branchline.model.plan import Plan
from branchline.planfile import words
from branchline.planfile.read import parse
from branchline.planfile.sections import classify, head
from branchline.planfile.words import commands, fields, heads, prose, sections

PLANS = {
    "en": ("Tasks", "Acceptance criteria", "Completed", "Task", "Phase", "Depends on", "Dependencies", "{b} depends on {a}"),
    "de": ("Aufgaben", "Akzeptanzkriterien", "Erledigt", "Aufgabe", "Etappe", "Abhängig von", "Reihenfolge",
           "{b} hängt ab von {a}"),
    "fr": ("Tâches", "Critères d'acceptation", "Terminé", "Tâche", "Jalon", "Dépend de", "Dépendances", "{b} dépend de {a}"),
    "es": ("Tareas", "Criterios de aceptación", "Completado", "Tarea", "Etapa", "Depende de", "Dependencias",
           "{b} depende de {a}"),
    "pt": ("Tarefas", "Critérios de aceitação", "Concluído", "Tarefa", "Fase", "Depende de", "Dependências",
           "{b} depende de {a}"),
    "ru": ("Задачи", "Критерии приёмки", "Выполнено", "Задача", "Этап", "Зависит от", "Зависимости", "{b} зависит от {a}"),
    "uk": ("Завдання", "Критерії приймання", "Виконано", "Завдання", "Етап", "Залежить від", "Залежності",
           "{b} залежить від {a}"),
    "zh-Hant": ("任務", "驗收標準", "已完成", "任務", "階段", "依賴", "執行順序", "{b} 依賴 {a}"),
    "zh": ("任务", "验收标准", "已完成", "任务", "阶段", "依赖", "执行顺序", "{b} 依赖 {a}"),
    "ja": ("タスク", "受け入れ条件", "完了", "タスク", "フェーズ", "依存", "実行順", "{b}は{a}に依存"),
    "ko": ("할 일", "완료 조건", "완료", "작업", "단계", "의존", "실행 순서", "{b}는 {a}에 의존"),
    "vi": ("Công việc", "Tiêu chí", "Hoàn thành", "Nhiệm vụ", "Giai đoạn", "Phụ thuộc vào", "Thứ tự thực hiện",
           "{b} phụ thuộc vào {a}"),
}  # fmt: skip


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize(
    "lists",
    [
        sections._TASK, sections._CRITERIA, sections._NONTASK, sections._STRONG_NONTASK, sections._DONE, sections._WIP,
        sections._BACKLOG, sections._FUTURE, sections._DECLINED, sections._ORDER, heads._TASK_HEADS,
        heads._PHASE_HEADS, heads._LAST_OF_PHASES, heads._VERSION_HEADS, heads._STAGE_HEADS,
        commands._RUN, commands._CHECK, commands._PASS,
        *(lists for kind, lists in fields._FIELDS.items() if len(lists) > 1),
    ],
)  # fmt: skip
def test_every_list_speaks_every_language(language: str, lists: dict[str, str]) -> None:
    assert lists[language].strip()


def read(language: str, template: str) -> Plan:
    names = ("tasks", "criteria", "done", "task", "phase", "depends", "order", "says")
    return parse(template.format(**dict(zip(names, PLANS[language], strict=True))), "plans/x.md")


def written(plan: Plan) -> set[tuple[str, str]]:
    return {(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"}


@pytest.mark.parametrize("language", PLANS)
class TestEveryLanguage:
    def test_sections_have_their_class(self, language: str) -> None:
        tasks, criteria, done, _, _, _, order, _ = PLANS[language]
        assert [classify(title)[0] for title in (tasks, criteria, done, order)] == ["TASK", "CRITERIA", "DONE", "ORDER"]

    def test_headings_name_tasks_and_phases(self, language: str) -> None:
        _, _, _, task, phase, _, _, _ = PLANS[language]
        assert head(f"{task} 2: alpha").role in ("task", "step")
        assert head(f"{phase} 2: alpha").role == "phase"

    def test_criteria_are_no_tasks_and_a_done_section_marks(self, language: str) -> None:
        plan = read(
            language, "# X\n\n## {tasks}\n\n1. alpha\n2. beta\n\n## {criteria}\n\n- [ ] gamma\n\n## {done}\n\n- delta\n"
        )
        assert [(task.title, task.state) for task in plan.tasks] == [
            ("alpha", "open"),
            ("beta", "open"),
            ("delta", "done"),
        ]
        assert [gone.became for gone in plan.ignored] == ["criterion"]

    def test_a_field_makes_an_edge(self, language: str) -> None:
        plan = read(language, "# X\n\n### {task} 1: alpha\n\ntext\n\n### {task} 2: beta\n\n**{depends}:** 1\n")
        assert written(plan) == {("1", "2")}

    def test_a_section_on_order_makes_edges(self, language: str) -> None:
        says = PLANS[language][-1].format(a="T1", b="T2")
        plan = read(language, "# X\n\n- [ ] T1 alpha\n- [ ] T2 beta\n\n## {order}\n\n- " + says + "\n")
        assert written(plan) == {("T1", "T2")}


def test_no_entry_stands_twice_in_one_list() -> None:
    for name, entries in {**words.CLASSES, "heads": words.TASK_HEADS, "depends": prose.DEPENDS_PROSE}.items():
        assert len(set(entries)) == len(entries), name
