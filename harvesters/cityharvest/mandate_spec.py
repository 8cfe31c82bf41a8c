"""What a mandate must look like before the ledger takes it.

``MandateSpec.of`` turns a mapping (JSON of the API, a YAML file) into typed values; ``problems`` judges them.
Every problem is ``{code, field, params}``; all are reported at once. Pure, except that the preset is looked up
through the callable that the caller gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from cityharvest.contract_shape import contract_problems, has_unit, names_with_role
from cityharvest.errors import HarvestError, MandateInvalid, WrongCall
from cityharvest.periods import Cadence, zone

Problem = dict[str, Any]
#: (preset id, parameters) -> kind of unit: ``personal``, ``business`` or ``none``. Raises ``MandateInvalid``.
PresetCheck = Callable[[str, Mapping[str, Any]], str]

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])")
LANGUAGES: Final = ("sl", "en")
DISCLOSURE_COLUMNS: Final = ("also_units", "identifiers", "quasi", "sensitive")
DISCLOSURE_KEYS: Final = frozenset(
    {*DISCLOSURE_COLUMNS, "policy", "jurisdiction", "direction", "confirmed", "subject", "contributor"}
)
#: Ways of protection that need nothing beside the mandate and the site: no budget, no hierarchies.
PIPELINE_POLICIES: Final = frozenset({"threshold", "rollup", "magnitude", "suppression", "cell-key"})
MAX_DUE_DAYS: Final = 366
MAX_RETENTION_DAYS: Final = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateSpec:
    """A mandate as it is asked for. Organizations are CKAN ids."""

    slug: str
    title: Mapping[str, str]
    company_organization_id: str
    lead_organization_id: str
    municipality_organization_ids: tuple[str, ...]
    legal_basis: Mapping[str, Any]
    cadence: str
    due_days: int
    starts_on: date
    contract: Mapping[str, Any]
    product: Mapping[str, Any]
    preset_id: str
    timezone: str = "Europe/Ljubljana"
    ends_on: date | None = None
    preset_parameters: Mapping[str, Any] = field(default_factory=dict)
    raw_retention_days: int = 30

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> MandateSpec:
        """Return the typed specification of a mapping.

        Raises:
            MandateInvalid: ``field-missing``, ``field-unknown``, ``field-type``.
        """
        known = {one.name: one for one in fields(cls)}
        found: list[Problem] = [problem("field-unknown", name) for name in values if name not in known]
        typed: dict[str, Any] = {}
        for name, one in known.items():
            if values.get(name) is None:
                if one.default is MISSING and one.default_factory is MISSING:
                    found.append(problem("field-missing", name))
                continue
            try:
                typed[name] = _CONVERT[str(one.type)](values[name])
            except (TypeError, ValueError):
                found.append(problem("field-type", name, expected=_EXPECTED[str(one.type)]))
        if found:
            raise MandateInvalid(found)
        return cls(**typed)

    def as_dict(self) -> dict[str, Any]:
        """Every field by name, dates as dates."""
        return asdict(self)


def problem(code: str, where: str, **params: Any) -> Problem:
    """Return one problem."""
    return {"code": code, "field": where, "params": params}


def problems(spec: MandateSpec, check_preset: PresetCheck) -> list[Problem]:
    """Return everything that is wrong with a mandate; empty when it may be kept."""
    return [
        *_identity_problems(spec),
        *_legal_problems(spec),
        *_time_problems(spec),
        *_contract_problems(spec.contract),
        *_product_problems(spec.product),
        *_disclosure_problems(spec),
        *_preset_problems(spec, check_preset),
    ]


def disclosure_preset(preset_id: str, parameters: Mapping[str, Any]) -> str:
    """Return the kind of unit of a preset of ``disclosure``, tightened by ``parameters``.

    Raises:
        MandateInvalid: ``preset-unknown``, ``preset-releases-nothing``, ``preset-laxer-than-law``,
            ``preset-parameters-invalid``.
    """
    import disclosure
    from disclosure.presets import Use

    unknown = MandateInvalid([problem("preset-unknown", "preset_id", preset=preset_id)])
    if not SLUG.fullmatch(preset_id):  # it becomes part of a file's name
        raise unknown
    try:
        preset = disclosure.load_preset(preset_id)
    except (LookupError, OSError, ValueError) as error:
        raise unknown from error
    if preset.release is not Use.ALLOWED:
        raise MandateInvalid([problem("preset-releases-nothing", "preset_id", preset=preset_id)])
    try:
        return str(preset.tightened(**parameters).unit_kind)
    except disclosure.LaxerThanLaw as error:
        raise MandateInvalid([problem("preset-laxer-than-law", "preset_parameters", preset=preset_id)]) from error
    except (TypeError, ValueError, LookupError) as error:
        raise MandateInvalid([problem("preset-parameters-invalid", "preset_parameters", preset=preset_id)]) from error


def _identity_problems(spec: MandateSpec) -> Iterator[Problem]:
    if not SLUG.fullmatch(spec.slug):
        yield problem("slug-invalid", "slug", slug=spec.slug)
    yield from _bilingual("title", spec.title)
    for name in ("company_organization_id", "lead_organization_id"):
        if not str(getattr(spec, name)).strip():
            yield problem("field-missing", name)
    cities = spec.municipality_organization_ids
    if not cities or len(set(cities)) != len(cities) or not all(cities):
        yield problem("municipalities-invalid", "municipality_organization_ids")
    elif spec.company_organization_id in (*cities, spec.lead_organization_id):
        yield problem("company-is-city", "company_organization_id")


def _legal_problems(spec: MandateSpec) -> Iterator[Problem]:
    basis = spec.legal_basis
    yield from _bilingual("legal_basis.title", basis.get("title"))
    address = urlsplit(str(basis.get("url", "")))
    if address.scheme not in ("http", "https") or not address.netloc:
        yield problem("legal-url-invalid", "legal_basis.url")
    try:
        valid_from = as_date(basis["valid_from"])
        valid_to = as_date(basis["valid_to"]) if basis.get("valid_to") else None
    except (KeyError, TypeError, ValueError):
        yield problem("legal-dates-invalid", "legal_basis.valid_from")
        return
    if valid_to is not None and valid_to < valid_from:
        yield problem("legal-dates-invalid", "legal_basis.valid_to")
    elif valid_from > spec.starts_on or (valid_to is not None and valid_to < (spec.ends_on or spec.starts_on)):
        yield problem(
            "legal-basis-not-in-force", "starts_on", valid_from=str(valid_from), valid_to=str(valid_to or "–")
        )


def _time_problems(spec: MandateSpec) -> Iterator[Problem]:
    try:
        Cadence(spec.cadence)
    except ValueError:
        yield problem("cadence-unknown", "cadence", cadence=spec.cadence)
    try:
        zone(spec.timezone)
    except HarvestError:
        yield problem("timezone-unknown", "timezone", timezone=spec.timezone)
    if not 0 <= spec.due_days <= MAX_DUE_DAYS:
        yield problem("number-out-of-range", "due_days", low=0, high=MAX_DUE_DAYS)
    if not 1 <= spec.raw_retention_days <= MAX_RETENTION_DAYS:
        yield problem("number-out-of-range", "raw_retention_days", low=1, high=MAX_RETENTION_DAYS)
    if spec.ends_on is not None and spec.ends_on < spec.starts_on:
        yield problem("ends-before-start", "ends_on")


def _contract_problems(contract: Mapping[str, Any]) -> Iterator[Problem]:
    """The shape first; then whether a delivery could be read under it, asked of the reader itself."""
    from cityharvest.contract.shape import Contract

    found = list(contract_problems(contract, problem))
    if not found and names_with_role(contract, "time"):
        try:
            Contract.of(contract)
        except WrongCall as error:
            found.append(problem(error.code, "contract", **error.params))
    yield from found


def _product_problems(product: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _bilingual("product.dataset_title", product.get("dataset_title"))
    for name in ("kind", "license_id", "frequency"):
        if not isinstance(product.get(name), str) or not product[name].strip():
            yield problem("field-missing", f"product.{name}")
    for name in ("tags", "requirement_ids"):
        values = product.get(name, [])
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) and value for value in values):
            yield problem("field-type", f"product.{name}", expected=_EXPECTED["tuple[str, ...]"])


def _disclosure_problems(spec: MandateSpec) -> Iterator[Problem]:
    """Judge the optional part ``product.disclosure``; see ``pipeline.specification``."""
    wanted = spec.product.get("disclosure", {})
    if not isinstance(wanted, Mapping):
        yield problem("field-type", "product.disclosure", expected="object")
        return
    for name in sorted(set(wanted) - DISCLOSURE_KEYS):
        yield problem("field-unknown", f"product.disclosure.{name}")
    columns = [str(wanted["contributor"])] if wanted.get("contributor") else []
    for name in DISCLOSURE_COLUMNS:
        values = wanted.get(name, [])
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) and value for value in values):
            yield problem("field-type", f"product.disclosure.{name}", expected=_EXPECTED["tuple[str, ...]"])
            continue
        columns += values
    known = {str(one.get("name")) for one in spec.contract.get("fields", ()) if isinstance(one, Mapping)}
    for column in sorted(set(columns) - known):
        yield problem("disclosure-column-unknown", "product.disclosure", column=column)
    yield from _policy_problems(wanted.get("policy"))


def _policy_problems(policy: Any) -> Iterator[Problem]:
    if policy is None:
        return
    import disclosure

    name = str(policy.get("name")) if isinstance(policy, Mapping) else ""
    if name not in PIPELINE_POLICIES:
        yield problem(
            "policy-unknown", "product.disclosure.policy", policy=name, known=", ".join(sorted(PIPELINE_POLICIES))
        )
        return
    try:
        disclosure.policy_from(policy)
    except (disclosure.DisclosureError, TypeError, ValueError, LookupError, AttributeError):
        yield problem("policy-parameters-invalid", "product.disclosure.policy", policy=name)


def _preset_problems(spec: MandateSpec, check_preset: PresetCheck) -> Iterator[Problem]:
    try:
        unit_kind = check_preset(spec.preset_id, spec.preset_parameters)
    except MandateInvalid as error:
        yield from error.problems
        return
    if unit_kind != "none" and not has_unit(spec.contract):
        yield problem("unit-missing", "contract.fields", preset=spec.preset_id)


def _bilingual(name: str, value: Any) -> Iterator[Problem]:
    texts = value if isinstance(value, Mapping) else {}
    missing = [lang for lang in LANGUAGES if not str(texts.get(lang) or "").strip()]
    if missing:
        yield problem("translation-missing", name, languages=", ".join(missing))


def as_date(value: Any) -> date:
    """Return a date of a date or its ISO text."""
    return value if type(value) is date else date.fromisoformat(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(_text(one) for one in value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return dict(value)


_CONVERT: Final[Mapping[str, Callable[[Any], Any]]] = {
    "str": _text,
    "int": _number,
    "date": as_date,
    "date | None": as_date,
    "tuple[str, ...]": _texts,
    "Mapping[str, str]": _mapping,
    "Mapping[str, Any]": _mapping,
}
_EXPECTED: Final[Mapping[str, str]] = {
    "str": "text",
    "int": "integer",
    "date": "YYYY-MM-DD",
    "date | None": "YYYY-MM-DD",
    "tuple[str, ...]": "list of texts",
    "Mapping[str, str]": "object",
    "Mapping[str, Any]": "object",
}
