"""The stack's own Solr 9: published jars under Jetty, CKAN's schema with spatial fields, our solrconfig.

Recipe and measurements: knowledge of this project's maintainers; CKAN's schema comes from the installed CKAN.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from stack.java import Java
from stack.layout import DEPLOYMENT, Layout
from stack.private_files import State
from stack.process import Spec, Stage
from stack.say import StackError

SOURCE = DEPLOYMENT / "solr"
CORE = "ckan"
#: Java 24 warns about every use of native memory that was not announced.
NATIVE_ACCESS_SINCE = 22

#: CKAN asks for many permission labels at once; the core's own limit counts only below this one.
SOLR_XML = '<solr><int name="maxBooleanClauses">16384</int></solr>\n'

SPATIAL_TYPES = """
<fieldType name="location_rpt" class="solr.SpatialRecursivePrefixTreeFieldType" spatialContextFactory="JTS"
  autoIndex="true" validationRule="repairBuffer0" distErrPct="0.025" maxDistErr="0.001" distanceUnits="kilometers"/>
"""
SPATIAL_FIELDS = """
<field name="bbox_area" type="float" indexed="true" stored="true"/>
<field name="maxx" type="float" indexed="true" stored="true"/>
<field name="maxy" type="float" indexed="true" stored="true"/>
<field name="minx" type="float" indexed="true" stored="true"/>
<field name="miny" type="float" indexed="true" stored="true"/>
<field name="spatial_geom" type="location_rpt" indexed="true" stored="true" multiValued="true"/>
"""


def with_spatial_fields(schema: str) -> str:
    """Return CKAN's schema with the fields of ckanext-spatial.

    Raises:
        StackError: it does not look like a schema with one block of types and one of fields.
    """
    for mark, block in (("</types>", SPATIAL_TYPES), ("</fields>", SPATIAL_FIELDS)):
        if schema.count(mark) != 1:
            raise StackError(f"CKAN's Solr schema has no single '{mark}' to add the spatial fields before.")
        schema = schema.replace(mark, block + mark)
    return schema


def write_configset(conf: Path, schema_file: Path) -> str:
    """Write the core's configuration and return its fingerprint."""
    conf.mkdir(parents=True, exist_ok=True)
    files = {
        "schema.xml": with_spatial_fields(schema_file.read_text(encoding="utf-8")),
        "solrconfig.xml": (SOURCE / "solrconfig.xml").read_text(encoding="utf-8"),
        "protwords.txt": "",
        "synonyms.txt": "",
    }
    for name, text in files.items():
        (conf / name).write_text(text, encoding="utf-8")
    return hashlib.sha256("".join(files.values()).encode()).hexdigest()


def write_runtime(folder: Path, schema_file: Path) -> str:
    """Write everything Solr reads except the jars: the same for the local stack and the image."""
    core = folder / "home" / CORE
    fingerprint = write_configset(core / "conf", schema_file)
    (folder / "home" / "solr.xml").write_text(SOLR_XML, encoding="utf-8")
    (core / "core.properties").write_text(f"name={CORE}\n", encoding="utf-8")
    web = folder / "webapp" / "WEB-INF"
    web.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SOURCE / "web.xml", web / "web.xml")
    for name in ("jetty.xml", "log4j2.xml"):
        shutil.copyfile(SOURCE / name, folder / name)
    return fingerprint


def ckan_schema() -> Path:
    """Return the schema file inside the installed CKAN, without importing it."""
    from importlib.util import find_spec

    found = find_spec("ckan")
    if found is None or not found.submodule_search_locations:
        raise StackError("CKAN is not installed in this environment.")
    return Path(found.submodule_search_locations[0]) / "config" / "solr" / "schema.xml"


def prepare(layout: Layout, state: State) -> None:
    """Write the configuration; a changed schema drops the index, which `ckan search-index rebuild` makes anew."""
    fingerprint = write_runtime(layout.solr, ckan_schema())
    if state.get("solr_configuration") != fingerprint:
        shutil.rmtree(layout.solr / "home" / CORE / "data", ignore_errors=True)
        state.set(solr_configuration=fingerprint, solr_indexed=False)


def spec(layout: Layout, java: Java, jars: Path, port: int) -> Spec:
    """Return the process."""
    native = ("--enable-native-access=ALL-UNNAMED",) if java.major >= NATIVE_ACCESS_SINCE else ()
    properties = {
        "cityopen.solr.host": "127.0.0.1",
        "cityopen.solr.port": str(port),
        "solr.solr.home": "home",
        "solr.log.dir": str(layout.logs),
        "log4j2.configurationFile": "log4j2.xml",
        "java.io.tmpdir": str(layout.run),
        "user.timezone": "UTC",
    }
    defined = tuple(f"-D{name}={value}" for name, value in properties.items())
    memory = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData")
    main = ("-cp", f"{jars}/*", "org.eclipse.jetty.xml.XmlConfiguration", "jetty.xml")
    return Spec(
        name="solr",
        argv=(java.path, *memory, *native, *defined, *main),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        cwd=layout.solr,
        stage=Stage.SERVICES,
        patience_s=15.0,
    )


def url(port: int) -> str:
    """Return the address of CKAN's core."""
    return f"http://127.0.0.1:{port}/solr/{CORE}"
