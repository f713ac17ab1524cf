from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kpilib.sample.files import Amounts, Ids, Labels, Spoiled, Table, TableFiles, Texts


def test_labels_below_0_are_blank() -> None:
    assert Labels(np.array([1, -1, 0, -700]), ("a", "b")).texts(0, 4) == ["b", "", "a", ""]


def test_ids_have_a_fixed_width_and_may_be_blank_or_longer() -> None:
    assert Ids("O", np.array([7, -1, 12_345_678])).texts(0, 3) == ["O000007", "", "O12345678"]


def test_amounts_have_the_digits_of_their_currency() -> None:
    minor, digits = np.array([120_050, 5, 1_200, -1]), np.array([2, 2, 0, 2])
    assert Amounts(minor, digits).texts(0, 4) == ["1200.50", "0.05", "1200", ""]


def test_a_column_gives_the_stretch_that_is_asked_for() -> None:
    for column in (
        Labels(np.array([0, 1, 2]), "abc"),
        Ids("", np.arange(3), 1),
        Amounts(np.arange(3), np.zeros(3, dtype=int)),
        Texts(["0", "1", "2"]),
    ):
        assert len(column.texts(1, 3)) == 2
        assert column.texts(0, 3)[1:] == column.texts(1, 3)


def table() -> Table:
    """
    ::

        id | name
        1  | one      name spoiled: eins
        2  | two      behind it: 2X | zwei
    """
    made = Table({"id": Texts(["1", "2"]), "name": Texts(["one", "two"])}, 2)
    made.spoiled = {0: Spoiled({"name": "eins"}), 1: Spoiled(behind=({"id": "2X", "name": "zwei"},))}
    return made


def test_dirt_stands_in_its_row_or_behind_it() -> None:
    assert [list(line) for line in table().lines()] == [["1", "eins"], ["2", "two"], ["2X", "zwei"]]
    assert table().written == 3
    assert [spoiled.dirty for spoiled in table().spoiled.values()] == [1, 1]
    assert table().row(0) == {"id": "1", "name": "one"}


def test_tables_are_appended_under_one_header(tmp_path: Path) -> None:
    with TableFiles(tmp_path / "new") as files:
        files.append("t", table())
        files.append("t", Table({"id": Texts(["3"]), "name": Texts(['three, "3"'])}, 1))
    assert (tmp_path / "new" / "t.csv").read_bytes() == b'id,name\n1,eins\n2,two\n2X,zwei\n3,"three, ""3"""\n'


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("before")

    def fail_midway() -> None:
        with TableFiles(tmp_path) as files:
            files.append("t", table())
            files.append("u", table())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_midway()
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert (tmp_path / "t.csv").read_text() == "before"
