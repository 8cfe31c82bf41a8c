"""The publisher: releases into CKAN and out of it again, over the Action API only."""

from __future__ import annotations

from cityharvest.publisher.client import ActionApi, portal_policy
from cityharvest.publisher.dataset import Coverage, Withdrawn
from cityharvest.publisher.ids import resource_id, resource_ids
from cityharvest.publisher.job import OpenFile, Published, PublishJob, WithdrawJob
from cityharvest.publisher.publish import publish, withdraw

__all__ = [
    "ActionApi",
    "Coverage",
    "OpenFile",
    "PublishJob",
    "Published",
    "WithdrawJob",
    "Withdrawn",
    "portal_policy",
    "publish",
    "resource_id",
    "resource_ids",
    "withdraw",
]
