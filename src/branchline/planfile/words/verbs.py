"""The verbs of work: those that begin what is to be done, and in some languages those that end it."""

from typing import Final

from branchline.planfile.words.base import phrases, words
from branchline.planfile.words.sections import ACTIONS

FIRST_VERBS: Final = ACTIONS | words(
    # en
    "abstract accept activate adapt adjust adopt align allow analyse analyze append approve archive arrange ask assess assign "
    "attach avoid backfill backport benchmark block bootstrap bring bundle cache calculate call cancel capture check choose "
    "combine commit compare compile complete compress compute confirm consider consolidate contact "
    "copy correct cover customize cut debug decide declare decouple decrease deduplicate defer deprecate design detect "
    "determine develop disable discover discuss display download duplicate edit eliminate emit encapsulate encrypt enforce "
    "enhance enrich escape establish estimate evaluate examine execute exercise expire explain explore fetch figure "
    "filter find flip follow force format freeze gather get give grant guard help hide highlight hook "
    "identify ignore inject insert inspect instrument intercept inventory isolate join launch learn limit link list "
    "load localize lock log look lower maintain manage mark measure mirror mock modernize modify monitor mount "
    "negotiate normalize notify obtain offer omit organize override package pack parallelize parametrize parse "
    "pass patch persist pick plan plug populate post precompute preserve print profile promote prototype prove "
    "prune pull purge push put query raise read rebase rebuild receive reconcile record recover redesign redirect register "
    "reimplement reject release reload render reopen report reproduce request require research reset resize respect "
    "restart restore restrict retire retrieve return reuse revert review revise revisit revoke rotate round route sanitize "
    "save scale scan schedule scope search secure seed select send separate serialize serve share shorten show shrink sign "
    "skip sort specify speed squash stabilize start stop store streamline strip submit subscribe swap sync "
    "synchronize tag teach tell test throttle tidy tie tighten toggle trace track train transform translate trigger trim "
    "try tune turn unblock unfreeze unify uninstall unlock unpin upload validate verify visit wait warn watch widen "
    "wrap "
    # de
    "baue behebe entferne erstelle ergänze ersetze füge lege prüfe schreibe teste verschiebe "
    # fr
    "activer adapter améliorer analyser appliquer brancher changer compléter configurer construire convertir définir déplacer "
    "déployer développer documenter écrire effectuer générer gérer implémenter installer intégrer lancer mesurer migrer "
    "modifier nettoyer optimiser passer permettre planifier préparer publier rajouter rédiger remplacer renommer réparer "
    "retirer revoir simplifier supprimer tester traduire utiliser valider vérifier "
    # es
    "actualiza agrega ajustar analizar añade aplicar cambiar completar configurar construir convertir crea definir desarrollar "
    "desplegar documentar ejecutar eliminar escribir establecer generar implementa instalar integrar limpiar mejorar migrar "
    "modificar mover optimizar pasar permitir preparar probar publicar quitar reemplazar refactorizar renombrar revisar "
    "separar sustituir traducir usar validar verificar "
    # pt
    "ajustar alterar analisar aplicar completar concluir configurar construir converter definir desenvolver documentar "
    "escrever executar gerar incluir instalar integrar limpar melhorar mover mudar otimizar permitir preparar publicar "
    "refatorar remover renomear revisar substituir testar traduzir usar validar verificar "
    # vi
    "bổ chuyển cải cấu chạy đổi gỡ hỗ hoàn kiểm làm loại lưu nâng phát tách tích tối triển xây xóa xoá "
    # zh
    "修改 删除 移除 调整 设计 开发 整理 补充 完善 增加 支持 配置 部署 测试 迁移 接入 升级 引入 替换 拆分 "
    "统一 清理 处理 提供 改进 检查 验证"
)
"""Verbs that begin a text of something to do, though some also begin a name: `Test plan`, `Design notes`."""
LAST_VERBS: Final = tuple(
    words(
        # de
        "ablösen abschalten anbinden anlegen anpassen aufbauen aufnehmen aufräumen aufteilen ausbauen auslagern bauen beheben "
        "bereitstellen einbauen einbinden einführen einrichten entfernen ergänzen ermöglichen ersetzen erstellen erweitern "
        "festlegen hinzufügen klären löschen messen nachziehen pflegen prüfen schreiben sichern testen trennen übernehmen "
        "überarbeiten umbauen umbenennen umsetzen umstellen umziehen vereinheitlichen verbessern verschieben vorbereiten "
        "zeichnen zusammenführen "
        # ja
        "する 追加 実装 作成 修正 対応 更新 削除 整備 検討 変更 改善 導入 統一 移行 設定 構築 調査 "
        # ko
        "추가 구현 수정 개선 작성 적용 삭제 생성 연동 도입 구축 하기 정리 변경 검토 제거 이전"
    )
)
"""Verbs that end it: German infinitives (with all on `-ieren`), and what Japanese and Korean put last."""
MODALS: Final = phrases(
    {
        "en": "should, will, must, means, mean",
        "de": "soll, sollen, sollte, sollten, wird, muss",
        "fr": "doit, doivent, devrait, devraient",
        "es": "debe, deben, debería, deberían",
        "pt": "deve, devem, deveria, deveriam",
        "ru": "должен, должна, должно, должны",
        "uk": "повинен, повинна, має, мають",
        "zh": "应该, 应当, 必须",
        "ja": "べき, はず",
        "ko": "해야",
        "vi": "phải, nên, sẽ",
    }
)
"""Verbs of a sentence on how a thing is to be."""
