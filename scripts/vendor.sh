#!/bin/sh
# Renew what browsers are given and others wrote, as the ordinary npm client has it:
#   sh scripts/vendor.sh 0.8.0
# On a developer's machine only; nothing of npm is needed to build, to test or to run.
set -eu
version=$1
here=$(cd "$(dirname "$0")/.." && pwd)
vendor=$here/src/callkeeper/console/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packed=$(npm pack --silent "idiomorph@$version")
integrity=$(npm view "idiomorph@$version" dist.integrity)
# Of the package that was fetched, whatever the registry says of it.
found=sha512-$(openssl dgst -sha512 -binary "$packed" | openssl base64 -A)
[ "$found" = "$integrity" ] || { echo "the package is not the one that was published" >&2; exit 1; }
tar xzf "$packed"
cp package/dist/idiomorph.min.js "$vendor/idiomorph.min.js"
cp package/LICENSE "$vendor/LICENSE-idiomorph"
cat > "$vendor/vendor.toml" <<END
# What others wrote and browsers are given. scripts/vendor.sh renews it; a test compares the file.
[idiomorph]
package = "idiomorph"
version = "$version"
licence = "0BSD"
integrity = "$integrity"
file = "idiomorph.min.js"
sha256 = "$(openssl dgst -sha256 -r "$vendor/idiomorph.min.js" | cut -d' ' -f1)"
END
