"""Names of made-up companies and people: any number of them, all distinct, none a common word.

A name follows from its place alone, never from the seed, so that P001 keeps its name in every sample. The
last names of contacts, reps and channel managers come from three separate lists: a rep of one partner never
bears the name of another partner's contact, which a check for leaks between packs would have to report.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COMPETITORS", "MANAGERS", "Company", "Person", "company_at", "contact_at", "rep_at"]

COMPETITORS = ("Kestrion", "Orvella", "Datumix", "Halcyra", "Brenvik")
MANAGERS = ("Ingrid Solheim", "Marcus Adeyemi", "Claire Fontanel", "Tomasz Wierzba", "Yuna Seo")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CHOSEN = (
    ("Norvane Systems", "norvane"),
    ("Quillmark Digital", "quillmark"),
    ("Tarnowell Networks", "tarnowell"),
    ("Belvaro Solutions", "belvaro"),
    ("Caldenza Media", "caldenza"),
    ("Øverdahl Konsult", "overdahl"),
    ("Zephrona Labs", "zephrona"),
    ("Lindqvist & Marlo", "lindqvist-marlo"),
    ("Vantorre Group", "vantorre"),
    ("Pellworth Data", "pellworth"),
    ("한빛시스템즈", "hanbitsystems"),
    ("다온테크", "daontech"),
    ("Grünfelder IT-Systeme", "gruenfelder"),
    ("Ostravel Software", "ostravel"),
    ("D'Averio Informatica", "daverio"),
    ("Kirrawee Cloudworks", "kirrawee"),
    ("Sandoval Prime", "sandovalprime"),
    ("Thornquist Partners", "thornquist"),
    ("Mirelle Conseil", "mirelle"),
    ("Brackendale IT", "brackendale"),
    ("Jorvanen Oy", "jorvanen"),
    ("Almeyda Tecnologia", "almeyda"),
    ("Wexcombe Services", "wexcombe"),
    ("Fennimore Digital", "fennimore"),
    ("Satoriko Systems", "satoriko"),
    ("Castellmar Datos", "castellmar"),
    ("Ravensholt Technologies", "ravensholt"),
    ("Dunmorrow Consulting", "dunmorrow"),
    ("Elvaston Bridge", "elvaston"),
    ("Pryderi Software", "pryderi"),
)

# Parts of fixed length: every made stem has eight letters, so that no name lies inside another one.
_HEADS = _words(
    "bal bor bri cal cor cul dal dor dre fal fen fol gal gor gri hal hol jar jun kal kor lan lor lum mal mer "
    "mor nal nor oru pal per pol qua ral rin sal sel sor tal tor tri ulm val vel vor wal wen yar zel"
)
_MIDDLES = _words("ba be do du fi ga go ki la lo ma mi na no pa ro sa ta ve zu")
_TAILS = _words("dan den dor fex gon ken lix mar met nix nor pex rix ron sen tek tor vex von wyn")
_STEMS = len(_HEADS) * len(_MIDDLES) * len(_TAILS)
_KINDS = (
    "Systems", "Digital", "Networks", "Solutions", "Data", "Consulting", "Cloud", "Software", "Services",
    "Technologies",
)  # fmt: skip

_KOREAN_HEADS = (
    ("가람", "garam"), ("나래", "narae"), ("누리", "nuri"), ("다솔", "dasol"), ("라온", "raon"), ("마루", "maru"),
    ("미르", "mir"), ("보람", "boram"), ("새한", "saehan"), ("세움", "seum"), ("아람", "aram"), ("온새", "onsae"),
    ("은솔", "eunsol"), ("이든", "ideun"), ("지음", "jieum"), ("차오", "chao"), ("초롱", "chorong"), ("하람", "haram"),
    ("해솔", "haesol"), ("휘람", "hwiram"),
)  # fmt: skip
_KOREAN_MIDDLES = (
    ("넷", "net"), ("데이타", "data"), ("디지털", "digital"), ("링크", "link"), ("비전", "vision"), ("소프트", "soft"),
    ("솔루션", "solution"), ("시스템즈", "systems"), ("아이티", "it"), ("에이아이", "ai"), ("웨어", "ware"),
    ("정보", "info"), ("커넥트", "connect"), ("컨설팅", "consulting"), ("클라우드", "cloud"), ("테크", "tech"),
    ("텔레콤", "telecom"), ("파트너스", "partners"), ("플랫폼", "platform"), ("허브", "hub"),
)  # fmt: skip

_FIRST = _words(
    "Amelia Andrei Beatriz Callum Chiara Dana Dominik Elif Emeka Esther Fabian Freya Gianni Greta Hassan Helena "
    "Iker Irina Jasper Joana Katya Kiran Lars Leila Lorenzo Lucia Magnus Maren Mateo Mina Nadia Niels Olga Owen "
    "Paloma Petra Rafael Rosa Samir Selma Stefan Tamara Theo Ursula Viktor Wanda Yusuf Zofia"
)
_CONTACT_LAST = _words(
    "Abernathy Aldana Bakshi Bellandi Birkeland Cardozo Castellani Delacroix Drozdov Eskildsen Farrington Ferreira "
    "Galvao Gunnarson Haddad Hartwell Ibarra Iversen Jankovic Kaminski Kowalczyk Laurent Lindholm Lombardi Maddox "
    "Marchetti Mbeki Nakagawa Novotny Okonkwo Ostrowski Pascual Pemberton Quintana Rasmussen Renaud Sandberg "
    "Santoro Tanaka Thibault Urquhart Valdes Vasquez Weatherby Wolanski Yilmaz Zamora"
)
_REP_LAST = _words(
    "Achterberg Alvarsson Barros Bertrand Bjornstad Calloway Carvalho Dahlgren Dimitrov Engstrom Escobar Fairbanks "
    "Fiorelli Gallagher Grabowski Halloran Hidalgo Holmgren Ivanova Jacobsen Kessler Kristensen Lachance Leclerc "
    "Mancini Moreau Nilsson Norwood Oliveira Oyelaran Paquette Peralta Radcliffe Ricci Salazar Schreiber Sinclair "
    "Sorensen Takeda Tremblay Ulrich Vandermeer Villanueva Whitlock Wójcik Yamada Zimmerman"
)
_KOREAN_FIRST = (
    ("서준", "seojun"), ("하윤", "hayun"), ("도윤", "doyun"), ("지우", "jiwoo"), ("민서", "minseo"), ("예준", "yejun"),
    ("수아", "sua"), ("현우", "hyunwoo"), ("지안", "jian"), ("은우", "eunwoo"), ("다은", "daeun"), ("시우", "siwoo"),
    ("유진", "yujin"), ("준호", "junho"), ("채원", "chaewon"), ("태오", "taeo"), ("가은", "gaeun"),
)  # fmt: skip
_KOREAN_CONTACT_LAST = (("김", "kim"), ("박", "park"), ("최", "choi"), ("강", "kang"), ("윤", "yoon"))
_KOREAN_REP_LAST = (("이", "lee"), ("정", "jung"), ("조", "cho"), ("장", "jang"), ("임", "lim"), ("한", "han"))


@dataclass(frozen=True)
class Company:
    """A company's name, and the ASCII word that stands for it in addresses."""

    name: str
    slug: str


@dataclass(frozen=True)
class Person:
    """A person's name, and the ASCII part of an address before the @."""

    name: str
    mailbox: str


def company_at(place: int, locale: str) -> Company:
    """Return the company at a place (0, 1, 2, …): no two places share a name.

    In the first 6,000 places no name lies inside another one either; later ones are told apart by a number.

    >>> company_at(0, "en").name, company_at(10, "ko").name
    ('Norvane Systems', '한빛시스템즈')
    """
    if place < len(_CHOSEN):
        return Company(*_CHOSEN[place])
    made = place - len(_CHOSEN)
    if locale == "ko":
        # 30 places hold two Korean ones: counted apart, so that all 400 pairs are used before one repeats.
        count = made // 30 * 2 + made % 2
        head = _KOREAN_HEADS[count % 20]
        middle = _KOREAN_MIDDLES[count // 20 % 20]
        again = count // 400
        tail = f" {again + 1}" if again else ""
        return Company(f"{head[0]}{middle[0]}{tail}", f"{head[1]}{middle[1]}{again or ''}")
    # A step without a common divisor visits every stem once and keeps neighbours unlike.
    spot = made * 7_919 % _STEMS
    head_at, rest = divmod(spot, len(_MIDDLES) * len(_TAILS))
    middle_at, tail_at = divmod(rest, len(_TAILS))
    stem = _HEADS[head_at] + _MIDDLES[middle_at] + _TAILS[tail_at]
    again = made // _STEMS
    kind = _KINDS[made % len(_KINDS)] + (f" {again + 1}" if again else "")
    return Company(f"{stem.capitalize()} {kind}", f"{stem}{again or ''}")


def contact_at(place: int, locale: str) -> Person:
    """Return the contact of the partner at a place; names repeat only after 2,256 partners."""
    if locale == "ko":
        return _korean(place // 30 * 2 + place % 2, _KOREAN_CONTACT_LAST)
    return _western(place, _CONTACT_LAST)


def rep_at(place: int, locale: str) -> Person:
    """Return the rep at a place; distinct within every run of 2,256 places (102 Korean ones)."""
    return _korean(place, _KOREAN_REP_LAST) if locale == "ko" else _western(place, _REP_LAST)


def _western(place: int, last_names: tuple[str, ...]) -> Person:
    first, last = _pair(place, _FIRST, last_names)
    return Person(f"{first} {last}", f"{first}.{last}".lower())


def _korean(place: int, last_names: tuple[tuple[str, str], ...]) -> Person:
    # 17 first names and 5 or 6 last names have no common divisor either.
    first, last = _KOREAN_FIRST[place % len(_KOREAN_FIRST)], last_names[place % len(last_names)]
    return Person(f"{last[0]}{first[0]}", f"{first[1]}.{last[1]}")


def _pair(place: int, firsts: tuple[str, ...], lasts: tuple[str, ...]) -> tuple[str, str]:
    # 48 first and 47 last names have no common divisor: walking both at once meets every pair once.
    return firsts[(place * 5) % len(firsts)], lasts[(place * 3) % len(lasts)]
