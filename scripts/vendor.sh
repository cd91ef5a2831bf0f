#!/bin/sh
# Renew what browsers are given and others wrote, as the ordinary npm client has it:
#   sh scripts/vendor.sh 4.0.1
# On a developer's machine only; nothing of npm is needed to build, to test or to run.
set -eu
version=$1
here=$(cd "$(dirname "$0")/.." && pwd)
vendor=$here/src/callkeeper/console/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packed=$(npm pack --silent "htmx.org@$version")
integrity=$(npm view "htmx.org@$version" dist.integrity)
# Of the package that was fetched, whatever the registry says of it.
found=sha512-$(openssl dgst -sha512 -binary "$packed" | openssl base64 -A)
[ "$found" = "$integrity" ] || { echo "the package is not the one that was published" >&2; exit 1; }
tar xzf "$packed"
cp package/dist/htmx.min.js "$vendor/htmx.min.js"
cp package/LICENSE "$vendor/LICENSE-htmx"
cat > "$vendor/vendor.toml" <<END
# What others wrote and browsers are given. scripts/vendor.sh renews it; a test compares the file.
[htmx]
package = "htmx.org"
version = "$version"
licence = "0BSD"
integrity = "$integrity"
file = "htmx.min.js"
sha256 = "$(openssl dgst -sha256 -r "$vendor/htmx.min.js" | cut -d' ' -f1)"
END
