-- What wrk sends: every request once, to orders from a list; each thread to a replica of its own.
-- Arguments: payment or item, the list, how many of it were asked for before, and a name for this round.

local threads = 0

function setup(thread)
  local places = {}
  for host, port in string.gmatch(os.getenv("SALE_BENCH_PLACES"), "([^:,]+):(%d+)") do
    table.insert(places, wrk.lookup(host, port)[1])
  end
  thread.addr = places[threads % #places + 1]
  threads = threads + 1
  thread:set("number", threads)
  thread:set("all", #places)
end

local lines, turn = {}, 0

function init(args)
  kind, list, before, round = args[1], args[2], tonumber(args[3]), args[4]
  for line in io.lines(list) do
    table.insert(lines, line)
  end
end

local payment = [[{"eventType":"mq-pay:attempt.success","timestamp":1767598200000,"payload":{"timestamp":"2026-01-05T07:30:00Z","attempt":{"id":"%s","uid":"%s","status":"SUCCESS","amount":1000,"paymentProvider":"CASH","metadata":{"source":{"id":"%s","uid":"%s","type":"SaleOrder"}}}}}]]
local item = [[{"itemId":"variant-tra-da","quantity":1,"note":"%s"}]]

function request()
  local place = before + turn * all + number
  turn = turn + 1
  local uid = round .. "-" .. place
  local id, merchant, token = string.match(lines[(place - 1) % #lines + 1], "(%S+) (%S+) (%S+)")
  local headers = { ["content-type"] = "application/json" }
  if kind == "payment" then
    return wrk.format("POST", "/v1/api/sale/webhooks/payment", headers, string.format(payment, uid, uid, id, id))
  end
  headers["authorization"] = "Bearer " .. token
  headers["x-merchant-id"] = merchant
  return wrk.format("POST", "/v1/api/sale/sale-orders/" .. id .. "/items", headers, string.format(item, uid))
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
