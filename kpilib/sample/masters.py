"""The tables that the others refer to: partners and stages."""

from __future__ import annotations

from collections.abc import Sequence

from kpilib.sample.catalogue import STAGES
from kpilib.sample.files import Table, Texts
from kpilib.sample.profiles import Profile

__all__ = ["partners_table", "stages_table"]


def partners_table(profiles: Sequence[Profile]) -> Table:
    """Return the partners with their contacts."""
    texts = ("partner_id", "name", "tier", "region", "locale", "contact_name", "contact_email", "manager")
    columns = {name: Texts([getattr(profile, name) for profile in profiles]) for name in texts}
    columns["active"] = Texts([str(profile.active).lower() for profile in profiles])
    return Table(columns, len(profiles))


def stages_table() -> Table:
    """Return the open stages, in order, with the probability that the sales process gives them."""
    return Table(
        {
            "stage": Texts(list(STAGES)),
            "order": Texts([str(place) for place in range(1, len(STAGES) + 1)]),
            "probability": Texts([f"{probability:.2f}" for probability in STAGES.values()]),
        },
        len(STAGES),
    )
