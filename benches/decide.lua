-- wrk: POST /v1/decide for people of the demo shop, one of CUSTOMERS at random. The same request goes to nginx `return 200`.
local customers = tonumber(os.getenv("BENCH_CUSTOMERS") or "100000")
local key = os.getenv("BENCH_SERVER_KEY") or ""
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key }
local seed = 0
function setup(thread) thread:set("seed", seed); seed = seed + 1 end
function init() math.randomseed(seed + 42) end
function request()
  local body = string.format('{"customer":{"userId":"c-%06d","anonymousId":"anon-%06d"},"channel":"web","placements":["home"],"context":{"page":"/","language":"de"}}', math.random(customers), math.random(customers))
  return wrk.format("POST", "/v1/decide", headers, body)
end
local bad = 0
function response(status) if status ~= 200 then bad = bad + 1 end end
function done(summary, latency)
  io.write(string.format('{"requests":%d,"seconds":%.3f,"requests_s":%.0f,"p50_us":%d,"p99_us":%d,"errors":%d}\n', summary.requests, summary.duration / 1e6,
    summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
