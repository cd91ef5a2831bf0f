#!/bin/sh
# Make .venv hold what a task needs: setup.sh run | dev | bench. Run again, it only brings it up
# to date. What is missing on the machine it installs where it may (root, and apt-get there);
# otherwise it says in one line what to install, and, where CI=true, fails.
set -eu
cd "$(dirname "$0")/.."

want=$1
python=${PYTHON:-python3}
venv=.venv

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# Something can be done without: say so in one line; where nothing may be left out, fail.
leave_out() {
  if [ "${CI:-}" = true ]; then stop "CI leaves nothing out: $*"; fi
  say "left out: $*"
}

# Install Debian packages, if this machine lets us.
install() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
  say "apt-get install $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } \
    </dev/null >&2
}

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
has_initdb() {
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

command -v "$python" >/dev/null || stop "there is no $python; install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version) is too old; install 3.11 or newer, and name it: make PYTHON=..."

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  has_venv || install python3-venv && has_venv ||
    stop "$python cannot make virtual environments; apt-get install python3-venv"
  "$python" -m venv --clear "$venv"
fi

case $want in
  run) package=. ;;
  dev) package='.[dev,bench]' ;; # mypy reads the benchmark too
  bench) package='.[bench]' ;;
  *) stop "no such task: $want" ;;
esac
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  -c constraints.txt -e "$package" </dev/null

if [ "$want" != run ]; then
  for tool in curl openssl; do # the documents' example is run with them
    command -v "$tool" >/dev/null || install "$tool" && command -v "$tool" >/dev/null ||
      leave_out "the signing example: there is no $tool; apt-get install $tool"
  done
  has_initdb || install postgresql && has_initdb ||
    leave_out "everything on PostgreSQL: there is no initdb; apt-get install postgresql"
fi
if [ "$want" = bench ]; then
  command -v wrk >/dev/null || install wrk ||
    stop "the benchmark's load generator is missing; apt-get install wrk"
fi
