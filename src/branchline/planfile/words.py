"""Word lists of the reader, in the languages plans are written in: data, no rules.

Entries are parted by spaces; `|` stands for the space inside an entry. Entries of Latin and Cyrillic script match whole
words, those of scripts without spaces match anywhere.
"""

from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


TASK: Final = (
    "task tasks subtasks todo todos to-do to-dos implementation|steps implementation|plan "
    "implementation|order implementation|phases implementation|tasks steps action|items actions|to|take "
    "next|steps work|items work|plan changes change|list files|to|update files|to|edit files|to|modify "
    "files|to|change files|to|create deliverables bugs bug|fixes fixes issues|to|fix planned|features "
    "features|to|add improvements enhancements targets checklist execution|plan migration|steps milestones "
    "things|to|do things|to|work|on punch|list work|breakdown aufgaben änderungen schritte umsetzung "
    "umsetzungsschritte arbeitspakete maßnahmen задачи этапы шаги план|работ изменения tarefas passos etapas "
    "mudanças alterações tareas pasos cambios tâches étapes modifications attività compiti passi modifiche "
    "việc|cần|làm công|việc nhiệm|vụ các|bước taken stappen 任务 任務 待办 待辦 步骤 步驟 实施计划 实现步骤 "
    "开发计划 改动 修改清单 タスク 手順 作業 実装手順 変更内容 할일 할|일 작업 구현|단계 변경|사항"
)
CRITERIA: Final = (
    "acceptance criteria success|criteria acceptance|criteria exit|criteria definition|of|done done|when "
    "done|criteria verification verify validation checkpoint checkpoints quality|gate quality|gates "
    "test|plan testing|plan test|strategy testing|checklist test|cases acceptance|tests review|checklist "
    "success|metrics expected|results expected|outcome must|have|truths truths requirements|checklist "
    "pre-merge|checklist gates how|to|verify akzeptanzkriterien abnahmekriterien erfolgskriterien "
    "verifikation prüfung критерии приемка приёмка проверка критерии|приемки critérios verificação validação "
    "criterios verificación critères vérification criteri verifica tiêu|chí kiểm|tra xác|minh nghiệm|thu "
    "验收 验收标准 驗收 成功标准 完成标准 验证 受け入れ 受入 完了条件 検証 成功基準 완료|조건 인수|조건 "
    "검증|기준 성공|기준"
)
NONTASK: Final = (
    "overview background context introduction summary description motivation rationale problem "
    "problem|statement goal goals objective objectives purpose non-goals nongoals out|of|scope not|in|scope "
    "scope architecture design solution|design technical|design approach decisions decision|log risks risk "
    "risk|assessment constraints assumptions references resources links appendix glossary notes note "
    "source|materials source|priority sources faq conventions convention guidelines guide usage commands "
    "commands|reference legend format examples example structure directory file|structure project|structure "
    "repository|structure layout tech|stack technology stack environment environment|variables configuration "
    "prerequisites requirements timeline schedule estimates team roles stakeholders progress "
    "progress|summary changelog history findings evidence analysis current|state method methodology "
    "principles rules how|to instructions install installation getting|started quick|start license "
    "contributing security considerations performance mitigation rollback rollback|plan interfaces "
    "threat|model dev|notes dev|agent|record qa|results change|log file|list completion|notes budget cost "
    "api|design data|model data|models schema test|strategy testing|strategy testing tests open|questions "
    "questions user|stories user|story functional|requirements primary|files files|affected affected|files "
    "related|files key|files critical|files dependent|files trade-offs tradeoffs alternatives lessons "
    "parallel|opportunities implementation|strategy execution|context releases release|notes micro|guide "
    "preserve preservation semantics grid|strategy edge|costs version|planning priority priorities "
    "priority|notes issues|found bugs|identified will|not|do not|doing überblick hintergrund kontext "
    "einleitung ziel ziele risiken architektur anmerkungen hinweise voraussetzungen betroffene|dateien обзор "
    "контекст цель цели риски реестр|рисков состав|команды архитектура примечания visão|geral contexto "
    "objetivo objetivos riscos arquitetura notas resumen riesgos arquitectura resumo aperçu contexte "
    "objectif objectifs risques panoramica obiettivo rischi bối|cảnh mục|tiêu kiến|trúc cấu|trúc rủi|ro "
    "trạng|thái luồng ghi|chú không|làm điểm|đã|vướng 概述 背景 简介 目标 目標 架构 架構 风险 風險 备注 備註 "
    "说明 說明 注意 约定 版本规划 时间节点 优先级 里程碑 依赖关系图 概要 目的 設計 構成 アーキテクチャ "
    "リスク 前提 ファイル構成 マイルストーン 개요 배경 목표 목적 아키텍처 위험 참고 진행|상황"
)
STRONG_NONTASK: Final = (
    "out|of|scope non-goals nongoals not|in|scope risks risk assumptions references resources links appendix "
    "glossary notes note faq conventions convention guidelines guide usage legend format examples example "
    "micro|guide prerequisites requirements functional|requirements changelog principles open|questions "
    "questions will|not do|not qa|results dev|notes sources source|materials rollback|plan anmerkungen "
    "hinweise риски примечания notas riscos riesgos risques không|làm việc|không|làm rủi|ro 风险 備注 备注 "
    "约定 注意 リスク 참고 위험"
)
"""Sections in which not even a box is a task; in the others of NONTASK a box still is one."""
DONE: Final = (
    "done completed complete finished shipped released archive archived already|done recently|completed "
    "erledigt fertig abgeschlossen готово выполнено сделано завершено concluído feito hecho completado "
    "terminé fait fatto completato đã|làm hoàn|thành xong 已完成 完成 完了 済み 완료 완료됨"
)
WIP: Final = (
    "in|progress wip doing ongoing active in-progress started in|review current|sprint in|arbeit в|работе "
    "em|andamento en|curso en|cours đang|làm 进行中 進行中 作業中 진행|중 진행중"
)
BACKLOG: Final = (
    "backlog todo to|do ready open outstanding pending remaining upcoming next planned queue up|next "
    "near|term medium|term short|term mid|term now soon high|priority medium|priority low|priority inbox "
    "offen ausstehend осталось pendente pendiente à|faire da|fare còn|lại 待完成 未完成 待处理 未着手 "
    "残タスク 대기 남은"
)
FUTURE: Final = (
    "future future|plans future|work future|ideas future|enhancements ideas someday later maybe nice|to|have "
    "long|term longer|term wishlist wish|list stretch stretch|goals big|future|plans icebox beyond "
    "parking|lot optional|enhancements zukunft ideen будущее идеи futuro ideias futuras futur idées "
    "tương|lai ý|tưởng 后续规划 未来 将来 今後 アイデア 향후 미래"
)
DECLINED: Final = "declined rejected won't|do wontfix cancelled canceled abandoned dropped"
ORDER: Final = (
    "dependencies dependency execution|order dependency|graph dependency|notes order|of|execution "
    "task|dependencies abhängigkeiten reihenfolge зависимости dependências dependencias dépendances "
    "dipendenze phụ|thuộc thứ|tự 依赖 依赖关系 依賴 执行顺序 依存 依存関係 実行順 의존성 의존|관계"
)
TASK_HEADS: Final = (
    "task step unit story ticket item todo work|item aufgabe schritt задача шаг задание tarefa passo "
    "tarea paso tâche étape compito passaggio nhiệm|vụ bước công|việc taak stap zadanie krok 任务 任務 步骤 "
    "步驟 タスク ステップ 手順 작업 단계별|작업 태스크"
)
PHASE_HEADS: Final = (
    "phase stage milestone sprint wave epic iteration chunk increment week part batch track etappe "
    "meilenstein abschnitt woche фаза этап стадия веха спринт неделя fase etapa marco hito semana jalon "
    "giai|đoạn đợt tuần faza etap 阶段 階段 里程碑 迭代 フェーズ マイルストーン スプリント 단계 마일스톤 "
    "스프린트"
)
DONE_WORDS: Final = (
    "done complete completed finished shipped merged implemented closed erledigt fertig abgeschlossen готово "
    "выполнено завершено concluído feito hecho completado terminé fait xong 已完成 完成 完了 済 완료"
)
WIP_WORDS: Final = "wip started active ongoing 进行中 進行中 진행중"
STEP_HEADS: Final = _set("bước krok paso passaggio passo schritt stap step étape шаг ステップ 手順 步 步驟 步骤 단계별")
"""The words of TASK_HEADS that name a step of something rather than a task."""
TRAILERS: Final = _set("aufgaben tareas tarefas task tasks to-dos todo todos задачи タスク 任务 작업")
"""A heading that ends in one of these is a section of tasks: `Testing tasks`."""
NO_PHASE_REST: Final = _set(
    "dependencies details goals implementation notes overview plan results status summary task tasks"
)
"""`Stage 3 tasks` is no phase: words that may not follow a phase's number without a mark between."""
NO_TASK_CODES: Final = _set("ac adr cve d dec decision fig fr inv iso nfr q req rfc risk rule sc tc uc")
"""Prefixes of codes that number requirements, risks and the like."""

FIELDS: Final[dict[str, str]] = {
    "depends": (
        "depends on|depends|depends_on|dependency|dependencies|blocked by|blocked-by|blocked_by|after|"
        "prerequisite|prerequisites|requires task|requires tasks|predecessors|predecessor|hängt ab von|"
        "abhängig von|abhängigkeiten|voraussetzung|зависит от|зависимости|зависимость|после|depende de|"
        "dependências|dependencias|dépend de|dépendances|dipende da|phụ thuộc|phụ thuộc vào|sau|依赖|依赖任务|"
        "依赖于|前置任务|前置|依賴|依存|依存タスク|前提タスク|의존|의존성|선행 작업"
    ),
    "blocks": ("blocks|unblocks|blockiert|блокирует|bloqueia|bloquea|bloque|阻塞|ブロック"),
    "files": (
        "files|file|files to modify|files to change|files to edit|files to update|affected files|location|path|"
        "paths|dateien|datei|файлы|файл|arquivos|archivos|fichiers|tệp|文件|涉及文件|ファイル|対象ファイル|파일"
    ),
    "create": (
        "create|creates|new|new file|new files|add|files to create|erstellen|neu|создать|criar|crear|créer|tạo|"
        "新建|创建|新規|作成|생성"
    ),
    "modify": (
        "modify|modifies|update|edit|change|delete|remove|ändern|изменить|modificar|modifier|sửa|修改|更新|変更|수정"
    ),
    "test": ("test|tests|test file|test files|测试|テスト|테스트"),
    "verify": (
        "verify|verification|verify with|verified by|run|command|commands|test command|test commands|check|"
        "checks|validate|validation|validation command|automated|quality gate|gate|prüfen|verifikation|проверка|"
        "запуск|verificar|verificação|verificación|vérifier|vérification|kiểm tra|xác minh|验证|验证命令|检查|"
        "検証|確認|검증|확인"
    ),
    "expected": (
        "expected|expect|expected result|expected output|erwartet|ожидается|esperado|attendu|预期|期待|期待結果|예상"
    ),
    "criteria": (
        "acceptance criteria|acceptance|criteria|success criteria|done when|definition of done|exit criteria|"
        "independent test|akzeptanzkriterien|критерии приемки|критерии приёмки|critérios de aceitação|"
        "criterios de aceptación|critères d'acceptation|tiêu chí|验收标准|验收|完成标准|受け入れ条件|完了条件|"
        "인수 조건|완료 조건"
    ),
    "output": (
        "output|outputs|expected output|deliverable|deliverables|produces|artifact|ergebnis|результат|saída|"
        "salida|输出|交付物|出力|成果物|산출물"
    ),
    "needs": ("needs|needs resource|resources|resource|ressourcen|ресурсы|recursos|资源|リソース"),
    "status": ("status|state|stand|статус|estado|statut|trạng thái|状态|状態|ステータス|상태"),
    "estimate": (
        "estimate|est|effort|time|estimated time|duration|aufwand|dauer|оценка|длительность|estimativa|duración|"
        "durée|预估工时|工时|見積|예상 시간"
    ),
    "role": ("role"),
    "worker": ("worker|agent"),
    "model": ("model"),
    "goal": ("goal|objective|ziel|цель|objetivo|objectif|mục tiêu|目标|目標|目的|목표"),
    "instructions": ("instructions|read first|read_first"),
    "note": (
        "note|notes|purpose|context|description|requirements|complexity|owner|priority|architecture|tech stack|"
        "input|spec|rationale|why|how|what|example|issue|fix|checkpoint|interfaces|consumes|covers|risk|action|"
        "branch|描述|输入|负责人|说明|目的|説明|概要|설명"
    ),
}
"""Labels of fields (`Depends on:`), parted by `|`, under the kind of the field."""
NONE: Final = _set(
    "- aucun aucune có keine keiner không n/a na nada nenhum nenhuma nessuna nil ninguna ninguno no none "
    "nothing нет – — なし 无 没有 無 無し 없음"
) | {"không có", "no dependencies", "none yet"}
ALL_PRIOR: Final = (
    "all prior", "all previous", "everything above", "all above", "all tasks above", "all earlier", "everything",
)  # fmt: skip
DEPENDS_PROSE: Final = (
    "abhängig von|depends on|depend on|blocked by|blocked-by|requires|needs|must wait for|waits for|after completing|"
    "has to wait for|hängt ab von|зависит от|depende de|dépend de|phụ thuộc vào|依赖于|依赖|에 의존"
)
BLOCKS_PROSE: Final = "blocks|unblocks|blockiert|блокирует|bloqueia|bloquea|bloque"
UNBOUND: Final = (
    "no dependenc", "independent", "start immediately", "unabhängig", "keine abhängigkeiten", "независим",
    "sem dependências", "sin dependencias", "无依赖", "独立", "依存なし", "독립",
)  # fmt: skip
PARALLEL: Final = ("parallel", "параллельно", "paralelo", "parallèle", "song song", "并行", "並行", "병렬")
DONE_MARKS: Final = ("✅", "☑", "✔", "✓")
WIP_MARKS: Final = ("🚧", "⏳", "🔄")
ID_COLUMNS: Final = _set("id # nr no task key code 编号 任务编号 番号 번호") | {"task id"}
TITLE_COLUMNS: Final = _set(
    "title task name description summary item work feature aufgabe titel задача название tarefa título tarea tâche "
    "任务 任务名称 名称 タスク 작업"
) | {"task name"}
BARE_FILES: Final = _set(
    "Makefile Dockerfile Gemfile Rakefile Procfile Justfile justfile Vagrantfile Jenkinsfile LICENSE CODEOWNERS"
)
"""Files without an extension that are known by their names."""
NOT_IDS: Final = _set(
    "a11 amd64 arm64 b2 base64 c4 col1 crc32 css3 d3 ec2 ed25519 es2015 es5 es6 f16 f32 f64 gpt-3 gpt-4 "
    "gpt-5 gpt3 gpt4 h1 h2 h3 h4 h5 h6 html5 http1 http2 http3 i18 int16 int32 int64 int8 ipv4 ipv6 k3 k8 "
    "l10 level1 log4 md5 mp3 mp4 neo4 next13 next14 next15 oauth oauth1 oauth2 p0 p1 p2 p3 p4 pm2 py2 py3 q1 "
    "q2 q3 q4 r2 rc1 rc2 react18 rs232 s3 sha-1 sha-256 sha1 sha256 sha512 tailwind4 tls-1 tls1 uint8 utf-16 "
    "utf-8 utf8 v1 v2 v3 v4 vue2 vue3 web2 web3 win32 x64 x86"
)
"""Leading words that look like ids and are names of things."""
PROGRAMS: Final = _set(
    "./gradlew ./mvnw [ act actionlint ansible ansible-playbook artisan asdf awk bandit bash bats bazel "
    "biome black buck buf bun bundle bunx cabal cargo cat clippy cmake cmp codespell composer coverage ctest "
    "curl cypress dart deno diff direnv docker docker-compose dotnet egrep elixir env eslint false find "
    "flake8 flutter gem gh ghc git go gofmt golangci-lint gradle grep hadolint hatch head helm isort java "
    "javac jest jq just kotlinc kubectl lein lerna linkchecker ls lychee make markdownlint markdownlint-cli2 "
    "meson mise mix mocha msbuild mvn mypy mysql next ninja nix node nox npm npx nx openspec oxlint php "
    "phpstan phpunit pip pipenv playwright pnpm podman poetry pre-commit prettier protoc psql pylint pytest "
    "python python3 rails rake redis-cli rg rspec rtk ruby ruff rustc safety sbt sed semgrep sh shellcheck "
    "shfmt spectral sqlite3 stack swift tail task terraform test time timeout tofu tox trivy true tsc turbo "
    "uv uvx vite vitest wc wget xargs xcodebuild yamllint yarn zig zsh"
)
"""First words of commands that people run as checks."""
GSD_TAGS: Final[dict[str, str]] = {
    "tasks": "TASK",
    **dict.fromkeys(_set("success_criteria verification must_haves acceptance_criteria"), "CRITERIA"),
    **dict.fromkeys(
        _set(
            "objective context execution_context threat_model interfaces output background example examples artifacts "
            "read_first"
        ),
        "NONTASK",
    ),
}
