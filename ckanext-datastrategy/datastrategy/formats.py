"""File formats: one spelling, and which of them a machine can read.

Boundary: looks at the declared format only, never at bytes.
Source: EU Publications Office, authority table ``file-type``; Directive (EU) 2019/1024 Art. 2(13).
"""

from __future__ import annotations

__all__ = ["SERVICES", "format_code", "is_machine_readable", "is_service"]

_TABLES_AND_TREES = {
    "CSV",
    "TSV",
    "JSON",
    "JSONL",
    "JSON_LD",
    "XML",
    "XLSX",
    "XLS",
    "ODS",
    "PARQUET",
    "SDMX",
    "ATOM",
    "ICS",
}
_GEODATA = {"GEOJSON", "TOPOJSON", "GPKG", "GML", "KML", "KMZ", "SHP", "GEOPARQUET", "GEOTIFF", "DXF"}
_GRAPHS_AND_GRIDS = {"RDF_XML", "RDF_TURTLE", "RDF_N_TRIPLES", "NETCDF", "GRIB", "BUFR"}
_TRANSPORT = {"GTFS", "GTFS_RT", "GBFS", "NETEX", "SIRI", "DATEX_II"}
SERVICES = frozenset({"GTFS_RT", "GBFS", "WFS_SRVC", "WMS_SRVC", "REST", "OGC_API"})
_MACHINE_READABLE = SERVICES | _TABLES_AND_TREES | _GEODATA | _GRAPHS_AND_GRIDS | _TRANSPORT

_SPELLINGS = {
    "JSON-LD": "JSON_LD",
    "JSONLD": "JSON_LD",
    "GEO_JSON": "GEOJSON",
    "TTL": "RDF_TURTLE",
    "TURTLE": "RDF_TURTLE",
    "RDF": "RDF_XML",
    "NT": "RDF_N_TRIPLES",
    "GEOPACKAGE": "GPKG",
    "SHAPEFILE": "SHP",
    "ESRI_SHAPEFILE": "SHP",
    "NC": "NETCDF",
    "TIF": "GEOTIFF",
    "WFS": "WFS_SRVC",
    "WMS": "WMS_SRVC",
    "API": "REST",
    "GTFS-RT": "GTFS_RT",
    "DATEX": "DATEX_II",
    "APPLICATION/JSON": "JSON",
    "APPLICATION/GEO+JSON": "GEOJSON",
    "APPLICATION/VND.APACHE.PARQUET": "PARQUET",
    "TEXT/CSV": "CSV",
}


def format_code(value: str | None) -> str | None:
    """Return the code of a declared format (file-type IRI, media type, extension or name), None when empty.

    >>> format_code("http://publications.europa.eu/resource/authority/file-type/CSV")
    'CSV'
    """
    if not isinstance(value, str) or not value.strip():
        return None
    name = value.strip().upper().lstrip(".").replace(" ", "_")
    name = _SPELLINGS.get(name, name)
    if "/FILE-TYPE/" in name:
        name = name.rsplit("/", 1)[-1]
    return _SPELLINGS.get(name, name)


def is_machine_readable(code: str) -> bool:
    """Tell whether software can read single values of a format without guessing."""
    return code in _MACHINE_READABLE


def is_service(code: str) -> bool:
    """Tell whether a format names a live service rather than a file to download."""
    return code in SERVICES
