"""Word lists of the reader, in the languages plans are written in: data, no rules.

Latin and Cyrillic entries match whole words, entries of scripts without spaces match anywhere in the text.
"""

from typing import Final

TASK: Final = (
    "task tasks subtasks todo todos to-do to-dos implementation|steps implementation|plan implementation|order "
    "implementation|phases implementation|tasks steps action|items actions|to|take next|steps work|items work|plan "
    "changes change|list files|to|update files|to|edit files|to|modify files|to|change files|to|create deliverables "
    "bugs bug|fixes fixes issues|to|fix planned|features features|to|add improvements enhancements targets checklist "
    "execution|plan migration|steps milestones things|to|do things|to|work|on punch|list work|breakdown "
    "aufgaben änderungen schritte umsetzung umsetzungsschritte arbeitspakete maßnahmen "
    "задачи этапы шаги план|работ изменения tarefas passos etapas mudanças alterações tareas pasos cambios "
    "tâches étapes modifications attività compiti passi modifiche việc|cần|làm công|việc nhiệm|vụ các|bước taken stappen "
    "任务 任務 待办 待辦 步骤 步驟 实施计划 实现步骤 开发计划 改动 修改清单 タスク 手順 作業 実装手順 変更内容 할일 할|일 작업 구현|단계 변경|사항"
)
CRITERIA: Final = (
    "acceptance criteria success|criteria acceptance|criteria exit|criteria definition|of|done done|when done|criteria "
    "verification verify validation checkpoint checkpoints quality|gate quality|gates test|plan testing|plan test|strategy "
    "testing|checklist test|cases acceptance|tests review|checklist success|metrics expected|results expected|outcome "
    "must|have|truths truths requirements|checklist pre-merge|checklist gates how|to|verify "
    "akzeptanzkriterien abnahmekriterien erfolgskriterien verifikation prüfung "
    "критерии приемка приёмка проверка критерии|приемки critérios verificação validação criterios verificación "
    "critères vérification criteri verifica tiêu|chí kiểm|tra xác|minh nghiệm|thu "
    "验收 验收标准 驗收 成功标准 完成标准 验证 受け入れ 受入 完了条件 検証 成功基準 완료|조건 인수|조건 검증|기준 성공|기준"
)
NONTASK: Final = (
    "overview background context introduction summary description motivation rationale problem problem|statement "
    "goal goals objective objectives purpose non-goals nongoals out|of|scope not|in|scope scope architecture design "
    "solution|design technical|design approach decisions decision|log risks risk risk|assessment constraints "
    "assumptions references resources links appendix glossary notes note source|materials source|priority sources "
    "faq conventions convention guidelines guide usage commands commands|reference legend format examples example "
    "structure directory file|structure project|structure repository|structure layout tech|stack technology stack "
    "environment environment|variables configuration prerequisites requirements timeline schedule estimates team "
    "roles stakeholders progress progress|summary changelog history findings evidence analysis current|state method "
    "methodology principles rules how|to instructions install installation getting|started quick|start license "
    "contributing security considerations performance considerations mitigation rollback rollback|plan interfaces "
    "threat|model dev|notes dev|agent|record qa|results change|log file|list completion|notes budget cost api|design "
    "data|model data|models schema test|strategy testing|strategy testing tests open|questions questions user|stories user|story functional|requirements "
    "primary|files files|affected affected|files related|files key|files critical|files dependent|files trade-offs tradeoffs "
    "alternatives lessons parallel|opportunities implementation|strategy execution|context releases release|notes "
    "micro|guide preserve preservation semantics grid|strategy edge|costs version|planning priority priorities "
    "priority|notes issues|found bugs|identified will|not|do not|doing "
    "überblick hintergrund kontext einleitung ziel ziele risiken architektur anmerkungen hinweise voraussetzungen "
    "betroffene|dateien обзор контекст цель цели риски реестр|рисков состав|команды архитектура примечания "
    "visão|geral contexto objetivo objetivos riscos arquitetura notas resumen riesgos arquitectura resumo "
    "aperçu contexte objectif objectifs risques panoramica obiettivo rischi bối|cảnh mục|tiêu kiến|trúc cấu|trúc "
    "rủi|ro trạng|thái luồng ghi|chú không|làm điểm|đã|vướng "
    "概述 背景 简介 目标 目標 架构 架構 风险 風險 备注 備註 说明 說明 注意 约定 版本规划 时间节点 优先级 里程碑 依赖关系图 "
    "概要 目的 設計 構成 アーキテクチャ リスク 注意 前提 ファイル構成 マイルストーン 개요 배경 목표 목적 아키텍처 위험 참고 진행|상황"
)
STRONG_NONTASK: Final = (
    "out|of|scope non-goals nongoals not|in|scope risks risk assumptions references resources links appendix glossary "
    "notes note faq conventions convention guidelines guide usage legend format examples example micro|guide "
    "prerequisites requirements functional|requirements changelog principles open|questions questions will|not "
    "do|not qa|results dev|notes sources source|materials rollback|plan anmerkungen hinweise риски примечания notas "
    "riscos riesgos risques không|làm việc|không|làm rủi|ro 风险 備注 备注 约定 注意 リスク 참고 위험"
)
"""Sections in which not even a box is a task; in the others of NONTASK a box still is one."""
DONE: Final = (
    "done completed complete finished shipped released archive archived already|done recently|completed "
    "erledigt fertig abgeschlossen готово выполнено сделано завершено concluído feito hecho completado terminé fait "
    "fatto completato đã|làm hoàn|thành xong 已完成 完成 完了 済み 완료 완료됨"
)
WIP: Final = (
    "in|progress wip doing ongoing active in-progress started in|review current|sprint in|arbeit в|работе em|andamento "
    "en|curso en|cours đang|làm 进行中 進行中 作業中 진행|중 진행중"
)
BACKLOG: Final = (
    "backlog todo to|do ready open outstanding pending remaining upcoming next planned queue up|next near|term "
    "medium|term short|term mid|term now soon high|priority medium|priority low|priority inbox offen ausstehend "
    "осталось pendente pendiente à|faire da|fare còn|lại 待完成 未完成 待处理 未着手 残タスク 대기 남은"
)
FUTURE: Final = (
    "future future|plans future|work future|ideas future|enhancements ideas someday later maybe nice|to|have long|term longer|term "
    "wishlist wish|list stretch stretch|goals big|future|plans icebox beyond parking|lot optional|enhancements "
    "zukunft ideen будущее идеи futuro ideias ideas futuras futur idées tương|lai ý|tưởng "
    "后续规划 未来 将来 今後 アイデア 향후 미래"
)
DECLINED: Final = "declined rejected won't|do wontfix cancelled canceled abandoned dropped"
ORDER: Final = (
    "dependencies dependency execution|order dependency|graph dependency|notes order|of|execution task|dependencies "
    "abhängigkeiten reihenfolge зависимости dependências dependencias dépendances dipendenze phụ|thuộc thứ|tự "
    "依赖 依赖关系 依賴 执行顺序 依存 依存関係 実行順 의존성 의존|관계"
)

TASK_HEADS: Final = (
    "task step unit story ticket item todo pr work|item aufgabe schritt задача шаг задание tarefa passo tarea paso tâche "
    "étape compito passaggio nhiệm|vụ bước công|việc taak stap zadanie krok 任务 任務 步骤 步驟 タスク ステップ 手順 작업 단계별|작업 태스크"
)
PHASE_HEADS: Final = (
    "phase stage milestone sprint wave epic iteration chunk increment week part batch track "
    "etappe meilenstein abschnitt woche фаза этап стадия веха спринт неделя fase etapa marco hito semana jalon "
    "giai|đoạn đợt tuần faza etap 阶段 阶段 階段 里程碑 迭代 フェーズ マイルストーン スプリント 단계 마일스톤 스프린트"
)

FIELDS: Final[dict[str, str]] = {
    "depends": (
        "depends on|depends|depends_on|dependency|dependencies|blocked by|blocked-by|blocked_by|after|prerequisite|"
        "prerequisites|requires task|requires tasks|predecessors|predecessor|hängt ab von|abhängig von|abhängigkeiten|"
        "voraussetzung|зависит от|зависимости|зависимость|после|depende de|dependências|dependencias|dépend de|"
        "dépendances|dipende da|phụ thuộc|phụ thuộc vào|sau|依赖|依赖任务|依赖于|前置任务|前置|依賴|依存|依存タスク|前提タスク|의존|의존성|선행 작업"
    ),
    "blocks": "blocks|unblocks|blockiert|блокирует|bloqueia|bloquea|bloque|阻塞|ブロック",
    "files": (
        "files|file|files to modify|files to change|files to edit|files to update|affected files|location|path|paths|"
        "dateien|datei|файлы|файл|arquivos|archivos|fichiers|tệp|文件|涉及文件|ファイル|対象ファイル|파일"
    ),
    "create": "create|creates|new|new file|new files|add|files to create|erstellen|neu|создать|criar|crear|créer|tạo|新建|创建|新規|作成|생성",
    "modify": "modify|modifies|update|edit|change|delete|remove|ändern|изменить|modificar|modifier|sửa|修改|更新|変更|수정",
    "test": "test|tests|test file|test files|测试|テスト|테스트",
    "verify": (
        "verify|verification|verify with|verified by|run|command|commands|test command|test commands|check|checks|"
        "validate|validation|validation command|automated|quality gate|gate|prüfen|verifikation|проверка|запуск|verificar|verificação|"
        "verificación|vérifier|vérification|kiểm tra|xác minh|验证|验证命令|检查|検証|確認|검증|확인"
    ),
    "expected": "expected|expect|expected result|expected output|erwartet|ожидается|esperado|attendu|预期|期待|期待結果|예상",
    "criteria": (
        "acceptance criteria|acceptance|criteria|success criteria|done when|definition of done|exit criteria|"
        "independent test|akzeptanzkriterien|критерии приемки|критерии приёмки|critérios de aceitação|"
        "criterios de aceptación|critères d'acceptation|tiêu chí|验收标准|验收|完成标准|受け入れ条件|完了条件|인수 조건|완료 조건"
    ),
    "output": "output|outputs|expected output|deliverable|deliverables|produces|artifact|ergebnis|результат|saída|salida|输出|交付物|出力|成果物|산출물",
    "needs": "needs|needs resource|resources|resource|ressourcen|ресурсы|recursos|资源|リソース",
    "status": "status|state|stand|статус|estado|statut|trạng thái|状态|状態|ステータス|상태",
    "estimate": "estimate|est|effort|time|estimated time|duration|aufwand|dauer|оценка|длительность|estimativa|duración|durée|预估工时|工时|見積|예상 시간",
    "role": "role",
    "worker": "worker|agent",
    "model": "model",
    "goal": "goal|objective|ziel|цель|objetivo|objectif|mục tiêu|目标|目標|目的|목표",
    "instructions": "instructions|read first|read_first",
    "note": (
        "note|notes|purpose|context|description|requirements|complexity|owner|priority|architecture|tech stack|input|"
        "spec|rationale|why|how|what|example|issue|fix|checkpoint|interfaces|consumes|covers|risk|action|branch|"
        "描述|输入|负责人|说明|目的|説明|概要|설명"
    ),
}
NONE: Final = frozenset(
    "none no nothing n/a na nil - – — keine keiner нет nenhum nenhuma nada ninguna ninguno aucun aucune nessuna không "
    "không|có 无 無 没有 なし 無し 없음".replace("|", " ").split()
) | {"không có", "no dependencies", "none yet"}
ALL_PRIOR: Final = (
    "all prior",
    "all previous",
    "everything above",
    "all above",
    "all tasks above",
    "all earlier",
    "everything",
)
DEPENDS_PROSE: Final = (
    "depends on|depend on|blocked by|blocked-by|requires|needs|must wait for|waits for|after completing|has to wait for|"
    "hängt ab von|зависит от|depende de|dépend de|phụ thuộc vào|依赖于|依赖|에 의존"
)
BLOCKS_PROSE: Final = "blocks|unblocks|blockiert|блокирует|bloqueia|bloquea|bloque"
INDEPENDENT: Final = (
    "independent",
    "in parallel",
    "no dependencies",
    "no dependency",
    "parallel",
    "can start immediately",
    "unabhängig",
    "независим",
    "параллельно",
    "paralelo",
    "parallèle",
    "song song",
    "并行",
    "独立",
    "並行",
    "병렬",
)
DONE_MARKS: Final = ("✅", "☑", "✔", "✓")
WIP_MARKS: Final = ("🚧", "⏳", "🔄")
DONE_WORDS: Final = (
    "done complete completed finished shipped merged implemented closed erledigt fertig abgeschlossen готово выполнено "
    "завершено concluído feito hecho completado terminé fait xong 已完成 完成 完了 済 완료"
)
WIP_WORDS: Final = "wip started active ongoing 进行中 進行中 진행중"
NOT_IDS: Final = frozenset(
    ["s3", "ec2", "h2", "utf8", "utf-8", "utf-16", "ipv4", "ipv6", "http1", "http2", "http3", "mp3", "mp4", "es5", "es6", "es2015", "web2", "web3", "k3", "k8", "sha1", "sha-1", "sha256", "sha-256", "sha512", "md5", "base64", "x86", "x64", "gpt3", "gpt4", "gpt-3", "gpt-4", "gpt-5", "vue2", "vue3", "react18", "py2", "py3", "neo4", "d3", "r2", "p0", "p1", "p2", "p3", "p4", "q1", "q2", "q3", "q4", "i18", "l10", "oauth1", "oauth2", "oauth", "v1", "v2", "v3", "v4", "tls1", "tls-1", "rs232", "arm64", "amd64", "win32", "log4", "rc1", "rc2", "h1", "h3", "h4", "h5", "h6", "col1", "next13", "next14", "next15", "html5", "css3", "level1", "tailwind4", "pm2", "b2", "c4", "a11", "ed25519", "crc32", "uint8", "int8", "int16", "int32", "int64", "f16", "f32", "f64"]
)
"""Leading words that look like ids and are names of things."""
GSD_TAGS: Final[dict[str, str]] = {
    "tasks": "TASK",
    "success_criteria": "CRITERIA",
    "verification": "CRITERIA",
    "must_haves": "CRITERIA",
    "acceptance_criteria": "CRITERIA",
    "objective": "NONTASK",
    "context": "NONTASK",
    "execution_context": "NONTASK",
    "threat_model": "NONTASK",
    "interfaces": "NONTASK",
    "output": "NONTASK",
    "background": "NONTASK",
    "example": "NONTASK",
    "examples": "NONTASK",
    "artifacts": "NONTASK",
    "read_first": "NONTASK",
}
