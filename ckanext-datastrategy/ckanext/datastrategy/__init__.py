"""CKAN extension of the data strategy: fields, roles, verdicts, cases, and the actions on mandates and deliveries.

Boundary: translates, authorizes, stores. The rules are in :mod:`datastrategy`, the ledger is ``cityharvest``'s.
"""

from __future__ import annotations
