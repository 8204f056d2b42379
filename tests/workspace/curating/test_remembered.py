"""What a person said of pictures is kept by content, in one file that several programs may use."""

import sqlite3
from hashlib import sha256

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.workspace.curating.remembered import FILE, HiddenPair, Mark, Remembered

A, B, C = (sha256(text).hexdigest() for text in (b"a", b"b", b"c"))


def test_marks_outlive_the_program_and_are_found_by_content(tmp_path):
    with Remembered(tmp_path / "new folder") as remembered:
        remembered.mark({A: Mark(stars=3), B: Mark(keep=True)})
    with Remembered(tmp_path / "new folder") as remembered:
        assert remembered.marks() == {A: Mark(3, False), B: Mark(0, True)}
        assert remembered.marks([A, C]) == {A: Mark(3, False)}
        remembered.mark({A: Mark(1, True)})
        assert remembered.marks([A]) == {A: Mark(1, True)}


def test_a_mark_that_is_taken_back_leaves_nothing_behind():
    with Remembered(None) as remembered:
        remembered.mark({A: Mark(5, True)})
        remembered.mark({A: Mark()})
        assert remembered.marks() == {}


def test_marks_of_very_many_pictures_are_asked_for_at_once():
    many = [sha256(str(number).encode()).hexdigest() for number in range(3000)]
    with Remembered(None) as remembered:
        remembered.mark(dict.fromkeys(many, Mark(2)))
        assert len(remembered.marks(many[:2500])) == 2500


@pytest.mark.parametrize("mark", [Mark(stars=6), Mark(stars=-1)])
def test_there_are_five_stars(mark):
    with Remembered(None) as remembered:
        with pytest.raises(ModelsimError, match="stars"):
            remembered.mark({A: mark})
        assert remembered.marks() == {}


def test_a_pair_is_one_pair_whichever_comes_first():
    with Remembered(None) as remembered:
        remembered.hide((B, A), ("b.png", "a.png"))
        pair = tuple(sorted((A, B)))
        names = {A: "a.png", B: "b.png"}
        assert remembered.hidden_pairs() == {pair}
        assert remembered.hidden() == [HiddenPair(*pair, names[pair[0]], names[pair[1]])]
        assert remembered.show_again((A, B))
        assert not remembered.show_again((A, B))
        assert remembered.hidden() == []


def test_two_files_of_one_content_cannot_be_hidden():
    with Remembered(None) as remembered:
        with pytest.raises(ModelsimError, match="byte by byte"):
            remembered.hide((A, A), ("one.png", "two.png"))
        assert remembered.hidden() == []


def test_what_is_no_hash_is_refused():
    with Remembered(None) as remembered, pytest.raises(ModelsimError, match="SHA-256"):
        remembered.hide((A, "anna.png"))


def test_two_programs_write_at_once(tmp_path):
    with Remembered(tmp_path) as one, Remembered(tmp_path) as other:
        one.mark({A: Mark(1)})
        other.hide((A, B))
        one.hide((B, C))
        other.mark({B: Mark(2)})
        assert one.marks() == other.marks() == {A: Mark(1), B: Mark(2)}
        assert len(one.hidden_pairs()) == 2


def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(ModelsimError, match="what you said of pictures cannot be used"):
        Remembered(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"no database" * 100


def test_names_that_no_text_can_hold_do_not_keep_a_pair_from_being_hidden(tmp_path):
    with Remembered(tmp_path) as remembered:
        remembered.hide((A, B), ("weird\udcff.png", "b.png"))
        assert len(remembered.hidden()) == 1
    assert sqlite3.connect(tmp_path / FILE).execute("SELECT count(*) FROM hidden_pairs").fetchone() == (1,)
