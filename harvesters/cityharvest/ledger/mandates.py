"""Mandates in the ledger: created and changed only when the whole specification holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cityharvest import audit_log, db
from cityharvest.errors import MandateInvalid, NotFound
from cityharvest.ledger import views
from cityharvest.ledger.core import Ledger
from cityharvest.mandate_spec import MandateSpec, problem, problems
from cityharvest.models import DeliveryRow, MandateCityRow, MandateRow, new_id
from cityharvest.records import Mandate
from cityharvest.states import DeliveryState

#: They decide which deliveries exist and whose they are; another company or rhythm is another mandate.
FIXED: Final = ("slug", "company_organization_id", "lead_organization_id", "cadence", "timezone", "starts_on")
#: A change of these is a new kind of release: a person approves its first one again.
APPROVED_WITH: Final = ("contract", "preset_id", "preset_parameters", "product")
_JSON: Final = ("title", "legal_basis", "contract", "product", "preset_parameters")


def create(ledger: Ledger, spec: MandateSpec | Mapping[str, Any], actor: str) -> Mandate:
    """Create a mandate; see ``cityharvest.api.mandate_create``."""
    wanted = spec if isinstance(spec, MandateSpec) else MandateSpec.of(spec)
    _require_valid(ledger, wanted)
    with ledger.transaction() as session:
        values = {name: value for name, value in wanted.as_dict().items() if name != "municipality_organization_ids"}
        statement = insert(MandateRow).values(id=new_id(), created_by=actor, **values)
        created = session.execute(
            statement.on_conflict_do_nothing(index_elements=[MandateRow.slug]).returning(MandateRow.id)
        ).scalar_one_or_none()
        if created is None:
            raise MandateInvalid([problem("slug-taken", "slug", slug=wanted.slug)])
        _set_cities(session, created, wanted.municipality_organization_ids)
        row = session.get_one(MandateRow, created)
        audit_log.append(session, f"mandate:{created}", "create", actor, {"slug": wanted.slug})
        return views.mandate(row)


def update(ledger: Ledger, mandate_id: str, changes: Mapping[str, Any], actor: str) -> Mandate:
    """Change a mandate; see ``cityharvest.api.mandate_update``."""
    with ledger.transaction() as session:
        row = get(session, mandate_id, lock=True)
        before = _spec_of(row)
        wanted = MandateSpec.of({**before.as_dict(), **changes})
        fixed = [name for name in FIXED if getattr(wanted, name) != getattr(before, name)]
        if fixed:
            raise MandateInvalid([problem("field-fixed", name) for name in fixed])
        _require_valid(ledger, wanted)
        changed = sorted(name for name, value in wanted.as_dict().items() if value != before.as_dict()[name])
        if not changed:
            return views.mandate(row)
        for name in changed:
            if name != "municipality_organization_ids":
                setattr(row, name, getattr(wanted, name))
        if "municipality_organization_ids" in changed:
            row.cities.clear()
            session.flush()
            _set_cities(session, row.id, wanted.municipality_organization_ids)
        if set(changed) & set(APPROVED_WITH):
            row.first_release_approved_at, row.approved_by = None, None
        row.updated_at = db.now(session)
        audit_log.append(session, f"mandate:{row.id}", "update", actor, {"fields": changed})
        session.refresh(row)
        return views.mandate(row)


def show(ledger: Ledger, mandate_id: str) -> Mandate:
    """Return a mandate by id or slug. Raises ``NotFound``."""
    with ledger.transaction() as session:
        return views.mandate(get(session, mandate_id))


def listing(ledger: Ledger, *, organization_id: str | None = None, company_id: str | None = None) -> list[Mandate]:
    """Return mandates by slug; see ``cityharvest.api.mandate_list``."""
    query = select(MandateRow).order_by(MandateRow.slug)
    if company_id is not None:
        query = query.where(MandateRow.company_organization_id == company_id)
    if organization_id is not None:
        query = query.where(covers(organization_id))
    with ledger.transaction() as session:
        return [views.mandate(row) for row in session.scalars(query)]


def covers(organization_id: str) -> Any:
    """Return the SQL condition: a mandate is led by a city or covers it."""
    covered = exists().where(
        MandateCityRow.mandate_id == MandateRow.id, MandateCityRow.organization_id == organization_id
    )
    return or_(MandateRow.lead_organization_id == organization_id, covered)


def get(session: Session, mandate_id: str, *, lock: bool = False) -> MandateRow:
    """Return a row by id or slug. Raises ``NotFound``."""
    query = select(MandateRow).where(or_(MandateRow.id == mandate_id, MandateRow.slug == mandate_id))
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(kind="mandate", id=mandate_id)
    return row


def has_release(session: Session, mandate_id: str) -> bool:
    """Say whether anything of this mandate was ever published."""
    published = (DeliveryState.PUBLISHED.value, DeliveryState.SUPERSEDED.value, DeliveryState.WITHDRAWN.value)
    return bool(
        session.execute(
            select(exists().where(DeliveryRow.mandate_id == mandate_id, DeliveryRow.state.in_(published)))
        ).scalar_one()
    )


def _require_valid(ledger: Ledger, spec: MandateSpec) -> None:
    found = problems(spec, ledger.check_preset)
    if found:
        raise MandateInvalid(found)


def _set_cities(session: Session, mandate_id: str, organization_ids: tuple[str, ...]) -> None:
    rows = [
        {"mandate_id": mandate_id, "organization_id": one, "ordinal": number}
        for number, one in enumerate(organization_ids)
    ]
    session.execute(insert(MandateCityRow).values(rows))


def _spec_of(row: MandateRow) -> MandateSpec:
    names = [name for name in MandateSpec.__dataclass_fields__ if name != "municipality_organization_ids"]
    cities = tuple(city.organization_id for city in row.cities)
    return MandateSpec(municipality_organization_ids=cities, **{name: getattr(row, name) for name in names})
