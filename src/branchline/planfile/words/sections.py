"""The words of headings: which class a section has, and what names a task or a phase.

Entries of Latin and Cyrillic script match whole words, those of scripts without spaces match anywhere.
"""

from typing import Final

from branchline.planfile.words import others
from branchline.planfile.words.base import Lists, phrases, words

_TASK: Final[Lists] = {
    "en": """task list, task breakdown, task plan, task board, task groups, task order, task sequence, task tracker, task index,
        task log, task summary, task overview, task definitions, tasks, stages, delivery stages, phases, delivery plan,
        rollout plan, list of tasks, tasks to be completed, tasks to complete, subtasks, todo, todos, to-do, to-dos,
        implementation steps, implementation plan, implementation order, implementation phases, implementation tasks,
        steps, action items, actions to take, next steps, work items, work plan, changes, change list, files to update, files
        to edit, files to modify, files to change, files to create, bugs, bug fixes, fixes, issues to fix,
        features to add, improvements, enhancements, targets, checklist, execution plan, migration steps,
        development priorities, current priorities, next priorities, immediate priorities, top priorities,
        milestones, things to do, things to work on, punch list, work breakdown, remaining work, proposed changes, action
        plan, action, actions, feature list, development plan, migration plan, refactoring, what to build next, what to do
        next, what is next, what's next, what remains, what is left, what's left""",
    "de": """aufgaben, aufgabenliste, änderungen, schritte, umsetzung, umsetzungsschritte, umsetzungsplan,
        arbeitspakete, maßnahmen, nächste schritte, arbeitsplan, migrationsplan, zu erledigen, meilensteine,
        verbesserungen, fehlerbehebungen""",
    "fr": """tâches, étapes, modifications, à réaliser, plan d'action, prochaines étapes, étapes de mise en œuvre,
        plan d'implémentation, plan de migration, jalons, améliorations, corrections, chantiers""",
    "es": """tareas, pasos, cambios, por hacer, plan de acción, próximos pasos, plan de implementación, pasos de
        implementación, plan de migración, hitos, mejoras, correcciones, acciones""",
    "pt": """tarefas, passos, etapas, mudanças, alterações, a fazer, plano de ação, próximos passos, plano de
        implementação, passos de implementação, plano de migração, marcos, melhorias, correções, ações""",
    "ru": """задачи, этапы, шаги, план работ, план реализации, план действий, план внедрения, план миграции, следующие
        шаги, список задач, изменения, доработки, улучшения, исправления, что сделать, что нужно сделать, нужно
        сделать, надо сделать, вехи""",
    "uk": """завдання, задачі, етапи, кроки, план робіт, план реалізації, план дій, план впровадження, план міграції,
        наступні кроки, список завдань, зміни, доробки, покращення, виправлення, що зробити, що потрібно зробити, віхи""",
    "zh": """任务, 待办, 步骤, 实施计划, 实现步骤, 实施步骤, 开发计划, 迁移计划, 改动, 修改清单, 改进, 优化项, 下一步,
        行动计划, 工作项, 工作内容, 主要工作, 开发内容, 功能列表, 修复, 清单, 改进建议""",
    "ja": """タスク, 手順, 作業, 実装手順, 変更内容, 実装計画, 実装内容, 移行計画, 実装ステップ, やること, 改善, 修正内容,
        次のステップ""",
    "ko": """할일, 할 일, 작업, 구현 단계, 개발 단계, 개발 순서, 작업 순서, 구현 계획, 마이그레이션 계획, 변경 사항,
        개선 사항, 수정 사항, 다음 단계, 실행 계획""",
    "vi": """việc cần làm, công việc, nhiệm vụ, các bước, thay đổi, kế hoạch triển khai, kế hoạch thực hiện, kế hoạch
        di chuyển, bước tiếp theo, cải tiến, hạng mục""",
}
_CRITERIA: Final[Lists] = {
    "en": """acceptance criteria, success criteria, acceptance, criteria, exit criteria, definition of done, definition of
        ready, dod, dor, done when,
        done criteria, verification, verify, validation, checkpoint, checkpoints, quality gate, quality gates, test
        plan, testing plan, test strategy, testing checklist, test case, test cases, acceptance tests, review checklist,
        success metrics, go no go, go nogo, go no-go, expected results, expected outcome, truths,
        requirements checklist, pre-merge
        checklist, gates, how to verify, success indicators, verification steps, manual testing, quality checklist,
        final checklist, validation checklist, final validation checklist, launch criteria, expected outcomes, expected
        deliverable, expected deliverables, expected impact, expected benefits, preconditions, pre-conditions, postconditions,
        post-conditions, exit bar, completion checks, completion criteria, completion checklist, completion gate""",
    "de": """akzeptanzkriterien, prüfschritte, testschritte, abnahmekriterien, erfolgskriterien, erfolgskennzahlen, verifikation,
        prüfung, abnahme, fertig wenn, testplan, erwartetes ergebnis, erwartete ergebnisse,
        abschluss-checkliste, finale checkliste""",
    "fr": """critères, étapes de vérification, critères d'acceptation, critères de succès, critères de réussite,
        vérification, validation, plan de test, résultat attendu, résultats attendus, livrables attendus, checklist
        finale, liste de contrôle finale, acceptation, recette, critères de fin, définition de terminé""",
    "es": """criterios, pasos de verificación, criterios de aceptación, criterios de éxito, métricas de éxito, verificación,
        validación, plan de pruebas, resultado esperado, resultados esperados, entregables esperados, lista de verificación final,
        checklist final, aceptación, definición de hecho, definición de terminado""",
    "pt": """critérios, passos de verificação, critérios de aceitação, critérios de aceite, critérios de sucesso,
        métricas de sucesso, verificação, validação, plano de testes, resultado esperado, resultados esperados,
        entregas esperadas, aceitação, aceite, definição de pronto,
        impacto esperado, lista de verificação final, checklist final""",
    "ru": """критерии, шаги проверки, критерии приемки, критерии приёмки, критерии успеха, критерии готовности,
        метрики успеха, показатели успеха,
        приемка, приёмка, проверка, верификация, план тестирования, ожидаемый результат, ожидаемые результаты""",
    "uk": """критерії, кроки перевірки, критерії приймання, критерії успіху, критерії готовності, метрики успіху, приймання,
        перевірка, верифікація, план тестування, очікуваний результат, очікувані результати""",
    "zh": """验收, 验证步骤, 测试步骤, 验收标准, 验证标准, 检查点, 成功标准, 完成标准, 验证, 成功指标, 测试计划, 预期结果,
        预期效果, 预期成果, 预期收益, 检查项, 完成标志, 完成条件""",
    "ja": """受け入れ, 受入, 検証手順, 確認手順, 完了条件, 検証, 成功基準, 成功条件, テスト計画, 期待される結果,
        完了の定義, 完了判定, 期待効果, 確認事項""",
    "ko": "완료 조건, 검증 단계, 확인 절차, 인수 조건, 검증, 성공 기준, 완료 기준, 테스트 계획, 예상 결과, 기대 효과, 완료 판정",
    "vi": "tiêu chí, bước kiểm tra, kiểm tra, xác minh, nghiệm thu, tiêu chí thành công, tiêu chí nghiệm thu, kết quả mong đợi",
}
_NONTASK: Final[Lists] = {
    "en": """overview, status, current status, project status, background, context, introduction, summary,
        changelog, description, motivation, rationale, problem, problem statement, goal, goals, objective,
        objectives, purpose, scope, architecture, design, solution design, technical design, approach, decisions,
        decision log, risk assessment, constraints, source priority, guide, commands, commands reference, structure,
        directory structure, file structure, project structure, repository structure, layout, tech stack, technology
        stack, environment, environment variables, configuration, timeline, schedule, estimates, team, roles,
        stakeholders, progress, progress summary, history, findings, evidence, analysis, current state, method,
        methodology, how to, instructions, install, installation, getting started, quick start, license,
        contributing, security considerations, performance, mitigation, rollback, interfaces, threat model, dev
        agent record, change log, file list, completion notes, budget, cost, api design, data model, data models,
        schema, test strategy, testing strategy, testing, tests, user stories, user story, primary files, files,
        affected files, related files, key files, critical files, dependent files, trade-offs, tradeoffs,
        alternatives, lessons, implementation strategy, execution context, releases, release notes, preserve,
        preservation, semantics, grid strategy, edge costs, version planning, priority, priorities, priority notes,
        issues found, bugs identified, decision options, do not doing, vision, related, anti-patterns to avoid, error handling
        strategy, error handling, api endpoints, endpoints, locked decisions, maintenance, impact, validation rules,
        command examples, confidence score, confidence level, confidence assessment, implementation confidence,
        symptoms, symptom, failed attempts, steps to reproduce, reproduction, hypothesis, observations, root cause,
        target user, target users, target audience, personas, positioning, data source, data sources, limitations,
        deliverables, edge cases, long term vision, gotchas, known gotchas, estimated costs, cost estimates""",
    "de": """überblick, status, stand, aktueller stand, projektstand, übersicht, hintergrund, kontext, einleitung,
        ziel, ziele, architektur, betroffene dateien, zusammenfassung, beschreibung, problem, entwurf, ansatz,
        entscheidungen, referenzen, anforderungen, zeitplan, analyse, ausgangslage, datenmodell, auswirkungen,
        befehle, notizen, alternativen, projektstruktur, verzeichnisstruktur, verwandte dokumente,
        designentscheidungen, fehlerbehandlung, prinzipien, grundsätze, motivation, budget, aufwandsschätzung,
        ist-zustand, rahmenbedingungen, einschränkungen, designphilosophie, konfidenzwert, zielgruppe, datenquellen,
        randfälle, ergebnisse, lieferobjekte""",
    "fr": """aperçu, statut, état actuel, état des lieux, contexte, objectif, objectifs, résumé, description, problème,
        conception, approche, décisions, exigences, calendrier, analyse, architecture, vision, structure, modèle de
        données, impact, commandes, notes, alternatives, pile technique, stack technique, structure du projet,
        documents liés, principes, gestion des erreurs, budget, estimation, périmètre, contraintes, motivation,
        décisions techniques, niveau de confiance, score de confiance, public cible, utilisateurs cibles, sources de données,
        livrables, cas limites""",
    "es": """resumen, estado, estado actual, contexto, objetivo, objetivos, arquitectura, descripción, problema, diseño,
        enfoque, decisiones, requisitos, cronograma, análisis, notas, alcance, visión, estructura, modelo de datos,
        impacto, comandos, alternativas, stack tecnológico, estructura del proyecto, documentos relacionados,
        principios, manejo de errores, presupuesto, estimación, restricciones, motivación, decisiones técnicas, nivel
        de confianza, usuarios objetivo, público objetivo, fuentes de datos, limitaciones, entregables,
        casos límite""",
    "pt": """visão geral, estado atual, situação atual, status atual, contexto, objetivo, objetivos, arquitetura, resumo,
        descrição, problema, desenho, abordagem, decisões, requisitos, cronograma, análise, escopo, visão, estrutura,
        modelo de dados, impacto, comandos, alternativas, stack tecnológica, estrutura do projeto, documentos
        relacionados, princípios, tratamento de erros, orçamento, estimativa, restrições, motivação, decisões técnicas, nível
        de confiança, público-alvo, usuários-alvo, fontes de dados, limitações, entregáveis,
        entregas, casos extremos""",
    "ru": """обзор, статус, состояние, текущий статус, контекст, цель, цели, реестр рисков, состав команды, архитектура,
        введение, описание, проблема, подход, решения, требования, сроки, график, анализ, вне scope, текущее состояние,
        структура, структура проекта, стек, стек технологий, ограничения, команда, модель данных, влияние, команды,
        заметки, итоги, альтернативы, связи, связанные документы, архитектурное решение, архитектурные решения,
        технологический стек, принципы, обработка ошибок, бюджет, мотивация, философия, целевая аудитория, источники данных,
        граничные случаи""",
    "uk": """огляд, статус, стан, поточний статус, контекст, мета, цілі, реєстр ризиків, склад команди, архітектура, вступ,
        опис, проблема, підхід, рішення, вимоги, строки, терміни, графік, аналіз, поточний стан, структура, структура
        проєкту, обмеження, команда, модель даних, вплив, команди, нотатки, підсумки, альтернативи, зв'язки,
        пов'язані документи, архітектурне рішення, архітектурні рішення, стек технологій, принципи, обробка помилок,
        бюджет, мотивація, філософія, цільова аудиторія, джерела даних, граничні випадки""",
    "zh": """概述, 当前状态, 目前状态, 背景, 简介, 目标, 架构, 風險, 備註, 说明, 注意, 版本规划, 时间节点, 优先级,
        里程碑, 依赖关系图, 概览, 总览, 现状, 技术栈, 目录结构, 文件结构, 参考, 前提, 约束, 已知限制, 时间表, 时间线, 问题描述,
        数据模型, 影响范围, 命令示例, 校验规则, 状态定义, 更新规则, 替代方案, 相关文档, 设计原则, 设计理念, 信心评分,
        置信度, 技术选型, 技术架构, 错误处理, 预算, 使用示例, 目标用户, 用户画像, 数据来源, 边界情况, 交付物,
        推荐资源, 学习资源, 参考资源, 推荐工具, 推荐数据源, 推荐阅读""",
    "ja": """概要, ステータス, 現在の状況, 目的, 設計, 構成, アーキテクチャ, 前提, ファイル構成, マイルストーン, 背景,
        現状, 参考, 注意事項, 補足, 技術スタック, 制約, 制限事項, スケジュール, ディレクトリ構成, 方針, データモデル, 影響,
        コマンド例, メモ, 規則, 代替案, 関連文書, 関連ドキュメント, 設計方針, 設計思想, 技術選定,
        エラー処理, 予算, 使用例, 対象ユーザー, ターゲット, ペルソナ, データソース, エッジケース, 成果物""",
    "ko": """개요, 현재 상태, 배경, 목표, 목적, 아키텍처, 진행 상황, 현황, 기술 스택, 제약, 디렉토리 구조,
        프로젝트 구조, 주의사항, 요약, 데이터 모델, 영향, 명령어, 메모, 대안, 관련 문서, 설계 원칙,
        설계 철학, 기술 선택, 오류 처리, 예산, 사용 예시, 대상 사용자, 타깃 사용자, 페르소나, 데이터 소스, 산출물, 경계 사례""",
    "vi": """bối cảnh, mục tiêu, kiến trúc, cấu trúc, trạng thái, ghi chú, điểm đã vướng, tổng quan, giới thiệu, mô tả, vấn
        đề, phương án, điều kiện, phạm vi, lịch trình, hiện trạng, mô hình dữ liệu, ảnh hưởng, lưu ý, giải pháp
        thay thế, tài liệu liên quan, nguyên tắc, xử lý lỗi, ngân sách, ràng buộc, người dùng mục tiêu, nguồn dữ liệu,
        trường hợp biên""",
}
_STRONG_NONTASK: Final[Lists] = {
    "en": """rules, out of scope, non-goals, nongoals, not in scope, risks, risk, assumptions, references, resources, links,
        appendix, glossary, notes, note, faq, conventions, convention, guidelines, usage, legend, format, examples,
        example, micro guide, style guide, user guide, testing guide, test guide, qa guide, review guide,
        prerequisites, requirements, functional requirements, principles, open questions, questions, will
        not, do not, not to do, don't do, what we don't do, qa results, dev notes, sources, source materials, rollback
        plan, see also, anti-patterns, constitution check, complexity tracking,
        decisions confirmed, confirmed decisions, decisions made, decisions taken, status summary, recommended tools,
        recommended reading, further reading""",
    "de": """regeln, anmerkungen, hinweise, risiken, nicht im umfang, nicht tun, nicht machen, beispiele, voraussetzungen,
        glossar, offene fragen""",
    "fr": """règles, risques, remarques, hors périmètre, ne pas faire, à ne pas faire, exemples, prérequis, glossaire,
        questions ouvertes, références""",
    "es": """reglas, riesgos, fuera de alcance, no hacer, qué no hacer, ejemplos, prerrequisitos, glosario, preguntas
        abiertas, referencias""",
    "pt": """regras, notas, riscos, fora do escopo, não fazer, o que não fazer, exemplos, pré-requisitos, glossário,
        observações, referências""",
    "ru": """правила, риски, примечания, вне рамок, не делать, не делаем, примеры, предпосылки, глоссарий, открытые вопросы,
        ссылки""",
    "uk": """правила, ризики, примітки, поза межами, не робити, не робимо, приклади, передумови, глосарій, відкриті питання,
        посилання""",
    "zh": "风险, 备注, 约定, 不要做, 暂不做, 明确不做, 不做的事, 不在范围, 非目标, 示例, 附录, 开放问题, 参考资料",
    "ja": "ルール, 注意, リスク, やらないこと, やらない, スコープ外, 対象外, 備考, 未解決の質問, 参考資料",
    "ko": "규칙, 참고, 위험, 범위 외, 하지 않을, 하지 않는, 비고, 리스크",
    "vi": "quy tắc, không làm, việc không làm, rủi ro, ngoài phạm vi, ví dụ, tham khảo",
}
_DONE: Final[Lists] = {
    "en": """done, completed, complete, merged, closed, finished, shipped, released, archive, archived, already done,
        recently completed, implemented, implemented features, completed features, completed tasks, completed work""",
    "de": "erledigt, fertig, abgeschlossen, umgesetzt, implementiert",
    "fr": "terminé, terminée, terminées, terminés, fait, faits, accompli, réalisé",
    "es": "hecho, hechos, completado, completada, completadas, completados, terminado, realizado",
    "pt": "concluído, concluída, concluídas, concluídos, feito, feitos, finalizado, realizado",
    "ru": "готово, выполнено, сделано, завершено, завершённые, завершенные, выполненные, реализовано",
    "uk": "готово, виконано, зроблено, завершено, завершені, виконані, реалізовано",
    "zh": "已完成, 完成, 已实现, 已交付, 已发布, 已上线",
    "ja": "完了, 済み, 完了済み, 実装済み",
    "ko": "완료, 완료됨",
    "vi": "đã làm, hoàn thành, hoàn tất, xong, đã xong, đã hoàn thành",
}
_WIP: Final[Lists] = {
    "en": "in progress, wip, doing, ongoing, active, in-progress, started, in review, current sprint",
    "de": "in arbeit, in bearbeitung, laufend",
    "fr": "en cours, en cours de réalisation",
    "es": "en curso, en progreso, en proceso",
    "pt": "em andamento, em progresso, fazendo",
    "ru": "в работе, в процессе, выполняется",
    "uk": "в роботі, у роботі, у процесі, в процесі, виконується",
    "zh": "进行中, 开发中",
    "ja": "進行中, 作業中, 対応中, 着手中",
    "ko": "진행 중, 진행중",
    "vi": "đang làm, đang thực hiện, đang tiến hành",
}
_BACKLOG: Final[Lists] = {
    "en": """backlog, next priorities, next priority order, next priority, priority order, todo, to do, ready, open,
        outstanding, pending, remaining, upcoming, next, planned, planned features, queue, up next, near term, medium term, short
        term, mid term, now, soon,
        to be done, needs to be done, to be added, to be fixed, to be implemented, must have, should have, must haves,
        should haves, high priority, medium priority,
        low priority, inbox, not started, unfinished, missing, unscheduled""",
    "de": """offen, offene punkte, offene aufgaben, ausstehend, geplant, noch offen, als nächstes, fehlt, fehlend,
        hohe priorität, mittlere priorität, niedrige priorität""",
    "fr": """à faire, restant, en attente, à venir, planifié, manquant, manquants, prévu, priorité haute, haute priorité,
        priorité moyenne, priorité basse, basse priorité""",
    "es": """pendiente, pendientes, por hacer, planificado, próximo, faltante, faltantes, previsto, prioridad alta,
        alta prioridad, prioridad media, prioridad baja, baja prioridad""",
    "pt": """pendente, pendentes, a fazer, planejado, planeado, próximas, faltando, faltantes, previsto, prioridade alta,
        alta prioridade, prioridade média, prioridade baixa, baixa prioridade""",
    "ru": """осталось, к выполнению, запланировано, предстоит, не сделано, невыполненные, бэклог, не хватает, планируется,
        в планах, высокий приоритет, средний приоритет, низкий приоритет""",
    "uk": """залишилось, залишилося, до виконання, заплановано, не зроблено, беклог, не вистачає, бракує, планується,
        у планах, високий пріоритет, середній пріоритет, низький пріоритет""",
    "zh": """后续优先级, 下一步优先级, 下一阶段优先级, 待完成, 未完成, 待处理, 待实现, 未开始, 计划中, 缺失, 待补充,
        高优先级, 中优先级, 低优先级, 高優先級, 中優先級, 低優先級""",
    "ja": "未着手, 残タスク, 未対応, 未完了, 予定, 不足, 優先度高, 優先度中, 優先度低, 高優先度, 中優先度, 低優先度",
    "ko": "대기, 남은, 예정, 미완료, 백로그, 누락, 높은 우선순위, 중간 우선순위, 낮은 우선순위",
    "vi": "còn lại, chưa làm, chưa hoàn thành, sắp tới, đang chờ, còn thiếu, ưu tiên cao, ưu tiên trung bình, ưu tiên thấp",
}
_FUTURE: Final[Lists] = {
    "en": """future, future plans, future work, future ideas, future enhancements, ideas, someday, later, maybe, nice to
        have, long term, longer term, wishlist, wish list, stretch, stretch goals, big future plans, icebox, beyond,
        could have, could haves, parking lot, optional enhancements""",
    "de": "zukunft, ideen, später, langfristig, wunschliste",
    "fr": "futur, idées, plus tard, long terme, à long terme, évolutions futures",
    "es": "futuro, ideas futuras, más adelante, largo plazo, a futuro",
    "pt": "futuro, ideias, futuras, mais tarde, longo prazo",
    "ru": "будущее, идеи, на будущее, в будущем, позже, когда-нибудь, долгосрочные",
    "uk": "майбутнє, ідеї, на майбутнє, у майбутньому, пізніше, колись, довгострокові",
    "zh": "后续规划, 后续版本规划, 未来, 后续优化, 远期, 长期规划, 长期计划, 长期迭代, 想法",
    "ja": "将来, 今後, アイデア, いつか, 長期",
    "ko": "향후, 미래, 아이디어, 나중에, 장기",
    "vi": "tương lai, ý tưởng, dài hạn, sau này, về sau",
}
_DECLINED: Final[Lists] = {
    "en": """declined, rejected, won't do, won't have, wontfix, cancelled, canceled,
        abandoned, dropped, not planned, rejected ideas,
        superseded, obsolete""",
    "de": "abgelehnt, verworfen, gestrichen",
    "fr": "rejeté, abandonné, annulé",
    "es": "rechazado, descartado, cancelado",
    "pt": "rejeitado, descartado, cancelado",
    "ru": "отклонено, отменено, отказались",
    "uk": "відхилено, скасовано",
    "zh": "已取消, 已拒绝, 已放弃, 不做",
    "ja": "却下, 中止, 見送り",
    "ko": "취소, 거절됨",
    "vi": "đã hủy, từ chối, bỏ qua",
}
_ORDER: Final[Lists] = {
    "en": """dependencies, dependency order, order of dependencies, dependency chain, dependency map, dependency tree,
        execution order, dependency graph, dependency notes, dependency summary, order of execution, task dependencies,
        suggested order, recommended order, proposed order, recommended implementation order, suggested implementation order,
        proposed implementation order, build order, order of work, order of operations, order of attack,
        suggested sequence, recommended sequence, sequencing, work order, parallel
        opportunities, critical path, release plan, release schedule, release timeline""",
    "de": "abhängigkeiten, reihenfolge",
    "fr": "dépendances, ordre d'exécution, ordre recommandé, ordre suggéré, ordre de réalisation",
    "es": "dependencias, orden de ejecución, orden recomendado, orden sugerido, orden de trabajo",
    "pt": "dependências, ordem de execução, ordem recomendada, ordem sugerida, ordem de trabalho",
    "ru": """зависимости, порядок зависимостей, порядок этапов, порядок выполнения, порядок реализации, порядок работ,
        рекомендуемый порядок, предлагаемый порядок""",
    "uk": """залежності, порядок залежностей, порядок етапів, порядок виконання, порядок реалізації, порядок робіт,
        рекомендований порядок""",
    "zh": """依赖, 依赖关系, 执行顺序, 实施顺序, 实现顺序, 推荐顺序, 建议顺序, 开发顺序, 实施优先级, 实现优先级, 开发优先级,
        关键路径, 发布计划, 版本计划""",
    "ja": "依存, 依存関係, 実行順, 実施順, 推奨順, 作業順, 実装順, 実装の順番, 開発順, 実装優先度, 実装優先順位",
    "ko": "의존성, 의존 관계, 실행 순서, 작업 순서, 권장 순서, 구현 우선순위",
    "vi": "phụ thuộc, thứ tự, thứ tự thực hiện, trình tự",
}
CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "CRITERIA": phrases(_CRITERIA | others.CRITERIA),
    "ORDER": phrases(_ORDER | others.ORDER),
    "NONTASK": tuple(dict.fromkeys((*phrases(_NONTASK | others.NONTASK), *phrases(_STRONG_NONTASK)))),
    "FUTURE": phrases(_FUTURE | others.FUTURE),
    "DECLINED": phrases(_DECLINED),
    "WIP": phrases(_WIP | others.WIP),
    "DONE": phrases(_DONE | others.DONE),
    "BACKLOG": phrases(_BACKLOG | others.BACKLOG),
    "TASK": phrases(_TASK | others.TASK),
}
"""The classes of sections, in their precedence among phrases of one length."""
STRONG_NONTASK: Final = phrases(_STRONG_NONTASK)
"""Sections in which not even a box is a task; in the others of NONTASK a box still is one."""
SHOWN: Final = frozenset(
    {"example", "examples", "beispiele", "exemples", "ejemplos", "exemplos", "esempi", "примеры", "приклади"}
)
"""What stands in a section that shows, unless it is called with something that is made: `Examples/templates`."""
NOT_STARTED: Final = frozenset(
    {"not started", "pending", "todo", "to do", "offen", "не начато", "未开始", "未着手", "미착수"}
)
"""How a task may say before its title that nothing of it is done yet: `not started - draw it`."""
DONE_ALONE: Final = ("済",)
"""A state that is too short to be looked for inside of a heading: `決済` is a payment."""
ACTIONS: Final = words(
    "add apply audit automate build bump change clean cleanup collect configure connect convert create define delete deploy "
    "document draft drop enable ensure expand export expose extend extract finalize finish fix generate handle harden "
    "implement import improve increase initialize install integrate introduce investigate keep make merge migrate move "
    "optimize optimise pin polish port prepare prevent provide publish reduce refactor refine remove rename reorganize "
    "replace resolve restructure rework rewrite run scaffold set setup ship simplify split standardize support switch "
    "update upgrade use wire write hinzufügen erstellen ajouter créer corriger mettre añadir agregar crear corregir "
    "actualizar adicionar criar corrigir atualizar implementar добавить создать исправить обновить реализовать написать "
    "додати створити виправити оновити реалізувати написати thêm tạo sửa viết cập "
    "实现 添加 新增 修复 更新 编写 创建 优化 重构 搭建 集成"
)
"""Verbs that begin a heading which is work, whatever noun comes after."""
QUESTIONS: Final = words(
    "how why who when where which what what's wie warum wer wann comment pourquoi qui quand cómo por quién cuándo qué como quem "
    "quando как почему зачем кто когда где як чому хто коли де"
)
"""A heading that asks explains something: `How it works`."""
TRAILERS: Final = words("aufgaben tareas tarefas task tasks to-dos todo todos tâches задачи завдання タスク 任务 작업")
"""A heading that ends in one of these is a section of tasks: `Testing tasks`."""
GAINS: Final = words(
    "improvements enhancements fixes additions expansions upgrades verbesserungen erweiterungen améliorations correctifs mejoras "
    "correcciones melhorias correções улучшения исправления покращення виправлення"
)
"""A heading that ends in one of these is a section of work on what stands before it."""
TODOS: Final = phrases(
    {
        "en": "todo, to-do, to do, things to do",
        "de": "zu erledigen, zu tun, offene punkte",
        "fr": "à faire",
        "es": "por hacer, pendientes",
        "pt": "a fazer, pendências",
        "ru": "что сделать, нужно сделать, надо сделать, туду",
        "uk": "що зробити, потрібно зробити, туду",
        "zh": "待办",
        "ja": "やること, やりたいこと",
        "ko": "할 일, 할일",
        "vi": "việc cần làm",
    }
    | others.TODOS
)
"""What a text is called that is nothing but a list of work."""
CHECKLISTS: Final = phrases(
    {
        "en": "checklist, check list, deliverables",
        "de": "checkliste, prüfliste, lieferobjekte",
        "fr": "liste de contrôle, liste de vérification, livrables",
        "es": "lista de verificación, lista de comprobación, entregables",
        "pt": "lista de verificação, entregáveis",
        "ru": "чек-лист, чеклист, контрольный список",
        "uk": "чек-лист, чекліст, контрольний список",
        "zh": "检查清单, 检查表, 交付物",
        "ja": "チェックリスト, 確認リスト, 成果物",
        "ko": "체크리스트, 점검 목록, 산출물",
        "vi": "danh sách kiểm tra",
    }
)
"""What a list is called that is gone through when the work is done."""
BUILDING: Final = phrases(
    {
        "en": "implementation, development, todo",
        "de": "umsetzung, entwicklung",
        "fr": "implémentation, mise en œuvre, développement",
        "es": "implementación, desarrollo",
        "pt": "implementação, desenvolvimento",
        "ru": "реализации, разработки",
        "uk": "реалізації, розробки",
        "zh": "实施, 实现, 开发",
        "ja": "実装, 開発",
        "ko": "구현, 개발",
        "vi": "triển khai, phát triển",
    }
)
"""What a checklist is one of when it lists the work itself."""
PARTLY: Final = phrases(
    {
        "en": "partial, partly, skeleton, in progress, not done, incomplete",
        "de": "teilweise, nicht fertig",
        "fr": "partiel, en partie, non traité",
        "es": "parcial, incompleto",
        "pt": "parcial, incompleto",
        "ru": "частично, не готово, не сделано",
        "uk": "частково, не готово, не зроблено",
        "zh": "部分完成, 未完成",
        "ja": "一部完了, 未完了",
        "ko": "일부 완료, 미완료",
        "vi": "một phần, chưa xong",
    }
)
"""What turns `done` into work that goes on."""
OPEN_MARKS: Final = ("❌", "☐", "⬜", "🔲", "⭕")
DONE_MARKS: Final = ("✅", "☑", "✔", "✓")
WIP_MARKS: Final = ("🚧", "⏳", "🔄")
