#!/usr/bin/env bash
# A client of Callkeeper with bash, openssl and curl alone, over ../call.sh:
#
#   bash client.sh CAMPAIGN
#   bash client.sh check
#
# CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK and CALLKEEPER_VDN say which server, and as whom;
# CALLKEEPER_CA names a certificate to trust. It prints one line of JSON for each step.
# With `check` it sends nothing, and signs the requests of "To check a signer" in docs/api.md.
set -euo pipefail
campaign=$1
here=$(dirname "$0")
root=/rest/isales/v1/openapi/campaigns/$CALLKEEPER_VDN
export AK=$CALLKEEPER_AK SK=$CALLKEEPER_SK CACERT=${CALLKEEPER_CA:-}
export SCHEME=${CALLKEEPER_URL%%://*} HOST=${CALLKEEPER_URL#*://}

# The server takes all eight forms. A client needs one of them, such as the shortest.
export SIGNED MILLISECONDS EMPTY_QUERY_LINE
plain() { SIGNED=host MILLISECONDS='' EMPTY_QUERY_LINE=''; }
full() { SIGNED='content-length;content-type;host' MILLISECONDS=1 EMPTY_QUERY_LINE=1; }

call() { # STEP PATH [BODY]; the answer stays in $answer
  answer=$(bash "$here/../call.sh" "$root$2" "${3:-}" -w ' %{http_code}')
  local status=${answer##* }
  answer=${answer% *}
  printf '{"step":"%s","status":%s,"answer":%s}\n' "$1" "$status" "$answer"
}
id() { sed -n 's/.*"appointId":"\([^"]*\)".*/\1/p' <<<"$answer"; }

check() {
  export SIGN_ONLY=1 TIMESTAMP
  plain
  TIMESTAMP=2025-05-15T12:00:00Z
  METHOD=GET QUERY='status=2&deviceType=0&name=回访 A+B&beginTime=' bash "$here/../call.sh" "$root"
  full
  TIMESTAMP=2025-05-15T12:00:00.123Z EMPTY_QUERY_LINE=''
  local body='{"callType":1,"calledNo":"66660001","userAccount":"ann","taskId":"1",'
  body+='"appointTime":1893578400000,"remark":"回访 A&B"}'
  bash "$here/../call.sh" "$root/appoint/create" "$body"
}
if [ "$campaign" = check ]; then
  check
  exit
fi

hour=3600000
at=$(($(date +%s) * 1000 + hour))
page='{"offset":0,"limit":10}'
wish='"userAccount":"ann","taskId":"'$campaign'"'

plain
SK="not $SK" call 'wrong signature' /appoint/list "$page"
call 'create manual' /appoint/create \
  "{$wish,\"callType\":1,\"calledNo\":\"66660001\",\"appointTime\":$at,\"remark\":\"回访 A&B\"}"
manual=$(id)
full
call 'create automatic' /appoint/create "{$wish,\"callType\":2,\"calledNo\":\"66660002\",
  \"appointTime\":$((at + hour)),\"callData\":\"{\\\"name\\\":\\\"张三\\\"}\"}"
automatic=$(id)

for SIGNED in host 'content-length;content-type;host'; do
  for MILLISECONDS in '' 1; do
    for EMPTY_QUERY_LINE in '' 1; do
      call list /appoint/list "{\"calledNo\":\"66660001\",\"userAccountList\":[\"ann\",\"bob\"],
        \"taskId\":\"$campaign\",\"beginTime\":$at,\"endTime\":$((at + hour)),
        \"offset\":0,\"limit\":10}"
    done
  done
done

full
call update /appoint/update \
  "{\"appointId\":\"$manual\",\"appointTime\":$((at + 1)),\"remark\":\"改期\"}"
plain
call 'define a business result' /addBusinessResult '{"name":"成交","code":"sold"}'
call 'update result' /appoint/updateResult \
  "{\"appointId\":\"$manual\",\"failCode\":\"00000\",\"busiResult\":\"sold\"}"
full
call delete /appoint/delete "{\"appointId\":\"$automatic\"}"

plain
METHOD=GET QUERY='name=回访 A+B&status=2&deviceType=0&beginTime=&curPage=1&rowsPerPage=10' \
  call 'query campaigns' ''
METHOD=PUT call pause "/$campaign/pause"
call 'list all' /appoint/list "$page"
