"""The ledger's functions for the stages of the pipeline (the portal uses ``cityharvest.api``).

Those that take a ``session`` work inside the caller's ``with ledger.transaction() as session:`` and change
nothing unless it commits; those that take a ``Ledger`` make their own short transactions.
"""

from __future__ import annotations

from cityharvest.ledger.attempts import begin as begin_attempt
from cityharvest.ledger.attempts import end as end_attempt
from cityharvest.ledger.attempts import name_object, note_object, note_removed, sweep
from cityharvest.ledger.core import Ledger, default_ledger
from cityharvest.ledger.decisions import FIRST_RELEASE, is_approved
from cityharvest.ledger.deliveries import earlier_published, lock, move
from cityharvest.ledger.deliveries import get as delivery_row
from cityharvest.ledger.events import REASSESS, emit
from cityharvest.ledger.events import delivered as events_delivered
from cityharvest.ledger.events import failed as events_failed
from cityharvest.ledger.events import waiting as events_waiting
from cityharvest.ledger.leases import (
    drop_lease,
    drop_source_lease,
    lease_delivery,
    lease_source,
    renew_lease,
    renew_source_lease,
)
from cityharvest.ledger.mandates import has_release
from cityharvest.ledger.plans import plan
from cityharvest.ledger.purge import purge_due
from cityharvest.ledger.releases import mark_published, mark_withdrawn, remove_withdrawn_files
from cityharvest.ledger.releases import put as put_release
from cityharvest.ledger.releases import store as store_release
from cityharvest.ledger.reports import store as store_report
from cityharvest.ledger.runs import store_run
from cityharvest.ledger.views import mandate as mandate_value
from cityharvest.ledger.views import parts
from cityharvest.ledger.views import release as release_value

__all__ = [
    "FIRST_RELEASE",
    "REASSESS",
    "Ledger",
    "begin_attempt",
    "default_ledger",
    "delivery_row",
    "drop_lease",
    "drop_source_lease",
    "earlier_published",
    "emit",
    "end_attempt",
    "events_delivered",
    "events_failed",
    "events_waiting",
    "has_release",
    "is_approved",
    "lease_delivery",
    "lease_source",
    "lock",
    "mandate_value",
    "mark_published",
    "mark_withdrawn",
    "move",
    "name_object",
    "note_object",
    "note_removed",
    "parts",
    "plan",
    "purge_due",
    "put_release",
    "release_value",
    "remove_withdrawn_files",
    "renew_lease",
    "renew_source_lease",
    "store_release",
    "store_report",
    "store_run",
    "sweep",
]
