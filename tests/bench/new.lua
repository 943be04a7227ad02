-- wrk script: alerts never seen before. BATCH alerts a request. Those of one request have four names in turn.
local batch = tonumber(os.getenv("BATCH") or "1")
local tag = os.getenv("TAG") or "x"
local n = 0
function request()
  local t = {}
  for i = 1, batch do
    n = n + 1
    t[i] = string.format('{"labels":{"alertname":"Bench%d","severity":"warning","instance":"%s-%d.eu-west-1.example.net:9100","job":"node","cluster":"prod","team":"infra"},"annotations":{"summary":"CPU above 90 %% for 5 minutes","description":"Load is high; see the dashboard.","runbook_url":"https://runbooks.example.net/HighCPU"},"startsAt":"2026-11-21T08:00:00.123Z","generatorURL":"http://prometheus.example.net:9090/graph?g0.expr=node_load1"}', i % 4, tag, n)
  end
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, "[" .. table.concat(t, ",") .. "]")
end
function done(s, l, r)
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n", s.requests / (s.duration / 1e6) * batch, l:percentile(50) / 1e3, l:percentile(99) / 1e3, s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout))
end
