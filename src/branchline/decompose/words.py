"""The words by which the rules tell deliverables from details: verbs, things that hold parts, things that are parts."""

from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAKE: Final = _set(
    "build create implement develop make design construct produce deliver ship launch rewrite redesign rebuild "
    "migrate port baue bauen erstelle erstellen implementiere implementieren entwickle entwickeln entwirf crear "
    "crea construir construye implementar implementa desarrollar desarrolla diseñar créer crée construire construis "
    "développer développe implémenter concevoir criar crie desenvolver projetar creare sviluppare sviluppa "
    "costruire implementare maak bouw bouwen ontwikkel zbuduj stwórz utwórz zaimplementuj создать создай "
    "разработать разработай реализовать построить oluştur geliştir rakenna toteuta bygg bygga skapa utveckla"
)
"""Verbs after which a list names what there will be."""
NOUNS: Final = _set("build design produce ship launch port draft offer install skapa")
"""Those of the verbs here that are nouns as well, so that `and build steps` begins no clause."""
ADD: Final = _set(
    "add write introduce provide setup prepare bootstrap scaffold offer draft author install schreibe ergänze füge "
    "richte añadir añade agregar agrega escribir ajouter ajoute écrire écris adicionar adicione escrever aggiungere "
    "aggiungi scrivere voeg schrijf dodaj napisz добавить добавь написать lägg skriv lisää ekle"
)
"""Verbs after which a list names what there will be, and a thing with parts is often but one detail more."""
CHANGE: Final = _set(
    "fix bugfix hotfix repair resolve correct debug patch mend solve refactor restructure reorganize reorganise "
    "rework revise update upgrade bump downgrade pin rename move remove delete drop clean cleanup tidy prune purge "
    "replace swap convert change adjust tweak modify edit extend expand improve optimize optimise enhance simplify "
    "polish speed reduce shrink document describe explain comment annotate test verify check validate review audit "
    "inspect investigate research explore analyze analyse compare evaluate study measure profile benchmark "
    "reproduce confirm ensure assert guard prevent avoid allow enable disable let support handle use switch toggle "
    "configure tune wire connect hook link attach bind expose hide monitor watch observe collect gather show "
    "display render print log track record list sort filter parse read load save store persist cache fetch send "
    "return pass call invoke run execute start stop restart open close merge rebase revert undo split extract "
    "inline deduplicate unify align sync format lint translate localize localise mark tag label escape sanitize "
    "sanitise catch raise accept reject retry limit restrict require default respect honor honour keep preserve "
    "restore deploy publish release reset lower increase decrease cover mock stub type standardize standardise "
    "normalize normalise decide choose discuss agree ask behebe beheben repariere korrigiere aktualisiere "
    "aktualisieren refaktoriere benenne entferne lösche ersetze teste prüfe überarbeite verbessere dokumentiere "
    "corregir corrige arreglar arregla actualizar actualiza renombrar eliminar elimina probar revisar refactorizar "
    "mejorar corriger réparer répare modifier renommer supprimer supprime tester vérifier refactoriser améliorer "
    "documenter atualizar corrigir remover testar renomear correggere aggiornare rimuovere repareer herstel "
    "bijwerken verwijder hernoem napraw popraw zaktualizuj usuń исправить исправь обновить обнови удалить "
    "переименовать проверить korjaa päivitä poista rätta uppdatera düzelt güncelle set make-sure 修复 修正 更新 重命名 删除 重构 "
    "测试 升级"
)
"""Verbs that work on what is there: one concern, whatever the list behind them counts."""
SIGNS: Final = tuple(sorted(word for word in CHANGE if word[0] > "\u3000"))
"""Those of them that stand before other words without a blank."""
PREFIXES: Final = _set("fix docs doc chore refactor test tests perf style ci revert build-fix bug")
"""What stands before the colon of a commit message that is about what is there."""

WHOLE: Final = _set(
    "app apps application applications system systems platform platforms product products service services "
    "microservice microservices site sites website websites portal portals suite suites framework frameworks engine "
    "engines marketplace shop store storefront backend frontend crm erp cms saas dashboard panel console client "
    "game games blog forum wiki bot server api apis sdk toolkit workspace pipeline pipelines stack project modules "
    "packages subsystems features libraries components pages screens epics deliverables tools workflows anwendung "
    "plattform sistema aplicación plataforma tienda système boutique piattaforma negozio loja"
)
"""Things that are made of parts which are work of their own."""
PART: Final = _set(
    "page form dialog modal popup widget component screen view table list menu card chart class function method "
    "helper hook script query route endpoint endpoints handler file files dockerfile makefile readme template "
    "schema config configuration cache type struct enum interface decorator middleware wrapper validator logger "
    "parser command commands section message email report error prompt migration logic layer mixin fixture fixtures "
    "test tests spec specs docs documentation guide notes plan option options image rule rules model models entity "
    "record object payload request response job funktion methode klasse skript seite datei tabelle feld formular "
    "función clase página fonction classe"
)
"""Things small enough to be one task with all that belongs to them."""
TINY: Final = _set(
    "button buttons link links field fields column columns icon icons label labels flag flags option options "
    "comment comments test tests line lines badge badges header headers footer footers tooltip tooltips placeholder "
    "placeholders margin margins color colors colour colours font fonts style styles case cases type types format "
    "formats key keys value values parameter parameters argument arguments attribute attributes property properties "
    "constant constants variable variables import imports entry entries error errors message messages event events "
    "limit limits check checks validation translation translations input inputs row rows tag tags state states "
    "stage stages step steps version versions setting settings method methods rule rules handler handlers config "
    "configs query queries hook hooks route routes endpoint endpoints class classes alias aliases variant variants "
    "usage data helper helpers function functions typo typos warning warnings checkbox checkboxes dropdown tab tabs"
)
"""Things that are never a task of their own beside others of their kind."""
NAMED: Final = _set("class table function method struct enum interface type component command script model module hook")
"""Words that stand before the name of what they are: `class User`."""
SAYS_LITTLE: Final = _set(
    "fix fixes update updates improve improvements cleanup clean up refactor refactoring polish testing test tests todo wip "
    "other finalize finish work tweaks changes review code bugs it everything more the"
)
"""Words of which alone a title does not say what will be there."""
EXPLORING: Final = _set("investigate research explore evaluate compare analyze analyse study")
"""Verbs after which there is nothing new but an answer."""
MANY_OF: Final = _set(
    "attributes fields columns tables properties parameters arguments keys values classes functions flags options rules"
)
"""Words that say of all that follows what it is: `tables users, orders and items`."""
COMPANION: Final = _set(
    "test tests testing docs documentation doc readme changelog comments comment types typings examples example "
    "logging validation error-handling handling styling docstrings coverage"
)
"""What belongs to the task beside which it is named."""
PAIRS: Final = (
    ("drag", "drop"),
    ("search", "replace"),
    ("find", "replace"),
    ("copy", "paste"),
    ("cut", "paste"),
    ("terms", "conditions"),
    ("read", "write"),
    ("undo", "redo"),
    ("pros", "cons"),
    ("name", "address"),
    ("up", "down"),
    ("back", "forth"),
    ("start", "stop"),
    ("request", "response"),
    ("questions", "answers"),
    ("black", "white"),
    ("trial", "error"),
    ("point", "click"),
    ("lost", "found"),
    ("research", "development"),
)
"""Two words that name one thing."""
CLAUSE: Final = _set(
    "is are was were be been isn't aren't cannot can't can could should must will would won't has have had does "
    "doesn't do don't did didn't not it its they them their work works we you he she this these those there same"
)
"""Words that make a sentence, or point back, where a list of things would have none."""
