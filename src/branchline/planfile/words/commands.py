"""What sentences say of commands: that they are run, that they check something, that they pass."""

from typing import Final

from branchline.planfile.words.base import Lists, phrases

_RUN: Final[Lists] = {
    "en": "run, rerun, re-run, execute",
    "de": "führe, starte",
    "fr": "exécuter, exécute, exécutez, lancer",
    "es": "ejecutar, ejecuta, correr",
    "pt": "executar, execute, rodar",
    "ru": "запустить, выполнить, запусти",
    "uk": "запустити, виконати, запусти",
    "zh": "运行, 执行",
    "ja": "実行",
    "ko": "실행",
    "vi": "chạy",
}
_CHECK: Final[Lists] = {
    "en": "verify, check, confirm, ensure, validate, test, lint",
    "de": "prüfe, prüfen, testen, sicherstellen",
    "fr": "vérifier, valider, tester",
    "es": "verificar, comprobar, validar, probar",
    "pt": "verificar, validar, testar, garantir",
    "ru": "проверить, убедиться, протестировать",
    "uk": "перевірити, переконатися, протестувати",
    "zh": "验证, 测试, 检查, 确认",
    "ja": "検証, 確認, テスト",
    "ko": "검증, 확인, 테스트",
    "vi": "kiểm tra, xác minh",
}
_PASS: Final[Lists] = {
    "en": """pass, passes, passing, succeed, succeeds, successfully, green, clean, validates, compiles, exits 0,
        exits with 0, exit 0, without errors, no errors, to verify, to check""",
    "de": "läuft, durchläuft, grün, fehlerfrei, erfolgreich",
    "fr": "passe, passent, réussit, vert, sans erreur",
    "es": "pasa, pasan, pasando, en verde, sin errores",
    "pt": "passa, passam, passando, verde, sem erros",
    "ru": "проходит, проходят, зелёный, зелёные, без ошибок, успешно",
    "uk": "проходить, проходять, зелений, зелені, без помилок, успішно",
    "zh": "通过, 成功, 全绿, 无错误",
    "ja": "が通, 通る, 成功, 完走, エラーなし, がエラーなく",
    "ko": "통과, 성공",
    "vi": "thành công, không lỗi",
}
_WITH: Final[Lists] = {
    "en": "with, via, using, by running, with the command",
    "de": "mit, durch, per",
    "fr": "avec, via",
    "es": "con, mediante, usando",
    "pt": "com, via, usando",
    "ru": "через, с помощью, командой",
    "uk": "через, за допомогою, командою",
    "vi": "bằng",
}
_RUN_LAST: Final[Lists] = {"de": "ausführen, laufen lassen, starten", "ja": "実行", "ko": "실행"}
_CHECK_LAST: Final[Lists] = {"de": "prüfen, überprüfen, verifizieren, testen", "ja": "確認, 検証", "ko": "확인, 검증"}
RUN: Final = phrases(_RUN)
CHECK: Final = phrases(_CHECK)
PASS: Final = phrases(_PASS)
WITH: Final = phrases(_WITH)
RUN_LAST: Final = phrases(_RUN_LAST)
CHECK_LAST: Final = phrases(_CHECK_LAST)
"""The verbs of the languages that say last what is to be done: `npm test` を実行."""
