-- For wrk: send prepared requests in turn, over and over, and report as one line of JSON.
-- The file holds, for each request, a line with its length and then its bytes.

local requests = {}
local threads = {}
local at = 0
sent = 0 -- global, so that done() can ask the thread for it
prepared = 0

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for length in function() return file:read("*l") end do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  prepared = #requests
end

function request()
  at = at % #requests + 1
  sent = sent + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"failed":%d,"ran_out":%s,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests,
    summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    tostring(threads[1]:get("sent") > threads[1]:get("prepared")),
    latency:percentile(50),
    latency:percentile(99),
    latency:percentile(99.9)
  ))
end
