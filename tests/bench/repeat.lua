-- wrk script: the same 20 requests of BATCH alerts each, again and again.
local batch = tonumber(os.getenv("BATCH") or "1")
local reqs, i = {}, 0
function init()
  for k = 1, 20 do
    local t = {}
    for j = 1, batch do
      t[j] = string.format('{"labels":{"alertname":"Repeat%d","severity":"warning","instance":"r%d-%d.eu-west-1.example.net:9100","job":"node","cluster":"prod","team":"infra"},"annotations":{"summary":"CPU above 90 %% for 5 minutes","runbook_url":"https://runbooks.example.net/HighCPU"},"startsAt":"2026-11-21T08:00:00.123Z","generatorURL":"http://prometheus.example.net:9090/graph?g0.expr=node_load1"}', j % 4, k, j)
    end
    reqs[k] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, "[" .. table.concat(t, ",") .. "]")
  end
end
function request() i = i % 20 + 1; return reqs[i] end
function done(s, l, r)
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n", s.requests / (s.duration / 1e6) * batch, l:percentile(50) / 1e3, l:percentile(99) / 1e3, s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout))
end
