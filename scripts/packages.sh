#!/bin/sh
# Build what is published: packages.sh [FOLDER], below dist if none is named. The distributions are
# callkeeper, and callkeeper-client from the same sources, for programs that are clients and no more
# (docs/decisions/0016-a-client-of-its-own.md). Both are checked, and nothing is downloaded. Those
# of another version that lie in the folder go first, or they would be published too.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
out=${1:-dist}
client=build/client

rm -rf "$client"
mkdir -p "$client/src/callkeeper/client"
cp LICENSE packaging/client/pyproject.toml packaging/client/README.md "$client"
cp src/callkeeper/__init__.py src/callkeeper/py.typed src/callkeeper/signing.py \
  "$client/src/callkeeper"
cp src/callkeeper/client/*.py "$client/src/callkeeper/client"

rm -f "$out"/callkeeper-[0-9]*.tar.gz "$out"/callkeeper-[0-9]*.whl \
  "$out"/callkeeper_client-[0-9]*.tar.gz "$out"/callkeeper_client-[0-9]*.whl
for source in . "$client"; do
  "$python" -m build --quiet --no-isolation --outdir "$out" "$source"
done
"$python" -m twine check --strict "$out"/callkeeper[-_]*.tar.gz "$out"/callkeeper[-_]*.whl
"$python" -m check_wheel_contents "$out"/callkeeper[-_]*.whl
