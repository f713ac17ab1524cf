"""kpilib: quarterly partner review packs from a CRM's data."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Review", "__version__"]


def __getattr__(name: str) -> object:
    # `import kpilib` stays light for the command line: the review, with pandas, is loaded when it is asked for.
    if name == "Review":
        from kpilib.review import Review

        return Review
    raise AttributeError(f"module 'kpilib' has no attribute {name!r}")
