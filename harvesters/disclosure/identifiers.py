"""Columns that look like direct identifiers: by their names, and by values with check digits.

Boundary: looks at names and a sample of values, and answers with column, kind and share; never with a value. Numbers
with one check digit (tax number, IMEI, EAN, GSRN) pass by chance one time in ten, so they need most values of a
column; e-mail addresses, IBANs and personal numbers do not occur by chance, and a few are enough. Source of the check
digits: python-stdnum. Coordinates of a home are recognized by name here; by values they need the unit beside them,
which is for ``disclosure.assess.homes``.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from stdnum import ean, iban, imei, imsi
from stdnum.eu import eic, vat
from stdnum.si import ddv, emso, maticna


class Kind(StrEnum):
    """What a column seems to hold."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    EMSO = "emso"
    TAX_NUMBER = "tax-number"
    PLATE = "plate"
    IMEI = "imei"
    GSRN = "gsrn"
    EAN = "ean"
    PERSON_NAME = "person-name"
    ADDRESS = "address"
    BIRTH = "birth"
    DOCUMENT = "document"
    DEVICE = "device"
    REGISTRATION_NUMBER = "registration-number"
    VAT_NUMBER = "vat-number"
    IMSI = "imsi"
    VIN = "vin"
    MAC = "mac"
    UUID = "uuid"
    IP = "ip"
    HOME_COORDINATES = "home-coordinates"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A column, what it seems to hold, and the share of its values that say so (1.0 when its name does)."""

    column: str
    kind: Kind
    share: float


# Registration areas of Slovenian plates, then four to six letters and digits of which one at least is a digit.
_PLATE = re.compile(r"(?:LJ|MB|CE|KR|KP|GO|NM|MS|SG|KK|PO)[ -]?(?=[A-Z0-9 -]*\d)[A-Z0-9]{1,4}[ -]?[A-Z0-9]{1,4}")
# Croatia by its areas, and Italy since 1994, whose letters and digits stand in a fixed order.
_FOREIGN_PLATE = re.compile(
    r"(?:BJ|BM|CK|DA|DE|DJ|DU|GS|IM|KA|KC|KK|KR|KT|KZ|MA|NA|NG|OG|OS|PU|PZ|RI|SB|SK|SL|ST|SI|VK|VT|VU|VZ|ZD|ZG|ZU)"
    r"[ -]?\d{3,4}[ -]?[A-Z]{1,2}"
    r"|[A-HJ-NPR-TV-Z]{2}[ -]?\d{3}[ -]?[A-HJ-NPR-TV-Z]{2}"
)
_MAC = re.compile(r"[0-9A-F]{2}([:-]?)(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}|(?:[0-9A-F]{4}\.){2}[0-9A-F]{4}", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}\}?", re.IGNORECASE)
_VIN = re.compile(r"(?=.*[A-Z])[A-HJ-NPR-Z0-9]{13}\d{4}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?:(?:\+|00)[1-9]\d{7,13}|0[1-9]\d{7})")
_PHONE_SPACING = re.compile(r"[\s()/.-]")


def _digits(value: str, length: int) -> bool:
    return len(value) == length and value.isascii() and value.isdigit()


def _is_gsrn(value: str) -> bool:
    """GS1 service relation numbers and metering points: 18 digits, the last one is a check digit."""
    return _digits(value, 18) and str(ean.calc_check_digit(value[:-1])) == value[-1]


def _is_metering_point(value: str) -> bool:
    """A GSRN, or an energy identification code of a metering point (type Z), whose last sign is a check sign."""
    return _is_gsrn(value) or (len(value) == 16 and value[2:3].upper() == "Z" and eic.is_valid(value))


def _is_gtin(value: str) -> bool:
    """GTIN-8, -12, -13 and -14; a GLN has the form of a GTIN-13."""
    return any(_digits(value, length) for length in (8, 12, 13, 14)) and ean.is_valid(value)


def _is_plate(value: str) -> bool:
    text = value.upper()
    if not 6 <= len(re.sub(r"[ -]", "", text)) <= 8:
        return False
    return (_PLATE.fullmatch(text) or _FOREIGN_PLATE.fullmatch(text)) is not None


def _is_registration_number(value: str) -> bool:
    """Slovenian business register: seven digits, the last one a check digit, or ten with the unit of the business."""
    return (_digits(value, 7) or _digits(value, 10)) and maticna.is_valid(value)


def _is_vat_number(value: str) -> bool:
    """VAT numbers of the European Union with their country; Slovenian ones are tax numbers."""
    country = value[:2].upper()
    return country.isalpha() and country != "SI" and vat.is_valid(value)


def _is_mac(value: str) -> bool:
    # Twelve hexadecimal digits without any sign between them may just as well be a long number.
    return _MAC.fullmatch(value) is not None and not value.isdigit()


def _is_ip(value: str) -> bool:
    if value.count(".") != 3 and value.count(":") < 2:
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_tax_number(value: str) -> bool:
    number = value.upper().removeprefix("SI").strip()
    return _digits(number, 8) and ddv.is_valid(number)


_VALIDATORS: Final[tuple[tuple[Kind, Callable[[str], bool], float], ...]] = (
    (Kind.EMAIL, lambda value: _EMAIL.search(value) is not None, 0.01),
    (Kind.IBAN, iban.is_valid, 0.05),
    (Kind.EMSO, lambda value: _digits(value, 13) and emso.is_valid(value), 0.05),
    (Kind.GSRN, _is_metering_point, 0.8),
    (Kind.IMEI, lambda value: _digits(value, 15) and imei.is_valid(value), 0.8),
    (Kind.TAX_NUMBER, _is_tax_number, 0.8),
    (Kind.REGISTRATION_NUMBER, _is_registration_number, 0.8),
    (Kind.VAT_NUMBER, _is_vat_number, 0.5),
    (Kind.EAN, _is_gtin, 0.8),
    (Kind.IMSI, lambda value: _digits(value, 15) and imsi.is_valid(value) and not imei.is_valid(value), 0.8),
    (Kind.VIN, lambda value: _VIN.fullmatch(value.upper()) is not None, 0.8),
    (Kind.MAC, _is_mac, 0.5),
    (Kind.UUID, lambda value: _UUID.fullmatch(value) is not None, 0.5),
    (Kind.IP, _is_ip, 0.5),
    (Kind.PHONE, lambda value: _PHONE.fullmatch(_PHONE_SPACING.sub("", value)) is not None, 0.5),
    (Kind.PLATE, _is_plate, 0.5),
)

_NAME_WORDS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.EMAIL: frozenset({"email", "mail", "eposta", "elektronskanaslov"}),
    Kind.PHONE: frozenset({"phone", "telefon", "tel", "gsm", "mobile", "mobilni", "mobitel"}),
    Kind.IBAN: frozenset({"iban", "trr", "bancniracun"}),
    Kind.EMSO: frozenset({"emso", "ssn", "jmbg"}),
    Kind.TAX_NUMBER: frozenset({"davcna", "davcnastevilka", "tin", "vatid"}),
    Kind.PLATE: frozenset({"plate", "registrska", "tablica", "licenseplate"}),
    Kind.IMEI: frozenset({"imei"}),
    Kind.PERSON_NAME: frozenset(
        {
            *("priimek", "surname", "lastname", "firstname", "fullname", "imestranke", "imeosebe", "lastnik", "owner"),
            *("customername", "customerid", "idstranke", "stevilkastranke"),
        }
    ),
    Kind.ADDRESS: frozenset({"naslov", "address", "hisnastevilka", "street", "ulica"}),
    Kind.BIRTH: frozenset({"rojstva", "rojen", "birth", "birthday", "birthdate", "dob"}),
    Kind.DOCUMENT: frozenset({"passport", "potnilist", "osebnaizkaznica", "vozniskodovoljenje"}),
    Kind.DEVICE: frozenset({"mac", "deviceid", "idfa", "gaid", "androidid", "napravaid", "idnaprave"}),
    Kind.REGISTRATION_NUMBER: frozenset({"maticna", "maticnastevilka", "registrationnumber"}),
    Kind.VAT_NUMBER: frozenset({"vat", "vatnumber", "vatno", "iddv", "idddv"}),
    Kind.IMSI: frozenset({"imsi"}),
    Kind.VIN: frozenset({"vin", "sasija", "sasije"}),
    Kind.UUID: frozenset({"uuid", "guid"}),
    Kind.IP: frozenset({"ipaddress", "ipnaslov", "naslovip"}),
}
_HOME_WORDS: Final = frozenset(
    {"home", "dom", "doma", "residence", "bivalisce", "bivalisca", "stanovanje", "stanovanja"}
)
_COORDINATE_WORDS: Final = frozenset(
    {"lat", "lon", "lng", "latitude", "longitude", "x", "y", "coord", "coordinates", "koordinata", "koordinate", "geom"}
)
_PUBLIC_THINGS: Final = frozenset(
    {"station", "stop", "line", "route", "zone", "postaja", "postaje", "postajalisce", "linija"}
)
"""Words of things that stand in public: a long identifier there is the thing's, not a person's or a device's."""
_PERSON_ONLY: Final = frozenset({"ime"})
"""Words that mean a person only when they stand alone: "ime" is a name, "ime_postaje" that of a stop."""


def scan(names: Sequence[str], samples: Mapping[str, Iterable[object]]) -> list[Suspicion]:
    """Name the columns that look like direct identifiers.

    Args:
        names: the columns to judge; leave out those that the contract declares as the unit.
        samples: for each column some of its values; columns without any are judged by name only.

    Returns:
        At most one suspicion per column and kind, in the order of `names`.
    """
    found: dict[tuple[str, Kind], Suspicion] = {}
    for name in names:
        kind = _kind_of_name(name)
        if kind is not None:
            found[name, kind] = Suspicion(name, kind, 1.0)
        for suspicion in _by_values(name, samples.get(name, ())):
            found.setdefault((name, suspicion.kind), suspicion)
    return list(found.values())


def _by_values(name: str, sample: Iterable[object]) -> Iterable[Suspicion]:
    values = [text for value in sample if value is not None and (text := str(value).strip())]
    if not values:
        return
    public = bool(_PUBLIC_THINGS & set(_words(name)))
    for kind, is_valid, least in _VALIDATORS:
        if public and kind is Kind.UUID:
            continue
        share = sum(map(is_valid, values)) / len(values)
        if share >= least:
            yield Suspicion(name, kind, round(share, 2))


def _kind_of_name(name: str) -> Kind | None:
    words = _words(name)
    if _HOME_WORDS & set(words) and _COORDINATE_WORDS & set(words):
        return Kind.HOME_COORDINATES
    pairs = {first + second for first, second in pairwise(words)}
    for kind, known in _NAME_WORDS.items():
        if known & {*words, *pairs}:
            return kind
    return Kind.PERSON_NAME if words and set(words) <= _PERSON_ONLY else None


def _words(name: str) -> list[str]:
    """The words of a column name in small letters without carons: "davčnaŠtevilka" gives davcna, stevilka."""
    parted = re.sub(r"(?<=[a-zčšž0-9])(?=[A-ZČŠŽ])", " ", name)
    plain = unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode().lower()
    # "e-mail" and "e-pošta" are one word.
    return re.findall(r"[a-z]+", re.sub(r"\be[ _-](?=mail|post)", "e", plain))
