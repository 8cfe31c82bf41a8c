#!/bin/sh
# Resolves the locks anew for Python 3.11.2 with hashes. Needs uv (`pip install uv`).
set -eu
cd "$(dirname "$0")/locks"
python3 ../write_inputs.py
compile() { uv pip compile -q --python-version 3.11.2 --generate-hashes --no-header --no-annotate --overrides overrides.in "$@"; }
compile test.in -o test.txt
for name in portal local pure build; do compile -c test.txt "$name.in" -o "$name.txt"; done
compile spark.in -o spark.txt
grep -c '==' ./*.txt
