-- wrk: POST /v1/decide for one of the people in the file BENCH_PEOPLE (a user id a line), at random. The same request goes to
-- nginx `return 200`. Bodies are made beforehand: the load generator shares the machine.
local people = {}
for line in io.lines(os.getenv("BENCH_PEOPLE")) do people[#people + 1] = line end
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("BENCH_SERVER_KEY") }
function init()
  math.randomseed(42)
end
function request()
  local who = people[math.random(#people)]
  local body = '{"customer":{"userId":"' .. who .. '"},"channel":"web","placements":["home"],"context":{"page":"/","language":"de"}}'
  return wrk.format("POST", "/v1/decide", headers, body)
end
function done(summary, latency)
  io.write(string.format('{"requests":%d,"seconds":%.3f,"requests_s":%.0f,"p50_us":%d,"p99_us":%d,"errors":%d}\n', summary.requests, summary.duration / 1e6,
    summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
