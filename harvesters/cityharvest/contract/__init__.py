"""The contract of a mandate, kept or broken: a delivery is read into typed columns, or every breach is named.

One bad row rejects the whole delivery: a company corrects and sends again, and nothing half right is published.
The contract is a Frictionless Table Schema with our ``role`` and ``interval`` (``cityharvest.contract_shape`` judges
its shape when a mandate is made); the fast reading is DuckDB's. Findings name line, column, rule and a masked value.

Boundary: files in the pipeline's private folder in, a relation and findings out; nothing here knows the ledger.
"""

from __future__ import annotations

from cityharvest.contract.read import Checked, read
from cityharvest.contract.shape import Contract
from cityharvest.contract.transcoding import TranscodingWriter

__all__ = ["Checked", "Contract", "TranscodingWriter", "read"]
