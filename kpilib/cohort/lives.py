"""All partners' opportunities as the outlook's lives, read out of the store at once.

Amounts are floats here, converted at each row's own day: they feed draws and are never shown.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kpilib.experience import NEVER, Lives

if TYPE_CHECKING:
    from kpilib.store import Store

__all__ = ["read_lives"]

_EPOCH = date(1970, 1, 1).toordinal()


def read_lives(
    store: Store,
    currency: str,
    day: date,
    *,
    since: date | None = None,
    between: tuple[str, str] | None = None,
) -> dict[str, Lives]:
    """Return each partner's opportunities as known on a day, by the partners' ids.

    Parameters
    ----------
    since
        leave out what was won or lost before this day.
    between
        the first and the last id of the partners to read; default: all.
    """
    first, last = between or ("", "\U0010ffff")
    with store.connect() as connection:
        connection.execute(
            """
            CREATE TEMP TABLE living AS
            SELECT row_number() OVER (ORDER BY partner_id, opportunity_id) - 1 AS place, *,
              CASE WHEN outcome <> 'open' AND closed_on <= $day THEN closed_on END AS ended
            FROM opportunities
            WHERE created_on <= $day AND (outcome = 'open' OR closed_on >= $since)
              AND partner_id BETWEEN $first AND $last
            """,
            {"day": day, "since": since or date.min, "first": first, "last": last},
        )
        rows = connection.sql(
            """
            SELECT o.partner_id, date_diff('day', DATE '1970-01-01', o.created_on) AS created,
              date_diff('day', DATE '1970-01-01', o.ended) AS ended,
              o.ended IS NOT NULL AND o.outcome = 'won' AS won,
              CASE WHEN coalesce(nullif(o.currency, ''), $own) = $own THEN 1.0 ELSE f.rate::DOUBLE END
                * nullif(o.amount, 0)::DOUBLE AS amount
            FROM living o ASOF LEFT JOIN fx f
              ON o.currency = f.currency AND coalesce(o.ended, $day) >= f.valid_from
            ORDER BY o.place
            """,
            params={"own": currency, "day": day},
        ).to_arrow_table()
        changes = connection.sql(
            """
            SELECT o.place, date_diff('day', DATE '1970-01-01', h.changed_on) AS changed, h.stage
            FROM (
              SELECT row_number() OVER () AS line, * FROM stage_history WHERE partner_id BETWEEN $first AND $last
            ) h JOIN living o USING (opportunity_id)
            WHERE h.changed_on <= $day AND h.stage IS NOT NULL ORDER BY o.place, h.changed_on, h.line
            """,
            params={"day": day, "first": first, "last": last},
        ).to_arrow_table()
    return _by_partner(rows, changes)


def _by_partner(rows: Any, changes: Any) -> dict[str, Lives]:
    owners = _labels(rows["partner_id"])
    created = rows["created"].to_numpy() + _EPOCH
    closed = rows["ended"].to_numpy().astype(np.float64)
    ended = np.where(np.isnan(closed), NEVER, np.nan_to_num(closed) + _EPOCH).astype(np.int64)
    won = rows["won"].to_numpy()
    amount = rows["amount"].to_numpy().astype(np.float64)
    bounds = _bounds(owners)
    of_change = changes["place"].to_numpy()
    day_of_change = changes["changed"].to_numpy() + _EPOCH
    stages = _labels(changes["stage"])
    found = {}
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        begin, end = np.searchsorted(of_change, [first, last])
        held = (of_change[begin:end] - first, day_of_change[begin:end], stages[begin:end])
        found[str(owners[first])] = Lives(
            created[first:last], ended[first:last], won[first:last], amount[first:last], held if end > begin else None
        )
    return found


def _labels(column: Any) -> NDArray[np.object_]:
    """Return a column of few different texts: each text is made once, not once a row."""
    encoded = column.combine_chunks().dictionary_encode()
    labels = np.array(encoded.dictionary.to_pylist(), dtype=object)
    found: NDArray[np.object_] = labels[encoded.indices.to_numpy(zero_copy_only=False)]
    return found


def _bounds(owners: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return where each partner's stretch of rows begins, and the end of the last one."""
    if len(owners) == 0:
        return np.zeros(1, dtype=np.intp)
    changes = np.flatnonzero(owners[1:] != owners[:-1]) + 1
    return np.concatenate(([0], changes, [len(owners)]))
