-- wrk script: chat.postMessage into CHANNEL, each time another text. Without TOKEN: its body alone, for a server that parses nothing.
local token, channel = os.getenv("TOKEN"), os.getenv("CHANNEL")
local headers = {["Content-Type"] = "application/json; charset=utf-8"}
local n = 0
local text = string.rep("x", 150)
if token then headers["Authorization"] = "Bearer " .. token end
function request()
  n = n + 1
  return wrk.format("POST", token and "/api/chat.postMessage" or "/", headers, string.format('{"channel":"%s","text":"message %d %s"}', channel, n, text))
end
function done(s, l, r)
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n", s.requests / (s.duration / 1e6), l:percentile(50) / 1e3, l:percentile(99) / 1e3, s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout))
end
