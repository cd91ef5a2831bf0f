#!/usr/bin/env bash
# Sign a request and send it, with bash, openssl and curl alone:
#
#   AK=... SK=... HOST=127.0.0.1:28443 bash docs/call.sh PATH BODY
#
# SCHEME=https and CACERT=FILE for a server with a certificate of its own.
set -euo pipefail
path=$1 body=$2

enc() { # percent-encode, byte by byte
  local LC_ALL=C byte i
  for ((i = 0; i < ${#1}; i++)); do
    byte=${1:i:1}
    case $byte in
      [A-Za-z0-9._~-]) printf %s "$byte" ;;
      *) printf '%%%02X' $(($(printf %d "'$byte") & 255)) ;;
    esac
  done
}
hmac() { printf %s "$2" | openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }

prefix="auth-v2/$AK/$(date -u +%Y-%m-%dT%H:%M:%SZ)/host"
canonical=$(printf 'POST\n%s\nhost\nhost:%s\n%s' "$path" "$(enc "$HOST")" "$(enc "$body")")
signature=$(hmac "$(hmac "$SK" "$prefix")" "$canonical")

curl -sS ${CACERT:+--cacert "$CACERT"} "${SCHEME:-http}://$HOST$path" \
  -H "Authorization: $prefix/$signature" \
  -H 'Content-Type: application/json; charset=UTF-8' --data-binary "$body"
