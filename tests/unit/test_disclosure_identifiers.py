"""Direct identifiers are recognized by name and by check digits, and the answer never repeats a value."""

from __future__ import annotations

import pytest
from stdnum.eu import eic

from disclosure.identifiers import Kind, scan


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.EMAIL, ["ana.novak@example.si", "b@example.org"]),
        (Kind.IBAN, ["SI56 1910 0000 0123 438", "SI56191000000123438"]),
        (Kind.EMSO, ["0101006500006"]),
        (Kind.TAX_NUMBER, ["SI50223054", "50223054"]),
        (Kind.PHONE, ["+386 41 123 456", "041 123 456", "00386 1 234 56 78", "01/234-56-78"]),
        (Kind.PLATE, ["LJ AB-123", "MB 12-34C", "CE-A1234", "KR123AB"]),
        (Kind.IMEI, ["490154203237518", "356938035643809"]),
        (Kind.EAN, ["4006381333931", "73513537"]),
        (Kind.GSRN, ["383111579999990016", "28Z000000000001" + eic.calc_check_digit("28Z000000000001")]),
        (Kind.REGISTRATION_NUMBER, ["5860571", "5860571000"]),
        (Kind.VAT_NUMBER, ["ATU13585627", "IT00743110157"]),
        (Kind.EAN, ["036000291452", "10012345000017"]),
        (Kind.PLATE, ["ZG 1234-AB", "AB 123 CD"]),
        (Kind.IMSI, ["293400123456789"]),
        (Kind.VIN, ["WVWZZZ1JZXW000001"]),
        (Kind.MAC, ["00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7"]),
        (Kind.UUID, ["123e4567-e89b-12d3-a456-426614174000"]),
        (Kind.IP, ["192.168.1.17", "2001:db8::1"]),
    ],
)
def test_values_with_check_digits_are_recognized(kind, values):
    for value in values:
        assert kind in {each.kind for each in scan(["x"], {"x": [value]})}, value


@pytest.mark.parametrize(
    "values",
    [
        ["12.5", "0.25", "3"],
        ["Center", "Šiška", "Bežigrad"],
        ["2026-10-01 00:15", "2026-10-01 00:30"],
        ["0101006500007", "0101006500008"],
        [str(number) for number in range(50223050, 50223150)],
        ["46.0512", "14.5051"],
        ["5860572", "5860573"],
        ["123456789012", "2026112419"],
        ["12:30:45", "1.2.3", "10:15"],
        ["A2", "LPP-6B", "6", "19I"],
        [None, "", "  "],
    ],
    ids=[
        *("measures", "zones", "times", "wrong-check-digit", "running-numbers"),
        *("coordinates", "wrong-register", "numbers", "times", "lines", "nothing"),
    ],
)
def test_ordinary_values_are_not_suspected(values):
    assert scan(["x"], {"x": values}) == []


def test_a_few_addresses_among_many_notes_are_enough():
    (found,) = scan(["note"], {"note": ["ok"] * 98 + ["write to a@example.si", "b@example.si"]})
    assert (found.column, found.kind, found.share) == ("note", Kind.EMAIL, 0.02)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ime", Kind.PERSON_NAME),
        ("Priimek", Kind.PERSON_NAME),
        ("first_name", Kind.PERSON_NAME),
        ("customerName", Kind.PERSON_NAME),
        ("Naslov stranke", Kind.ADDRESS),
        ("e-pošta", Kind.EMAIL),
        ("e_mail", Kind.EMAIL),
        ("EMŠO", Kind.EMSO),
        ("davčnaŠtevilka", Kind.TAX_NUMBER),
        ("datum_rojstva", Kind.BIRTH),
        ("telefon", Kind.PHONE),
        ("registrska_tablica", Kind.PLATE),
        ("TRR", Kind.IBAN),
        ("device_id", Kind.DEVICE),
        ("matična_številka", Kind.REGISTRATION_NUMBER),
        ("home_lat", Kind.HOME_COORDINATES),
        ("dom koordinata x", Kind.HOME_COORDINATES),
    ],
)
def test_names_of_columns_are_recognized_in_both_languages(name, kind):
    assert [(each.column, each.kind) for each in scan([name], {})] == [(name, kind)]


@pytest.mark.parametrize(
    "name", ["zone", "ts", "usage_kwh", "ime_postaje", "station_name", "bikes", "quality", "tariff"]
)
def test_ordinary_names_are_not_suspected(name):
    assert scan([name], {}) == []


def test_long_identifier_of_a_station_is_not_a_persons():
    values = ["123e4567-e89b-12d3-a456-426614174000"]
    assert scan(["station_id", "postaja_id"], {"station_id": values, "postaja_id": values}) == []


def test_answer_holds_no_value():
    (found,) = scan(["x"], {"x": ["ana.novak@example.si"]})
    assert "ana" not in repr(found)
