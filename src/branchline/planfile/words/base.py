"""How the word lists are written: an entry a phrase, entries parted by commas, one text a language."""

import unicodedata
from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "ru", "uk", "zh", "ja", "ko", "vi")
"""The languages each list speaks; some know a few words of others."""

Lists = dict[str, str]
_PAIRS: Final = (
    "与與义義并並个個产產仅僅优優体體决決准準划劃则則创創删刪办辦务務动動协協单單参參发發变變号號后後响響问問图圖围圍"
    "块塊处處备備复復实實对對导導将將层層应應库庫开開弃棄录錄当當态態总總径徑志誌户戶执執扩擴择擇挡擋据據无無时時暂暫"
    "术術机機条條来來构構标標栈棧档檔检檢样樣残殘况況测測状狀独獨现現画畫确確种種积積称稱简簡类類约約级級线線组組细細"
    "终終经經结結统統继繼续續绿綠编編节節范範补補见見规規览覽计計认認议議记記设設许許论論证證评評识識试試误誤说說请請"
    "读讀调調负負责責败敗费費资資赖賴转轉轮輪载載输輸边邊达達过過运運还還进進远遠连連适適选選错錯长長门門间間阅閱队隊"
    "阶階险險难難项項顺順须須预預题題风風验驗骤驟关關内內点點绝絕迁遷诗詩荐薦没沒于於"
)
_TRADITIONAL: Final = str.maketrans(_PAIRS[::2], _PAIRS[1::2])
"""The simplified characters of the Chinese lists to those of Taiwan and Hong Kong."""


def phrases(lists: Lists) -> tuple[str, ...]:
    """Give the entries of all languages, each once, in the order written, also as they are written elsewhere (`_forms`)."""
    return tuple(
        dict.fromkeys(form for key, text in lists.items() for entry in split(text) for form in _forms(key, entry))
    )


def _forms(language: str, entry: str) -> tuple[str, str]:
    """An entry, and as it is typed without accents, or in Chinese written with traditional characters."""
    return entry, entry.translate(_TRADITIONAL) if language == "zh" else typed(entry)


def split(text: str) -> tuple[str, ...]:
    """Part one text at its commas; white space around and inside an entry is one space."""
    return tuple(entry for part in text.split(",") if (entry := " ".join(part.split())))


def words(text: str) -> frozenset[str]:
    """Part a text of single words at its spaces; each stands also as it is typed without accents."""
    return frozenset(form for word in text.split() for form in (word, typed(word)))


def typed(entry: str) -> str:
    """Give a word in Latin letters as keyboards without accents write it: `tache` for `tâche`; any other as it is."""
    if entry.isascii():  # most are, and all lists together are long
        return entry
    bare = "".join(char for char in unicodedata.normalize("NFD", entry) if not unicodedata.combining(char))
    return bare if bare.isascii() else entry
