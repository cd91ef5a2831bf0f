#!/usr/bin/env bash
# Sign a request and send it, with bash, openssl and curl alone:
#
#   AK=... SK=... HOST=127.0.0.1:28443 bash docs/call.sh PATH [BODY [CURL-OPTION...]]
#
# METHOD is POST if not given. QUERY is not encoded yet: QUERY='name=a b&status=0'.
# SCHEME=https and CACERT=FILE for a server with a certificate of its own.
# SIGNED names the signed headers, host or content-length;content-type;host. MILLISECONDS=1 and
# EMPTY_QUERY_LINE=1 sign in the other forms that the server takes.
# SIGN_ONLY=1 prints the Authorization and sends nothing, TIMESTAMP=2025-05-15T12:00:00Z signs for
# that instant.
set -euo pipefail
method=${METHOD:-POST} path=$1 body=${2:-} signed=${SIGNED:-host}
type='application/json; charset=UTF-8'

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
hmac() { openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }
length() { local LC_ALL=C; printf %s "${#1}"; }

query=$(tr '&' '\n' <<<"${QUERY:-}" | while IFS='=' read -r name value; do
  [ -z "$name" ] || printf '%s=%s\n' "$(enc "$name")" "$(enc "$value")"
done | LC_ALL=C sort | paste -sd '&' -)

canonical() {
  printf '%s\n' "$method" "$path"
  [ -z "$query${EMPTY_QUERY_LINE:-}" ] || printf '%s\n' "$query"
  printf '%s\n' "$signed"
  for name in ${signed//;/ }; do
    case $name in
      host) printf '%s:%s\n' "$name" "$(enc "$HOST")" ;;
      content-type) printf '%s:%s\n' "$name" "$(enc "$type")" ;;
      content-length) printf '%s:%s\n' "$name" "$(length "$body")" ;;
    esac
  done
  enc "$body"
}

form=%Y-%m-%dT%H:%M:%S${MILLISECONDS:+.%3N}Z
prefix="auth-v2/$AK/${TIMESTAMP:-$(date -u "+$form")}/$signed"
signature=$(canonical | hmac "$(printf %s "$prefix" | hmac "$SK")")
[ -z "${SIGN_ONLY:-}" ] || { echo "$prefix/$signature" && exit; }

curl -sS -w '\n' -X "$method" ${CACERT:+--cacert "$CACERT"} \
  "${SCHEME:-http}://$HOST$path${query:+?$query}" \
  -H "Authorization: $prefix/$signature" -H "Content-Type: $type" \
  ${body:+--data-binary "$body"} "${@:3}"
