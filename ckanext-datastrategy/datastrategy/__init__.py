"""Data strategy of a city, as pure rules: kinds of data, profiles of minimum datasets, checks, cases, audit chain.

Boundary: values in, values out. No CKAN, no database, no network, no clock; today's date is an argument.
"""

from __future__ import annotations
