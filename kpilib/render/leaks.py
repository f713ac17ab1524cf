"""Whether a finished pack holds what belongs to another partner: one automaton over all partners, built once.

Names, ids and contacts are looked for as whole words, whatever the case, the form of their letters, or a hyphen at a
line's end. Ids of opportunities and leads are too many for that: every word that may be one is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import ahocorasick
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilib.folding import UNSEEN, fold, loosen
from kpilib.language import own_catalogues, read, shipped, texts_in
from kpilib.render.finding import Finding

if TYPE_CHECKING:
    from kpilib.render.readback import Passage
    from kpilib.store import Store

__all__ = ["Records", "Watchlist"]

# pdfium writes U+0002 for a hyphen that a line's end made.
_BROKEN = re.compile(r"[\x02\u2010-]?[ \t]*[\r\n]+[ \t]*|\x02")
_LINES = re.compile(r"[\r\n]+")
_HYPHENS = ("\x02", "\u2010", "-")
_TOKEN = re.compile(r"[^\W_](?:[\w.#/-]*\w)?")
_PLAIN = re.compile(r"(?=\D*\d)[A-Za-z0-9](?:[\w.#/-]*\w)?", re.ASCII).fullmatch  # most ids, at a glance
_JOINTS = re.compile(r"[_.#/-]+")
_END = "\ue000"  # stands for a line's end
_HANGUL = re.compile("[\uac00-\ud7a3]")
_PARTICLE = re.compile(
    "(?:은|는|이|가|을|를|의|에|와|과|로|으로|도|만|님|씨|사|측|에서|에게|에는|에도|께|께서|까지|부터|보다|처럼|이나|나|랑|이랑|라고|이라고|입니다|이며|이고|였습니다|이었습니다)(?!\\w)"
)
_SAID = {
    "id": "the id",
    "name": "the name",
    "contact": "a contact",
    "address": "an address",
    "record": "an opportunity or lead",
}
_KINDS, _NAMES = frozenset(_SAID), frozenset(("name", "contact"))
_SHORTEST = 2
_MOST_PARTS = 8
_LONG = 64


@dataclass(frozen=True)
class _Term:
    text: str
    owner: str
    kind: str


class Records:
    """The ids of all opportunities and leads, and whose they are: twelve bytes for each, looked up by their hashes.

    Ids that a text cannot be searched for as one word with a digit in it are ``odd``: they are given back as they are.
    """

    def __init__(self, ids: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        self.odd: list[tuple[str, str]] = []
        self._partners: dict[str, int] = {}
        hashes, owners = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int32)]
        for keys, partner_ids in ids:
            odd = [place for place, key in enumerate(keys) if not (_PLAIN(key) or _can_be_looked_up(key))]
            self.odd += [(keys[place], partner_ids[place]) for place in odd]
            places, named = pd.factorize(np.asarray(partner_ids, dtype=object))
            known = [self._partners.setdefault(each, len(self._partners)) for each in named]
            owners.append(np.array(known, dtype=np.int32)[places])
            hashes.append(_hashes(keys))
        self._hashes, self._owners = np.concatenate(hashes), np.concatenate(owners)
        order = np.argsort(self._hashes, kind="stable")
        self._hashes, self._owners = self._hashes[order], self._owners[order]

    @classmethod
    def of(cls, store: Store) -> Records:
        """Return the ids that a store holds."""
        return cls(_read_ids(store))

    def owners(self, tokens: Sequence[str]) -> dict[str, list[str]]:
        """Return the partners of each token that is an opportunity's or a lead's id."""
        if not tokens or not len(self._hashes):
            return {}
        asked, names = _hashes(tokens), list(self._partners)
        first, last = (np.searchsorted(self._hashes, asked, side=side) for side in ("left", "right"))
        return {
            tokens[place]: [names[owner] for owner in self._owners[first[place] : last[place]].tolist()]
            for place in np.flatnonzero(first < last).tolist()
        }


def _read_ids(store: Store) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    with store.connect() as connection:
        for table, column in (("opportunities", "opportunity_id"), ("leads", "lead_id")):
            if table in store.tables:
                query = f"select {column}, partner_id from {table}"  # noqa: S608 - our names
                for batch in connection.sql(query).to_arrow_reader(100_000):
                    keys, partner_ids = (each.to_numpy(zero_copy_only=False) for each in batch.columns)
                    yield keys, partner_ids


def _hashes(texts: Sequence[str]) -> NDArray[np.uint64]:
    return np.asarray(pd.util.hash_array(np.array(texts, dtype=object), categorize=False), dtype=np.uint64)


def _can_be_looked_up(key: str) -> bool:
    return bool(_TOKEN.fullmatch(key)) and any(map(str.isdigit, key))


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
        self._shared = _both(self.shared)
        allowed = self._allowed = {key for text in self.allow for key in _keys("name", text)}
        terms: dict[str, list[_Term]] = {}
        held = [(kind, text, row["partner_id"]) for row in rows for kind, text in _terms(row)]
        held += [("record", *pair) for pair in self.records.odd] if self.records else []
        for kind, text, owner in held:
            for key in _keys(kind, text):
                if len(key) >= _SHORTEST and key not in allowed and not (kind != "name" and _is_a_figure(key)):
                    terms.setdefault(key, []).append(_Term(text, owner, kind))
        self._automaton = ahocorasick.Automaton()
        for key, named in terms.items():
            self._automaton.add_word(key, (key, tuple(named)))
        self._automaton.make_automaton()
        self._empty = not terms

    def find_leaks(self, partner_id: str, passages: Iterable[Passage]) -> list[Finding]:
        """Return what a partner's finished files hold of other partners.

        Parameters
        ----------
        passages
            the texts of the files, from `kpilib.render.readback.read_files`.
        """
        row = self._rows.get(partner_id, {})
        own = _both(row.values())
        own_terms = {key for term in _terms(row) for key in _keys(*term)}
        found: dict[Finding, None] = {}
        tokens: dict[str, list[Passage]] = {}
        named: dict[str, tuple[tuple[_Term, ...], ...]] = {}  # a page, its PDF and its notebook repeat each other
        for passage in passages:
            if passage.text not in named:
                readings = _readings(passage.text)
                named[passage.text] = tuple(dict.fromkeys(self._named(passage.text, readings)))
                if self.records is not None:
                    for token in _candidates(readings):
                        tokens.setdefault(token, []).append(passage)
            for terms in named[passage.text]:
                keys, owners = _keys(terms[0].kind, terms[0].text), {term.owner for term in terms}
                known = any(key in own_terms or _holds(own, key) or _holds(self._shared, key) for key in keys)
                if not (partner_id in owners or known):
                    heads = _heads(keys[0], fold(_BROKEN.sub(_END, passage.text)))
                    if heads and own_terms.issuperset(heads):
                        continue
                    for term in terms:
                        about = f"{_SAID[term.kind]} of partner {term.owner}"
                        found[Finding(passage.place, term.text, about)] = None
        found.update(dict.fromkeys(self._recorded(partner_id, tokens)))
        return list(found)

    def _named(self, text: str, readings: Iterable[str]) -> Iterator[tuple[_Term, ...]]:
        for reading in readings:
            folded = fold(reading)
            loose = loosen(folded)
            hits = [(terms, _KINDS) for terms in self._hits(folded)]
            hits += [(terms, _NAMES) for terms in self._hits(loose)] if loose != folded else []
            for terms, kinds in hits:
                meant = tuple(term for term in terms if term.kind in kinds and _is_meant(term, text))
                if meant:
                    yield meant

    def _recorded(self, partner_id: str, tokens: Mapping[str, Sequence[Passage]]) -> Iterable[Finding]:
        for token, owners in self.records.owners(sorted(tokens)).items() if self.records else ():
            if partner_id not in owners and token.casefold() not in self._allowed:
                for passage in tokens[token]:
                    if not self._runs_on(partner_id, token, passage.text):
                        yield Finding(passage.place, token, f"{_SAID['record']} of partner {owners[0]}")
                        break

    def _runs_on(self, partner_id: str, token: str, text: str) -> bool:
        """Say whether a text holds an id only as one of the partner's own and a figure that begins the next line."""
        heads = _heads(token, UNSEEN.sub("", _BROKEN.sub(_END, text)))
        held = self.records.owners(heads) if self.records else {}
        return bool(heads) and all(partner_id in held.get(head, ()) for head in heads)

    def _hits(self, text: str) -> Iterator[tuple[_Term, ...]]:
        if self._empty:
            return
        for end, (key, terms) in self._automaton.iter(text):
            if _stands_alone(text, end - len(key) + 1, end + 1):
                yield terms


def _terms(row: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for kind, column in (("id", "partner_id"), ("name", "name"), ("contact", "contact_name")):
        if row.get(column, "").strip():
            yield kind, row[column]
    for address in row.get("contact_email", "").split(";"):
        if address.strip():
            yield "address", address


def _keys(kind: str, text: str) -> tuple[str, ...]:
    """Return how a term is looked for; names are also written with hyphens for blanks, and with blanks for hyphens."""
    key = fold(text)
    return tuple(dict.fromkeys((key, loosen(key)))) if kind in _NAMES else (key,)


def _both(texts: Iterable[str]) -> str:
    """Return some texts as they are compared with names and with all else."""
    folded = fold(" \n ".join(texts))
    return f"{folded} {loosen(folded)}"


def _readings(text: str) -> list[str]:
    """Return a text as it may be read: a line's end as a blank; as nothing; as nothing and its hyphen with it."""
    whole = text.replace("\x02", "-")
    lines = [line.strip(" \t") for line in _LINES.split(text)]
    if len(lines) == 1 and whole is text:
        return [text]
    unbroken = [line[:-1] if line.endswith(_HYPHENS) else line for line in lines[:-1]]
    return [whole, "".join(lines).replace("\x02", "-"), "".join([*unbroken, lines[-1]]).replace("\x02", "")]


def _candidates(readings: Iterable[str]) -> Iterator[str]:
    """Yield what may be an id: words with a digit, in every reading of a text, whole and cut at their joints.

    A line's end may lie within an id, with or without a hyphen of its own.
    """
    words: set[str] = set()
    for reading in readings:
        words.update((reading if reading.isascii() else UNSEEN.sub("", reading)).split())
    for word in words:
        # What is too long for an id is not worth remembering.
        yield from (_ids_in if len(word) < _LONG else _ids_in.__wrapped__)(word)


@lru_cache(maxsize=1 << 14)
def _ids_in(word: str) -> tuple[str, ...]:
    """Return what of a word may be an id: the same figures and dates stand on many pages."""
    found: list[str] = []
    for token in _TOKEN.findall(word) if any(map(str.isdigit, word)) else ():
        if any(map(str.isdigit, token)):
            found += [*([] if _is_a_figure(token) else [token]), *_cut(token)]
    return tuple(dict.fromkeys(found))


def _heads(key: str, marked: str) -> list[str]:
    """Return, for each place where a text with marked line ends holds a key, what of it stands before one, or ""."""
    pattern = f"{_END}?".join(f"[ {_END}]" if sign == " " else re.escape(sign) for sign in key)
    found = [match[0] for match in re.finditer(pattern, marked)]
    return ["" if text.replace(_END, " ") == key else text.partition(_END)[0] for text in found]


def _cut(token: str) -> Iterator[str]:
    """Yield the stretches between a word's joints; plain figures are none: they may be decimals of one."""
    joints = [0, *(place.start() for place in _JOINTS.finditer(token)), len(token)]
    if 2 < len(joints) <= _MOST_PARTS + 1:
        for first, start in enumerate(joints[:-1]):
            for end in joints[first + 1 :]:
                part = token[start:end].strip("_.#/-")
                if part != token and any(map(str.isdigit, part)) and not part.isdecimal():
                    yield part


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
    if term.kind == "name" and fold(term.text) in _vocabulary():
        return re.search(rf"(?<!\w){re.escape(term.text)}(?!\w)", text) is not None
    return True


def _vocabulary() -> frozenset[str]:
    """Return the words that pages use in any language."""
    own = own_catalogues().values()
    return _shipped_vocabulary().union(*map(_words_of, own)) if own else _shipped_vocabulary()


@cache
def _shipped_vocabulary() -> frozenset[str]:
    return frozenset().union(*(_words_of(read(language)) for language in shipped()))


def _words_of(catalogue: Mapping[str, Any]) -> frozenset[str]:
    texts: list[str] = []
    for text in texts_in(catalogue).values():
        texts += [text] if isinstance(text, str) else text.values()
    return frozenset(word.casefold() for text in texts for word in re.findall(r"\w+", text))
