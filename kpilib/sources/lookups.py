"""The files that a mapping joins: looked up by key, whole in memory, one value per key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.values import read_text
from kpilib.errors import SourceError, did_you_mean
from kpilib.sources.apply import translate
from kpilib.sources.mapping import Join, same_name
from kpilib.sources.reader import Reader
from kpilib.sources.resolve import Place

__all__ = ["Lookups"]


@dataclass(frozen=True)
class Lookups:
    """The joined files of one table's file, by the join's name."""

    joins: Mapping[str, Join]
    readers: Mapping[str, Reader]
    _columns: dict[tuple[str, int], tuple[pa.Array, pa.Array]] = field(default_factory=dict)

    def headers(self) -> dict[str, Sequence[str]]:
        """The names of each joined file's columns."""
        return {name: reader.names for name, reader in self.readers.items()}

    def find(self, join: str, keys: pa.Array, index: int) -> pa.Array:
        """Return the values of a joined column for some keys; blank where the file does not have the key.

        Raises
        ------
        SourceError
            when the file has a key more than once, with different values: either could be meant.
        """
        known, values = self._column(join, index)
        sought = translate(read_text(keys), self.joins[join].values)
        return values.take(pc.index_in(sought, value_set=known))

    def all_values(self, place: Place) -> pa.Array:
        """Return all values of a joined column."""
        assert place.join is not None
        return self._column(place.join, place.index)[1]

    def _column(self, join: str, index: int) -> tuple[pa.Array, pa.Array]:
        if (join, index) not in self._columns:
            self._columns[join, index] = self._load(self.joins[join], self.readers[join], index)
        return self._columns[join, index]

    def _load(self, join: Join, reader: Reader, index: int) -> tuple[pa.Array, pa.Array]:
        place = self.key_place(join)
        keys, values = [], []
        for raw in reader.read(sorted({place, index})):
            if raw.broken:
                line = raw.broken[0]
                raise SourceError(
                    f"{reader.file} cannot be joined: row {line.row} is no row ({line.reason}). Mend it: a row of the "
                    f"other file would lose what it looks up.", file=reader.file,
                )  # fmt: skip
            keys.append(read_text(raw.columns[place]))
            values.append(raw.columns[index])
        kinds = {array.type for array in values}
        if len(kinds) > 1:
            values = [read_text(array) for array in values]
        table = pa.table({"key": pa.chunked_array(keys), "value": pa.chunked_array(values)})
        table = table.filter(pc.is_valid(table["key"]))
        pairs = table.group_by(["key", "value"], use_threads=False).aggregate([]) if not join.first else table
        doubled = len(pairs) - pc.count_distinct(pairs["key"]).as_py()
        if doubled and not join.first:
            counts = pairs.group_by("key").aggregate([([], "count_all")])
            example = counts.filter(pc.greater(counts["count_all"], 1))["key"][0].as_py()
            raise SourceError(
                f"{reader.file} cannot be joined by {join.key!r}: {doubled} keys have more than one "
                f"{reader.names[index]!r} (such as {example!r}), and either could be meant. Keep one row per key, or "
                f"take the first: join.{join.name}.first = true.",
                file=reader.file,
            )
        key, value = pairs["key"].combine_chunks(), pairs["value"].combine_chunks()
        known = pc.unique(key)
        return known, value.take(pc.index_in(known, value_set=key)) if len(known) else value

    def key_place(self, join: Join) -> int:
        """Return the place of the key's column in a joined file.

        Raises
        ------
        SourceError
            when the file does not have it.
        """
        names = self.readers[join.name].names
        for place, name in enumerate(names):
            if same_name(name) == same_name(join.key):
                return place
        raise SourceError(
            f"{self.readers[join.name].file} has no column {join.key!r}, by which it is joined."
            f"{did_you_mean(join.key, names)} It has: {', '.join(names)}.",
            file=self.readers[join.name].file,
        )
