"""kpilib: quarterly partner review packs from a CRM's data."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Portfolio", "Review", "__version__"]


def __getattr__(name: str) -> object:
    # `import kpilib` stays light for the command line: the reviews, with pandas, are loaded when they are asked for.
    if name == "Review":
        from kpilib.review import Review

        return Review
    if name == "Portfolio":
        from kpilib.portfolio import Portfolio

        return Portfolio
    raise AttributeError(f"module 'kpilib' has no attribute {name!r}")
