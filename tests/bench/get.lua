-- wrk script: GET, the same every time.
function done(s, l, r)
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n", s.requests / (s.duration / 1e6), l:percentile(50) / 1e3, l:percentile(99) / 1e3, s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout))
end
