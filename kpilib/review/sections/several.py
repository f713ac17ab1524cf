"""Several sections at once: by key, each made when it is asked for, and shown one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from kpilib.review.sections.section import KpiSection

__all__ = ["Sections"]


class Sections(Mapping[str, KpiSection]):
    """Sections by their KPIs' keys; as the last line of a cell they show themselves, each as a part of its own."""

    def __init__(self, keys: Iterable[str], make: Callable[[str], KpiSection]) -> None:
        self._keys = tuple(keys)
        self._make = make
        self._made: dict[str, KpiSection] = {}

    def __getitem__(self, key: str) -> KpiSection:
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<Sections: {', '.join(self._keys) or 'none'}>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for section in self.values():
            display(section)  # type: ignore[no-untyped-call]
