"""Who gets a pack: the partner's contacts, checked before any server is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from kpilib.settings import Email

__all__ = ["Recipients", "contacts_of", "find_recipients", "problem_of"]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_LONGEST = 254


@dataclass(frozen=True)
class Recipients:
    """The addresses of a pack, and what is wrong with them: with a problem nothing is sent."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    reply_to: str
    problems: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        """Every address once, in order."""
        return list(dict.fromkeys((*self.to, *self.cc)))


def contacts_of(partner: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the addresses of a partner's contacts, each once.

    >>> contacts_of({"contact_email": "ana@norvane.example; sales@norvane.example;"})
    ('ana@norvane.example', 'sales@norvane.example')
    """
    parts = (partner.get("contact_email") or "").split(";")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def find_recipients(partner: Mapping[str, str | None], email: Email) -> Recipients:
    """Return who gets a partner's pack, from its row of the partners table and the settings.

    To: the partner's contacts. Cc: ``[email] cc``, and by rule ``[email.cc_by.<column>]`` value → addresses, of the
    partner's tier, region, locale or manager. Reply-to: the partner's channel manager
    (``[email.managers]``, name → address), else ``[email] reply_to``.
    """
    partner_id = str(partner["partner_id"])
    to = contacts_of(partner)
    reply_to = email.managers.get(partner.get("manager") or "", email.reply_to)
    by_rule = (rule.get(partner.get(column) or "", []) for column, rule in sorted(email.cc_by.items()))
    cc = tuple(each for each in dict.fromkeys(chain(email.cc, *by_rule)) if each not in to)
    problems = [] if to else ["the partners table names no contact_email"]
    problems += [problem for address in to if (problem := problem_of(address, email.domains.get(partner_id)))]
    problems += [f"[email] cc: {problem}" for address in cc if (problem := problem_of(address))]
    if reply_to and (problem := problem_of(reply_to)):
        problems.append(f"reply-to: {problem}")
    return Recipients(to, cc, reply_to, tuple(problems))


def problem_of(address: str, domains: list[str] | None = None) -> str | None:
    """Return what is wrong with an address, None if nothing is.

    Parameters
    ----------
    domains
        the domains that the partner's contacts may have; None: any.

    >>> problem_of("sales@norvane.example", ["norvane.example"]) is None
    True
    >>> problem_of("sales@norvane.example", ["norvane.test"])
    "'sales@norvane.example' lies outside the partner's domains (norvane.test)"
    """
    shown = "".join(char if unicodedata.category(char)[0] != "C" else "?" for char in address[:80])
    if any(char.isalnum() and not char.isascii() for char in address):
        return f"{shown!r} has letters beyond a to z: write its domain as xn--…, as mail servers do"
    if len(address) > _LONGEST or not _MAILBOX.fullmatch(address):
        return f"{shown!r} is not an email address"
    domain = address.rpartition("@")[2].lower()
    if domains is not None and domain not in {allowed.lower().lstrip("@") for allowed in domains}:
        return f"{shown!r} lies outside the partner's domains ({', '.join(domains)})"
    return None
