"""Whether a finished pack holds what belongs to another partner: one automaton over all partners, built once.

Names, ids and contacts are looked for as whole words, whatever the case, the form of their letters, or a hyphen at a
line's end. Ids of opportunities and leads are too many for that: what looks like one is looked up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import ahocorasick

from kpilib.language import Words, languages
from kpilib.render.finding import Finding

if TYPE_CHECKING:
    from kpilib.render.readback import Passage
    from kpilib.store import Store

__all__ = ["Records", "Watchlist"]

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
# pdfium writes U+0002 for a hyphen that a line's end made.
_BROKEN = re.compile(r"[\x02\u2010-]?[ \t]*[\r\n]+[ \t]*|\x02")
_BLANKS = re.compile(r"\s+")
_TOKEN = re.compile(r"[^\W_](?:[\w.#/-]*\w)?")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_PARTICLE = re.compile(
    "(?:은|는|이|가|을|를|의|에|와|과|로|으로|도|만|님|씨|사|측|에서|에게|에는|에도|께|께서|까지|부터|보다|처럼|이나|나|랑|이랑|라고|이라고|입니다|이며|이고|였습니다|이었습니다)(?!\\w)"
)
_SHORTEST = 2
_MOST_SHAPES = 2000


@dataclass(frozen=True)
class _Term:
    text: str
    owner: str
    kind: str


@dataclass
class Records:
    """The ids of all opportunities and leads: where they lie, and what they look like."""

    store: Store

    @cached_property
    def shapes(self) -> frozenset[str]:
        """How ids look: each digit as 9, each letter as a; empty when they look too different to tell."""
        query = "select distinct {shape} from {table} limit {most}"
        found: set[str] = set()
        for table, column in self._tables():
            shape = f"regexp_replace(regexp_replace({column}, '[0-9]', '9', 'g'), '[A-Za-z]', 'a', 'g')"
            rows = self._connection.execute(query.format(shape=shape, table=table, most=_MOST_SHAPES)).fetchall()
            found.update(str(row[0]) for row in rows)
        return frozenset() if len(found) >= _MOST_SHAPES else frozenset(found)

    def owners(self, ids: Collection[str]) -> dict[str, str]:
        """Return the partner of each id that is an opportunity's or a lead's."""
        found: dict[str, str] = {}
        for table, column in self._tables():
            query = f"select {column}, partner_id from {table} where {column} in (select unnest(?))"  # noqa: S608 (our names)
            found.update(self._connection.execute(query, [sorted(ids)]).fetchall())
        return found

    @cached_property
    def _connection(self) -> Any:
        return self.store.connect()

    def _tables(self) -> list[tuple[str, str]]:
        known = (("opportunities", "opportunity_id"), ("leads", "lead_id"))
        return [(table, column) for table, column in known if table in self.store.tables]


@dataclass
class Watchlist:
    """What no pack but a partner's own may hold.

    Parameters
    ----------
    partners
        the rows of the table partners, every one.
    allow
        texts that any page may hold, each with the reason.
    shared
        texts of the workspace itself, such as its settings: what they contain is no leak.
    records
        where the ids of opportunities and leads are looked up; without it they are not.
    """

    partners: Iterable[Mapping[str, Any]]
    allow: Mapping[str, str] = field(default_factory=dict)
    shared: Iterable[str] = ()
    records: Records | None = None

    def __post_init__(self) -> None:
        rows = [{key: str(value) for key, value in row.items() if value is not None} for row in self.partners]
        self._rows = {row["partner_id"]: row for row in rows}
        self._shared = _fold(" \n ".join(self.shared))
        allowed = {_fold(text) for text in self.allow}
        terms: dict[str, list[_Term]] = {}
        for row in rows:
            for kind, text in _terms(row):
                key = _fold(text)
                if len(key) >= _SHORTEST and key not in allowed and not (kind == "id" and _is_a_figure(key)):
                    terms.setdefault(key, []).append(_Term(text, row["partner_id"], kind))
        self._automaton = ahocorasick.Automaton()
        for key, held in terms.items():
            self._automaton.add_word(key, (key, tuple(held)))
        self._automaton.make_automaton()
        self._empty = not terms

    def find_leaks(self, partner_id: str, passages: Iterable[Passage], own_ids: Collection[str] = ()) -> list[Finding]:
        """Return what a partner's finished files hold of other partners.

        Parameters
        ----------
        passages
            the texts of the files, from `kpilib.render.readback.read_files`.
        own_ids
            ids of the partner's own opportunities and leads, which need not be looked up.
        """
        row = self._rows.get(partner_id, {})
        own = _fold(" \n ".join(row.values()))
        own_terms = {_fold(text) for _, text in _terms(row)}
        found: dict[Finding, None] = {}
        tokens: dict[str, str] = {}
        for passage in passages:
            for term in self._named(passage.text):
                key = _fold(term.text)
                if not (key in own_terms or _holds(own, key) or _holds(self._shared, key)):
                    found[Finding(passage.place, term.text, f"the {term.kind} of partner {term.owner}")] = None
            for token in self._candidates(passage.text):
                tokens.setdefault(token, passage.place)
        found.update(dict.fromkeys(self._recorded(partner_id, tokens, own_ids)))
        return list(found)

    def _named(self, text: str) -> Iterable[_Term]:
        for reading in _readings(text):
            yield from (term for term in self._hits(reading) if _is_meant(term, text))

    def _recorded(self, partner_id: str, tokens: Mapping[str, str], own_ids: Collection[str]) -> Iterable[Finding]:
        unknown = tokens.keys() - set(own_ids)
        if self.records is not None and unknown:
            for token, owner in sorted(self.records.owners(unknown).items()):
                if owner != partner_id:
                    yield Finding(tokens[token], token, f"an opportunity or lead of partner {owner}")

    def _hits(self, text: str) -> Iterable[_Term]:
        if self._empty:
            return
        for end, (key, terms) in self._automaton.iter(text):
            if _stands_alone(text, end - len(key) + 1, end + 1):
                yield from terms

    def _candidates(self, text: str) -> Iterable[str]:
        if self.records is None:
            return
        shapes = self.records.shapes
        for token in set(_TOKEN.findall(_UNSEEN.sub("", text))):
            if not _is_a_figure(token) and (not shapes or _shape(token) in shapes) and any(map(str.isdigit, token)):
                yield token


def _terms(row: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for kind, column in (("id", "partner_id"), ("name", "name"), ("contact", "contact_name")):
        if row.get(column, "").strip():
            yield kind, row[column]
    for address in row.get("contact_email", "").split(";"):
        if address.strip():
            yield "address", address


def _fold(text: str) -> str:
    """Return a text as it is compared: compatible forms and cases are one, unseen signs are gone, blanks are single."""
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return _BLANKS.sub(" ", text.casefold()).strip()


def _readings(text: str) -> Iterable[str]:
    """Yield a text as it may be read: a line's end as a blank, and, where there are some, as nothing."""
    yield _fold(text.replace("\x02", "-"))
    if _BROKEN.search(text):
        yield _fold(_BROKEN.sub("", text))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether a stretch of a text is a word of its own; a Korean name may carry a particle."""
    if start > 0 and _is_word(text[start - 1]) and _is_word(text[start]):
        return False
    if end >= len(text) or not _is_word(text[end]) or not _is_word(text[end - 1]):
        return True
    return bool(_HANGUL.match(text[end]) and _PARTICLE.match(text, end))


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _holds(text: str, key: str) -> bool:
    start = text.find(key)
    while start >= 0:
        if _stands_alone(text, start, start + len(key)):
            return True
        start = text.find(key, start + 1)
    return False


def _is_a_figure(text: str) -> bool:
    """Say whether an id is a number so short that any figure on a page may look like it."""
    return text.isdecimal() and len(text) < 6


def _is_meant(term: _Term, text: str) -> bool:
    """Say whether a hit is the name and not a word of the language: those count only when written like the name."""
    if term.kind == "name" and _fold(term.text) in _vocabulary():
        return re.search(rf"(?<!\w){re.escape(term.text)}(?!\w)", text) is not None
    return True


def _shape(token: str) -> str:
    return re.sub(r"[A-Za-z]", "a", re.sub(r"[0-9]", "9", token))


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words that pages use in any language."""
    texts: list[str] = []
    for language in languages():
        for text in Words(language).keys().values():
            texts += [text] if isinstance(text, str) else text.values()
    return frozenset(word.casefold() for text in texts for word in re.findall(r"\w+", text))
