"""Sentences for people, in Slovene and English, for every slug that the rules and cases produce.

Boundary: no markup and no links; parameters come from findings and are plain JSON. Dates arrive in ISO form and leave
as people of the language write them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from datastrategy.plurals import counted

__all__ = ["LANGUAGES", "SLUGS", "both", "text"]

LANGUAGES = ("sl", "en")

_ISO_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_TEXTS: dict[str, dict[str, str]] = {
    # the three kinds of data
    "kind-egov": {"sl": "podatki e-uprave", "en": "eGov data"},
    "kind-city": {"sl": "podatki mesta", "en": "city data"},
    "kind-public-interest": {"sl": "zasebni podatki v javnem interesu", "en": "private data in the public interest"},
    # verdicts
    "status-met": {"sl": "izpolnjeno", "en": "met"},
    "status-partial": {"sl": "delno izpolnjeno", "en": "partly met"},
    "status-missing": {"sl": "manjka", "en": "missing"},
    "status-not_applicable": {"sl": "ne velja za to občino", "en": "does not apply to this municipality"},
    "status-exempted": {"sl": "izvzeto", "en": "exempted"},
    # exists
    "dataset-found": {
        "sl": "Najdeno za to zahtevo: {datasets:dataset}.",
        "en": "Found for this requirement: {datasets:dataset}.",
    },
    "dataset-missing": {
        "sl": "Ni javne zbirke podatkov, ki bi ustrezala tej zahtevi.",
        "en": "No public dataset answers this requirement.",
    },
    # access
    "access-open": {"sl": "Zbirka je dostopna vsem.", "en": "The dataset is open to everybody."},
    "access-closed": {
        "sl": "Zbirka je v katalogu označena kot nedostopna javnosti ({access_rights}).",
        "en": "The catalogue marks the dataset as not open to the public ({access_rights}).",
    },
    # license
    "license-accepted": {"sl": "Licenca {license} dovoljuje prosto uporabo.", "en": "Licence {license} allows re-use."},
    "license-missing": {
        "sl": "Licenca ni navedena, zato podatkov ni dovoljeno ponovno uporabljati.",
        "en": "No licence is stated, so nobody may re-use the data.",
    },
    "license-unknown": {
        "sl": "Licenca »{license}« ni na seznamu znanih licenc.",
        "en": "Licence “{license}” is not among the known licences.",
    },
    "license-not-open": {
        "sl": "Licenca {license} preveč omejuje ponovno uporabo.",
        "en": "Licence {license} restricts re-use too much.",
    },
    # format
    "format-accepted": {"sl": "Na voljo v obliki: {format}.", "en": "Offered as {format}."},
    "format-other": {
        "sl": "Na voljo v obliki {format}; zahtevana je vsaj ena od oblik: {wanted}.",
        "en": "Offered as {format}; at least one of {wanted} is required.",
    },
    "resource-missing": {
        "sl": "Zbirka nima nobene datoteke ali povezave; zahtevana je vsaj ena od oblik: {wanted}.",
        "en": "The dataset has no file or link; at least one of {wanted} is required.",
    },
    # machine_readable
    "machine-readable": {
        "sl": "Podatke je mogoče strojno brati.",
        "en": "The data are machine-readable.",
    },
    "machine-readable-missing": {
        "sl": "Nobena datoteka ni strojno berljiva (na primer CSV ali JSON namesto PDF).",
        "en": "No file is machine-readable (for example CSV or JSON instead of PDF).",
    },
    # bulk
    "bulk-download": {
        "sl": "Celotno zbirko je mogoče prenesti: {downloads:file}.",
        "en": "The whole dataset can be downloaded: {downloads:file}.",
    },
    "bulk-download-missing": {
        "sl": "Celotne zbirke ni mogoče prenesti kot datoteko.",
        "en": "The whole dataset cannot be downloaded as a file.",
    },
    # api
    "api-offered": {"sl": "Podatke je mogoče poizvedovati prek vmesnika API.", "en": "The data can be queried by API."},
    "api-missing": {"sl": "Vmesnika API za poizvedovanje ni.", "en": "There is no API to query the data."},
    # fresh
    "update-recent": {
        "sl": "Nazadnje posodobljeno {modified}; naslednja posodobitev najpozneje {fresh_until}.",
        "en": "Last updated on {modified}; the next update is expected by {fresh_until}.",
    },
    "update-overdue": {
        "sl": "Nazadnje posodobljeno {modified}; posodobitev bi morala biti najpozneje {fresh_until}.",
        "en": "Last updated on {modified}; an update was expected by {fresh_until}.",
    },
    "update-unknown": {
        "sl": "Ni znano, kdaj so bili podatki nazadnje posodobljeni.",
        "en": "It is not known when the data were last updated.",
    },
    "update-not-promised": {
        "sl": "Za to zbirko ni predpisana pogostost posodabljanja.",
        "en": "No update frequency is required for this dataset.",
    },
    # described
    "description-given": {"sl": "Zbirka je opisana.", "en": "The dataset is described."},
    "description-short": {
        "sl": "Opis je prekratek: {length:character} od najmanj {min_length}.",
        "en": "The description is too short: {length:character} of at least {min_length}.",
    },
    "description-missing": {"sl": "Opisa zbirke ni.", "en": "The dataset has no description."},
    # contact
    "contact-given": {"sl": "Kontakt za vprašanja je naveden.", "en": "A contact for questions is given."},
    "contact-missing": {"sl": "Kontakt za vprašanja ni naveden.", "en": "No contact for questions is given."},
    # kind
    "kind-stated": {"sl": "Vrsta podatkov je navedena.", "en": "The kind of data is stated."},
    "kind-missing": {"sl": "Vrsta podatkov ni navedena.", "en": "The kind of data is not stated."},
    # ends of cases
    "dataset-arrived": {
        "sl": "Zadeva je zaprta: zbirka podatkov je objavljena.",
        "en": "Closed: the dataset has been published.",
    },
    "delivery-arrived": {"sl": "Zadeva je zaprta: oddaja je prispela.", "en": "Closed: the delivery has arrived."},
    "requirement-dropped": {
        "sl": "Zadeva je zaprta: zahteva ne velja več.",
        "en": "Closed: the requirement no longer applies.",
    },
    # the audit chain
    "row-changed": {"sl": "Vrstica {seq} dnevnika je bila spremenjena.", "en": "Row {seq} of the log was changed."},
    "row-removed": {"sl": "Vrstica {seq} dnevnika manjka.", "en": "Row {seq} of the log is missing."},
    "row-reordered": {
        "sl": "Vrstica {seq} dnevnika ni na svojem mestu.",
        "en": "Row {seq} of the log is out of order.",
    },
    "end-cut-off": {
        "sl": "Konec dnevnika od vrstice {seq} naprej manjka.",
        "en": "The end of the log from row {seq} on is missing.",
    },
    # refusals of actions
    "not-authorized": {
        "sl": "Za to organizacijo nimate ustrezne pravice.",
        "en": "You are not authorized for this organisation.",
    },
    "organization-not-found": {"sl": "Organizacije ni mogoče najti.", "en": "The organisation was not found."},
    "user-not-found": {"sl": "Uporabnika ni mogoče najti.", "en": "The user was not found."},
    "value-missing": {"sl": "Vnesite vrednost.", "en": "Please give a value."},
    "list-expected": {"sl": "Pričakovan je seznam nizov.", "en": "A list of strings is expected."},
    "dictionary-expected": {"sl": "Pričakovan je slovar (objekt).", "en": "A dictionary (object) is expected."},
    "integer-expected": {"sl": "Pričakovano je celo število.", "en": "A whole number is expected."},
    "four-eyes": {
        "sl": "O oddaji ne more odločati oseba, ki jo je poslala.",
        "en": "The person who sent a delivery cannot decide on it.",
    },
    "stream-missing": {
        "sl": "Datoteke pošljite kot surovo telo zahtevka na naslov za oddajo.",
        "en": "Send the file as the raw body of a request to the delivery address.",
    },
    "case-state-unknown": {
        "sl": "Stanja »{state}« ni; zadeva je odprta (open) ali zaprta (closed).",
        "en": "There is no state “{state}”; a case is open or closed.",
    },
    "role-unknown": {"sl": "Vloge »{role}« ni.", "en": "There is no role “{role}”."},
    "publisher-missing": {
        "sl": "Uporabnika »{user}« še ni. Skrbnik naj zažene »ckan datastrategy init-publisher«.",
        "en": "The user “{user}” does not exist yet. An operator has to run “ckan datastrategy init-publisher”.",
    },
    "publisher-too-powerful": {
        "sl": "Uporabnik »{user}« ne sme biti sistemski skrbnik.",
        "en": "The user “{user}” must not be a sysadmin.",
    },
    "organization-unknown": {
        "sl": "Organizacije »{organization}« ni.",
        "en": "There is no organisation “{organization}”.",
    },
    "organization-not-company": {
        "sl": "Organizacija »{organization}« ni podjetje.",
        "en": "The organisation “{organization}” is not a company.",
    },
    "organization-not-city": {
        "sl": "Organizacija »{organization}« ni občina.",
        "en": "The organisation “{organization}” is not a municipality.",
    },
}

SLUGS = frozenset(_TEXTS)

_FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<unit>\w+))?\}")


def text(slug: str, params: Mapping[str, object] | None = None, lang: str = "sl") -> str:
    """Return the sentence for a slug.

    Args:
        params: Values of the finding; a value the sentence needs and does not get is shown as a dash.
        lang: ``sl…`` or anything else for English.

    Returns:
        The sentence; for an unknown slug the slug itself, so that a page never fails over a text.
    """
    language = "sl" if lang.startswith("sl") else "en"
    values = params or {}

    def fill(match: re.Match[str]) -> str:
        value = values.get(match["name"])
        if match["unit"] and isinstance(value, int):
            return counted(value, match["unit"], language)
        return _shown(value, language)

    return _FIELD.sub(fill, _TEXTS.get(slug, {}).get(language, slug))


def both(slug: str, params: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return ``{"sl": …, "en": …}`` for a slug."""
    return {lang: text(slug, params, lang) for lang in LANGUAGES}


def _shown(value: object, language: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, str) and _ISO_DAY.match(value):
        day = date.fromisoformat(value)
        # A no-break space keeps a Slovene date on one line.
        return (
            f"{day.day}.\N{NO-BREAK SPACE}{day.month}.\N{NO-BREAK SPACE}{day.year}"
            if language == "sl"
            else f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
        )
    return str(value)
