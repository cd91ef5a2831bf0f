#!/bin/sh
# Make .venv hold what a task needs: setup.sh run | dev | bench. Run again, it only brings it up
# to date. What is missing on the machine it installs where it may (root, and apt-get there);
# otherwise it says in one line what to install, and, where CI=true, fails. It says each step
# before it takes it, for some take a minute.
set -eu
cd "$(dirname "$0")/.."

want=$1
python=${PYTHON:-python3}
venv=.venv
newer=.cache/asterisk-22

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# Something can be done without: say so in one line; where nothing may be left out, fail.
leave_out() {
  if [ "${CI:-}" = true ]; then stop "CI leaves nothing out: $*"; fi
  say "left out: $*"
}

# Install Debian packages, if this machine lets us. What apt-get says is shown if it fails.
install() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
  say "apt-get install $*"
  mkdir -p .cache
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } \
    </dev/null >.cache/apt.log 2>&1 || { cat .cache/apt.log >&2 && return 1; }
}

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
has_initdb() {
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

# What tests/machine.py boots this machine with once more.
has_boot() {
  [ -x /lib/systemd/systemd ] && command -v ip >/dev/null && command -v pgrep >/dev/null &&
    /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null
}

# The console's pages are Chinese too, and a browser without the letters shows boxes. What drives it
# for the tests is a program of its own, which needs one library more.
has_browser() {
  [ -x /usr/bin/chromium ] && ls /usr/share/fonts/*/noto/*CJK* >/dev/null 2>&1 &&
    ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1
}

has_faketime() { ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; }
has_pbx() { [ -x /usr/sbin/asterisk ] && command -v sipp >/dev/null; }

# Print where apt takes a suite from, whichever way its sources are written.
source_of() {
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list; do
    if [ -f "$file" ]; then cat "$file" && echo; fi
  done | awk -v suite="$1" '
    $1 == "deb" {
      at = 2
      if ($at ~ /^\[/) { while (at < NF && $at !~ /\]$/) at++; at++ }
      if ($(at + 1) == suite) print $at
    }
    $1 == "URIs:" { uri = $2 }
    $1 == "Suites:" { for (at = 2; at <= NF; at++) if ($at == suite) serves = 1 }
    NF == 0 { if (serves) print uri; serves = 0 }' | head -n 1
}

bullseye() {
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' \
    "$1" "$2" /usr/share/keyrings/debian-archive-keyring.gpg
}

# What of ours lies in the system only while something is installed: it goes when we are stopped
# too. A shell attends to a signal when the program it waits for has ended.
passing=
trap 'rm -f $passing' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Install packages whose services stay down: only their programs are wanted.
install_stopped() {
  policy=/usr/sbin/policy-rc.d
  ours=
  if [ "$(id -u)" = 0 ] && [ ! -e "$policy" ]; then
    ours=$policy
    before=$passing
    passing="$passing $ours"
    printf '#!/bin/sh\nexit 101\n' >"$ours" && chmod +x "$ours"
  fi
  stopped=0
  install --no-install-recommends "$@" || stopped=1
  if [ -n "$ours" ]; then rm "$ours" && passing=$before; fi
  return "$stopped"
}

# Debian 12 has no Asterisk. Debian 11's goes beside all that is there, at a priority that lets
# apt take nothing else from it. The tests start one of their own, so the service stays down.
install_pbx() {
  codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") || return 1
  if [ "$(id -u)" != 0 ] || [ "$codename" != bookworm ]; then return 1; fi
  main=$(source_of bookworm)
  security=$(source_of bookworm-security)
  if [ -z "$main" ] || [ -z "$security" ]; then return 1; fi

  source=/etc/apt/sources.list.d/callkeeper-bullseye.sources
  pin=/etc/apt/preferences.d/callkeeper-bullseye
  passing="$source $pin"
  { bullseye "$main" bullseye; bullseye "$security" bullseye-security; } >"$source"
  printf 'Package: *\nPin: release n=bullseye*\nPin-Priority: 100\n' >"$pin"
  failed=0
  install_stopped asterisk sip-tester || failed=1
  # A source that does not answer would be in the way of everything else.
  if [ "$failed" = 1 ]; then rm "$source" "$pin"; fi
  passing=
  return "$failed"
}

has_newer_pbx() { [ -x "$newer/usr/sbin/asterisk" ]; }

# Asterisk 22 needs a newer libc than this machine's, so it gets a root of its own, which the tests
# enter by chroot in a mount namespace. apt finds there the lists that debootstrap left.
make_newer_pbx() {
  codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") || return 1
  if [ "$(id -u)" != 0 ]; then return 1; fi
  mirror=$(source_of "$codename")
  if [ -z "$mirror" ]; then return 1; fi
  command -v debootstrap >/dev/null || install debootstrap || return 1
  mkdir -p "$newer.new"
  for suite in forky sid; do
    say "making $newer from $suite"
    if fill_newer_pbx "$suite" "$mirror" "$newer.new" >"$newer.log" 2>&1 </dev/null; then
      rm -rf "$newer" && mv "$newer.new" "$newer" && return 0
    fi
    rm -rf --one-file-system "$newer.new"
  done
  return 1
}

fill_newer_pbx() {
  debootstrap --variant=minbase "$1" "$3" "$2" sid || return 1
  printf '#!/bin/sh\nexit 101\n' >"$3/usr/sbin/policy-rc.d" || return 1
  chmod +x "$3/usr/sbin/policy-rc.d" || return 1
  DEBIAN_FRONTEND=noninteractive chroot "$3" \
    apt-get install -y -qq --no-install-recommends asterisk || return 1
  rm -rf "$3"/var/cache/apt/archives/*.deb "$3"/var/lib/apt/lists
  chroot "$3" asterisk -V | grep '^Asterisk 22\.'
}

command -v "$python" >/dev/null || stop "there is no $python; install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version) is too old; install 3.11 or newer, and name it: make PYTHON=..."

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  has_venv || install python3-venv && has_venv ||
    stop "$python cannot make virtual environments; apt-get install python3-venv"
  say "making $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv"
fi

case $want in
  run) needed=requirements/run.txt ;;
  dev | bench) needed=requirements/all.txt ;; # mypy reads the benchmark too
  *) stop "no such task: $want" ;;
esac
# Nothing is installed, or built with, that is not named there with its hash.
say "installing the packages of $needed"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --require-hashes -r "$needed" </dev/null
say "installing callkeeper itself"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --no-deps --no-build-isolation -e . </dev/null

if [ "$want" != run ]; then
  for tool in curl openssl; do # the documents' example is run with them
    command -v "$tool" >/dev/null || install "$tool" && command -v "$tool" >/dev/null ||
      leave_out "the signing example: there is no $tool; apt-get install $tool"
  done
  has_initdb || install postgresql && has_initdb ||
    leave_out "everything on PostgreSQL: there is no initdb; apt-get install postgresql"
fi
if [ "$want" = dev ]; then
  # What the clients in docs/clients run with: a command, and the package that brings it.
  for runtime in java:default-jdk-headless node:nodejs php:php-cli go:golang-go; do
    tool=${runtime%%:*} package=${runtime#*:}
    command -v "$tool" >/dev/null || install --no-install-recommends "$package" &&
      command -v "$tool" >/dev/null ||
      leave_out "the client in $tool: there is no $tool; apt-get install $package"
  done
  has_boot || install systemd iproute2 procps python3-venv && has_boot ||
    leave_out "our services: there is no systemd, ip, pgrep or python3-venv; apt-get install them"
  has_faketime || install faketime && has_faketime ||
    leave_out "clocks that are set while it runs: there is no libfaketime; apt-get install faketime"
  browser="chromium fonts-noto-cjk libatomic1"
  has_browser || install --no-install-recommends $browser && has_browser ||
    leave_out "the console in a browser: something of it is missing; apt-get install $browser"
  [ -x /usr/sbin/haproxy ] || install haproxy && [ -x /usr/sbin/haproxy ] ||
    leave_out "several machines: there is no haproxy; apt-get install haproxy"
  [ -x /usr/sbin/pgbouncer ] || install pgbouncer && [ -x /usr/sbin/pgbouncer ] ||
    leave_out "a pooler before PostgreSQL: there is no pgbouncer; apt-get install pgbouncer"
  command -v promtool >/dev/null || install_stopped prometheus && command -v promtool >/dev/null ||
    leave_out "what Prometheus thinks of alerts: no promtool; apt-get install prometheus"
  has_pbx || install_pbx && has_pbx ||
    leave_out "every call over Asterisk: there is no asterisk, or no sipp; see docs/operating.md"
  command -v ip >/dev/null || install iproute2 && command -v ip >/dev/null ||
    leave_out "the way to the first call: there is no ip; apt-get install iproute2"
  # CI too goes on without it: on some days no mirror has one that installs.
  has_newer_pbx || make_newer_pbx ||
    say "left out: calls over Asterisk 22: $newer cannot be made (root, and Debian's mirror); \
$newer.log may say why"
fi
if [ "$want" = bench ]; then
  has_pbx || install_pbx && has_pbx ||
    leave_out "calls through Asterisk: there is no asterisk, or no sipp; see docs/operating.md"
fi
if [ "$want" != run ]; then
  command -v wrk >/dev/null || install wrk && command -v wrk >/dev/null ||
    leave_out "the benchmark, or its tests: there is no wrk; apt-get install wrk"
fi
