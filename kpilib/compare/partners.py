"""The partners whose packs are compared: few, and as different as the workspace has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpilib.language import fallback_language

if TYPE_CHECKING:
    from kpilib.build.round import Round

__all__ = ["choose_partners"]


def choose_partners(around: Round) -> list[str]:
    """Return the partner with the most deals, the one with the fewest, and one that reads another language."""
    partners = around.partners()
    if not partners:
        return []
    deals = around.cohort.scorings[0].deals

    def language(partner_id: str) -> str:
        return around.language or fallback_language(
            around.settings.packs.language or around.store.partner(partner_id).get("locale")
        )

    ranked = sorted(partners, key=lambda name: (-deals.get(name, 0), name))
    chosen = [ranked[0], ranked[-1]]
    spoken = {language(name) for name in chosen}
    chosen += [name for name in ranked if language(name) not in spoken][:1]
    return list(dict.fromkeys(chosen))
