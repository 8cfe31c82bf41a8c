"""What other extensions may import from this one; anything else in here is internal."""

from __future__ import annotations

from ckanext.datastrategy.board import case_dict
from ckanext.datastrategy.collect import active_organization, is_company, organization_summary
from ckanext.datastrategy.config import profile_id, publisher_user
from ckanext.datastrategy.roles import RoleName, has_role, organizations_with_role
from datastrategy.messages import both, text

__all__ = [
    "RoleName",
    "active_organization",
    "both",
    "case_dict",
    "has_role",
    "is_company",
    "organization_summary",
    "organizations_with_role",
    "profile_id",
    "publisher_user",
    "text",
]
