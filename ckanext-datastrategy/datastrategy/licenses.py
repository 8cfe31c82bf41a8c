"""Licenses by their attributes, and which of them count as open for re-use.

A rule looks at attributes, never at a hand-made list of pairs; CKAN's own ids and the versioned ids of this
project name the same license. Boundary: combining licenses of several sources is not decided here.
Source: Regulation (EU) 2023/138 Art. 4(3) for high-value data; EU Publications Office, authority table ``licence``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LICENSES", "License", "LicenseRule", "find_license", "is_allowed"]

_EU = "http://publications.europa.eu/resource/authority/licence/"


class LicenseRule(StrEnum):
    """Which licenses a profile accepts."""

    OPEN = "open"
    HVD = "hvd"
    CC_BY_4_ONLY = "cc-by-4-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """One license: ids, address and what it asks of those who re-use the data."""

    id: str
    authority: str | None
    aliases: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    attribution: bool = False
    share_alike: bool = False
    non_commercial: bool = False
    no_derivatives: bool = False
    specified: bool = True

    @property
    def url(self) -> str | None:
        """The authority IRI, None where the EU table has none."""
        return None if self.authority is None else _EU + self.authority

    @property
    def is_open(self) -> bool:
        """True when anybody may use, change and share the data for any purpose (Open Definition 2.1)."""
        return self.specified and not (self.non_commercial or self.no_derivatives)


LICENSES: tuple[License, ...] = (
    License(
        id="cc0-1.0",
        authority="CC0",
        aliases=("cc-zero", "cc0"),
        urls=("creativecommons.org/publicdomain/zero/1.0",),
    ),
    License(
        id="cc-pdm-1.0",
        authority="CC_PDM_1_0",
        aliases=("other-pd",),
        urls=("creativecommons.org/publicdomain/mark/1.0",),
    ),
    License(
        id="cc-by-4.0",
        authority="CC_BY_4_0",
        # CKAN's own id carries no version; portals of this decade mean 4.0 by it.
        aliases=("cc-by",),
        urls=("creativecommons.org/licenses/by/4.0",),
        attribution=True,
    ),
    License(
        id="cc-by-sa-4.0",
        authority="CC_BYSA_4_0",
        aliases=("cc-by-sa",),
        urls=("creativecommons.org/licenses/by-sa/4.0",),
        attribution=True,
        share_alike=True,
    ),
    License(
        id="cc-by-nc-4.0",
        authority="CC_BYNC_4_0",
        aliases=("cc-nc",),
        urls=("creativecommons.org/licenses/by-nc/4.0",),
        attribution=True,
        non_commercial=True,
    ),
    License(
        id="cc-by-nd-4.0",
        authority="CC_BYND_4_0",
        urls=("creativecommons.org/licenses/by-nd/4.0",),
        attribution=True,
        no_derivatives=True,
    ),
    License(
        id="odbl-1.0",
        authority="ODC_BL",
        aliases=("odc-odbl",),
        urls=("opendatacommons.org/licenses/odbl",),
        attribution=True,
        share_alike=True,
    ),
    License(
        id="odc-by-1.0",
        authority="ODC_BY",
        aliases=("odc-by",),
        urls=("opendatacommons.org/licenses/by",),
        attribution=True,
    ),
    License(id="pddl-1.0", authority="ODC_PDDL", aliases=("odc-pddl",), urls=("opendatacommons.org/licenses/pddl",)),
    License(
        id="ogl-uk-3.0",
        authority="OGL_3_0",
        aliases=("uk-ogl",),
        urls=("nationalarchives.gov.uk/doc/open-government-licence/version/3",),
        attribution=True,
    ),
    License(id="etalab-2.0", authority="ETALAB_2_0", aliases=("lov2",), attribution=True),
    License(id="iodl-2.0", authority="IODL_2_0", urls=("dati.gov.it/iodl/2.0",), attribution=True),
    License(id="dl-de-by-2.0", authority="DLDE_BY_2_0", urls=("govdata.de/dl-de/by-2-0",), attribution=True),
    License(id="dl-de-zero-2.0", authority="DLDE_ZERO_2_0", urls=("govdata.de/dl-de/zero-2-0",)),
    License(id="other-closed", authority=None, non_commercial=True, no_derivatives=True),
    License(id="other-nc", authority=None, non_commercial=True),
    License(id="notspecified", authority="OP_DATPRO", specified=False),
)

_BY_ID = {key: item for item in LICENSES for key in (item.id, *item.aliases)}


def _bare(url: str) -> str:
    address = url.strip().lower().split("://", 1)[-1].removeprefix("www.").removesuffix("/")
    return address.removesuffix("/deed.en").removesuffix("/deed.sl").removesuffix("/legalcode")


_BY_URL = {_bare(address): item for item in LICENSES for address in (*item.urls, *((item.url,) if item.url else ()))}


def find_license(license_id: str | None, license_url: str | None = None) -> License | None:
    """Return the license of an id (ours, CKAN's or the EU code), else of an address; None when unknown.

    >>> find_license("cc-by").id
    'cc-by-4.0'
    """
    for value in (license_id, license_url):
        if not isinstance(value, str) or not value.strip():
            continue
        key = value.strip()
        found = _BY_ID.get(key.lower()) or _BY_URL.get(_bare(key)) or _BY_URL.get(_bare(_EU + key))
        if found is not None:
            return found
    return None


def is_allowed(found: License, rule: LicenseRule) -> bool:
    """Tell whether a license is accepted under a rule.

    Source: Regulation (EU) 2023/138 Art. 4(3): CC BY 4.0 or anything less restrictive, hence no share-alike.
    """
    match rule:
        case LicenseRule.OPEN:
            return found.is_open
        case LicenseRule.HVD:
            return found.is_open and not found.share_alike
        case LicenseRule.CC_BY_4_ONLY:
            return found.id == "cc-by-4.0"
