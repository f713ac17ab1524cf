from __future__ import annotations

from kpilib.sample.names import company_at, contact_at, rep_at


def locale_at(place: int) -> str:
    return "ko" if place % 30 in (10, 11) else "en"


def test_no_two_partners_share_a_name() -> None:
    names = [company_at(place, locale_at(place)).name for place in range(30_000)]
    assert len(set(names)) == len(names)


def test_no_name_lies_inside_another_one() -> None:
    """It would be found on the other's page, and reported as a leak."""
    names = sorted({company_at(place, locale_at(place)).name for place in range(6_000)}, key=len)
    all_text = "\n".join(names)
    assert [name for name in names if all_text.count(name) > 1] == []


def test_addresses_are_ascii_and_their_domains_distinct() -> None:
    slugs = [company_at(place, locale_at(place)).slug for place in range(6_000)]
    assert len(set(slugs)) == len(slugs)
    assert all(slug.isascii() and slug == slug.lower() and " " not in slug for slug in slugs)


def test_people_repeat_only_after_thousands() -> None:
    for person_at in (contact_at, rep_at):
        names = [person_at(place, "en").name for place in range(2_256)]
        assert len(set(names)) == len(names)
    assert len({rep_at(place, "ko").name for place in range(102)}) == 102
    assert rep_at(0, "ko").mailbox.isascii()


def test_no_contact_bears_a_name_of_a_rep() -> None:
    for locale in ("en", "ko"):
        contacts = {contact_at(place, locale).name for place in range(3_000)}
        assert not contacts & {rep_at(place, locale).name for place in range(3_000)}
