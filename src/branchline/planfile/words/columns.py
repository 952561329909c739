"""The heads of columns: which name a task, its number, its rank."""

from typing import Final

from branchline.planfile.words.base import words

PRIORITY_COLUMNS: Final = words(
    "priority priorität priorité prioridad prioridade приоритет пріоритет 优先级 優先級 優先度 우선순위"
)
"""Columns that only tables of work have."""
STEP_COLUMNS: Final = words("step schritt étape paso passo шаг крок 步骤 ステップ 手順 단계 bước")
"""Columns of ids that count the steps of something."""
ID_COLUMNS: Final = (
    STEP_COLUMNS
    | words("id # nr nº no no. № task epic story ticket issue key code 编号 任务编号 序号 番号 タスクid 번호 mã stt")
    | words("nummer numéro número номер number")
    | {
        "task id",
        "task #",
        "task no",
        "task no.",
        "task number",
        "№ п/п",
        "номер задачи",
        "номер работы",
        "номер завдання",
    }
)
TITLE_COLUMNS: Final = words(
    "title task tasks name description summary item work feature what action change improvement milestone deliverable "
    "artifact artefact "
    "funcionalidade funcionalidad aufgabe titel задача завдання название назва tarefa título tarea tâche fonctionnalité "
    "fonctionnalite 任务 任务名称 名称 改动 内容 任务内容 工作内容 功能 タスク タスク名 作業 "
    "作業内容 内容 작업 작업내용 내용 제목 작업명 항목 标题 タイトル 件名 заголовок работа робота aktion arbeit acción ação "
    "action étape titre título việc tên atividade actividad activité vorgang arbeitspaket maßnahme мероприятие захід"
) | {"task name", "작업 내용", "작업 항목", "công việc", "nhiệm vụ", "tên công việc", "hạng mục"}
DECISION_COLUMNS: Final = words(
    "decision decisions entscheidung décision decisión decisão решение рішення 决策 决定 決定 결정"
) | {"quyết định"}
"""A column of what was decided: the table tells of choices."""
DATA_COLUMNS: Final = words(
    "metric risk criterion field parameter option endpoint question term variable metrik risiko métrica riesgo risco métrique "
    "risque метрика риск ризик 指标 风险 指標 リスク 지표 위험"
)
"""Columns of what is measured, feared or described: no work."""
