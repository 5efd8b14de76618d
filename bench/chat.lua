-- A chat request of 1 KB for wrk, and its results on one line.
local start, ending = '{"messages":[{"role":"user","content":"', '"}],"model":"bench"}'

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("PROXY_KEY")
wrk.body = start .. string.rep("x", 1024 - #start - #ending) .. ending

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, failed, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
