"""Rules of the reader for work that stands in letters, notes and tables, without the headings of a plan."""

import pytest

from branchline.planfile.read import parse


def titles(text: str) -> list[str]:
    return [task.title for task in parse(text, "notes/x.md").tasks]


class TestWhatASentenceAnnounces:
    @pytest.mark.parametrize(
        "lead",
        [
            "The ship flies. Before it can land we need to:",
            "I read it all. Fix list:",
            "Bis Freitag fehlt noch:",
            "Il reste à faire :",
            "Queda por resolver:",
            "Нужно сделать до пятницы:",
            "本周要做的事：",
            "今週やること：",
            "이번 주에 해야 할 것:",
            "Những việc còn lại:",
        ],
    )
    def test_a_sentence_that_says_what_is_left_announces_work(self, lead: str) -> None:
        assert titles(f"Hello,\n\n{lead}\n\n- the grid by hand\n- the rim\n\nBye\n") == ["the grid by hand", "the rim"]
        assert titles(f"# Ship\n\n## Background\n\n{lead}\n\n- the grid by hand\n- the rim\n") == []

    def test_any_sentence_announces_what_mostly_acts_in_a_letter(self) -> None:
        text = "{}Hello,\n\nfor the ship:\n\n1. Fix the grid\n2. Move the rim\n3. the mast\n"
        assert titles(text.format("")) == ["Fix the grid", "Move the rim", "the mast"]
        assert titles("Hello,\n\nthe ship has:\n\n- a grid\n- a rim\n- a mast\n") == []
