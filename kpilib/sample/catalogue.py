"""What every partner of the sample sells, by which channels, through which stages, in which season."""

from __future__ import annotations

import numpy as np

__all__ = [
    "CHANNELS",
    "LOST_AT",
    "MEAN_AMOUNT",
    "PAID",
    "PRODUCTS",
    "REASONS",
    "RIVAL_SHARES",
    "SEASON",
    "SPEND",
    "SPREAD",
    "STAGES",
    "WITH_LEAD",
]

SEASON = np.array([0.82, 0.90, 1.04, 0.98, 1.00, 1.04, 0.86, 0.82, 1.08, 1.20, 1.20, 1.06])
"""Opportunities created by calendar month, mean 1: a strong last quarter, a slow January and summer."""

STAGES = {"Qualified": 0.45, "Discovery": 0.50, "Proposal": 0.60, "Negotiation": 0.75, "Commitment": 0.85}
"""The open stages in order, with the probability that the stages table states."""

CHANNELS = {
    "Paid search": ("paid", 0.15, 0.30, 0.92),
    "Paid social": ("paid", 0.09, 0.20, 0.82),
    "Sponsored events": ("paid", 0.09, 0.34, 1.00),
    "Referral": ("earned", 0.19, 0.56, 1.15),
    "Press": ("earned", 0.07, 0.28, 0.95),
    "Website": ("owned", 0.20, 0.38, 1.05),
    "Newsletter": ("owned", 0.09, 0.30, 1.00),
    "Webinar": ("owned", 0.09, 0.40, 1.05),
    "Other": ("", 0.03, 0.20, 0.90),
}
"""Channel → segment (blank: unassigned), share of the opportunities, a lead's chance to become one, factor on
the chance to win."""

PAID = np.array([segment == "paid" for segment, *_ in CHANNELS.values()])
"""Which of the channels are paid media."""

SPEND = {
    "Paid search": 0.26,
    "Paid social": 0.18,
    "Sponsored events": 0.18,
    "Referral": 0.14,
    "Press": 0.05,
    "Website": 0.09,
    "Newsletter": 0.03,
    "Webinar": 0.07,
}
"""Channels that cost money, with their shares of a partner's marketing budget."""

WITH_LEAD = 0.78
"""Share of the opportunities that a lead led to; the others a partner found by itself."""

PRODUCTS = {
    "Core Platform": (0.26, 21_000, 0.95, 1.15),
    "Analytics": (0.20, 12_500, 1.05, 1.00),
    "Integration Hub": (0.16, 16_000, 0.90, 1.10),
    "Field Mobile": (0.14, 8_200, 1.05, 0.90),
    "Premium Support": (0.14, 4_400, 1.15, 0.70),
    "Training": (0.10, 2_300, 1.20, 0.45),
}
"""Product → share, median amount in dollars, factor on the chance to win, factor on the days to a decision."""

SPREAD = 0.55
"""Standard deviation of the logarithm of an amount within a product."""

MEAN_AMOUNT = sum(share * median for share, median, *_ in PRODUCTS.values()) * float(np.exp(SPREAD**2 / 2))
"""Mean amount in dollars over all products."""

REASONS = {
    "Price": 0.22,
    "Competitor": 0.24,
    "No budget": 0.16,
    "No decision": 0.20,
    "Timing": 0.10,
    "Missing feature": 0.08,
}
"""Reasons of loss with their shares."""

RIVAL_SHARES = (0.30, 0.25, 0.20, 0.15, 0.10)
"""Shares of the competitors among the losses to one."""

LOST_AT = (0.20, 0.28, 0.27, 0.17, 0.08)
"""How far the lost opportunities came: shares by the last stage reached."""
