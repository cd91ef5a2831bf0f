#!/bin/sh
# Write requirements/ anew: the releases of constraints.txt, each with the hashes of all its files,
# for every platform and every Python that we run on. Do so after each change of constraints.txt,
# or of a dependency in pyproject.toml; tests/test_pins.py compares them.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
uv=.cache/uv

"$python" -m venv "$uv"
"$uv/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9 </dev/null

# What builds us is installed beside what we need: setup.sh lets pip fetch nothing by itself.
pin() {
  file=$1
  shift
  echo setuptools | "$uv/bin/uv" pip compile --quiet --universal --python-version 3.11 \
    --constraint constraints.txt --generate-hashes --no-header --no-annotate \
    --output-file "requirements/$file" "$@" pyproject.toml - >/dev/null
}

pin run.txt --extra sso # so that what is installed by it can do all
pin all.txt --all-extras
