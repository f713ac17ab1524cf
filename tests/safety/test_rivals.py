"""A deal lost to another of our partners: whoever reads the pack is not told to which."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kpilib.cohort import Cohort
from kpilib.quarter import Quarter
from kpilib.settings import Settings
from kpilib.slicing import cut_slice
from kpilib.store import Store

QUARTER = Quarter(2026, 2)
DRAWN = {
    "partners": "partner_id | name | locale\nP1 | Alpha | ko\nP2 | Beta GmbH | en\nP3 | Gamma | en",
    "opportunities": """
        opportunity_id|partner_id|created_on|closed_on |outcome|amount|lost_to
        A             |P1        |2026-04-02|2026-04-09|lost   |5     |Beta GmbH
        B             |P1        |2026-04-02|2026-04-09|lost   |5     |BETA  gmbh
        C             |P1        |2026-04-02|2026-04-09|lost   |5     |P3
        C2            |P1        |2026-04-02|2026-04-09|lost   |5     |Beta-GmbH
        D             |P1        |2026-04-02|2026-04-09|lost   |5     |Outsider
        E             |P1        |2026-04-02|2026-04-09|lost   |5     |Alpha
        F             |P1        |2026-04-02|2026-04-09|won    |5     |
        G             |P2        |2026-04-02|2026-04-09|lost   |5     |Gamma
        """,
}


@pytest.fixture(scope="module")
def drawn(module_workspace: Callable[..., Settings]) -> Settings:
    return module_workspace(**DRAWN)


@pytest.mark.parametrize(
    ("partner_id", "audience", "rivals"),
    [
        ("P1", "partner", ["다른 파트너", "다른 파트너", "다른 파트너", "다른 파트너", "Outsider", "Alpha", None]),
        ("P2", "partner", ["another partner"]),
        ("P2", "internal", ["Gamma"]),
    ],
)
def test_a_rival_that_is_another_partner_is_not_named(
    drawn: Settings, partner_id: str, audience: str, rivals: list[str | None]
) -> None:
    store = Store.check(drawn)
    cohort = Cohort.compute(store, drawn, QUARTER, QUARTER.end)
    slice_ = cut_slice(
        store, cohort, drawn, partner_id=partner_id, quarter=QUARTER, as_of=QUARTER.end, audience=audience
    )
    assert slice_.content["tables"]["opportunities"]["lost_to"] == rivals
