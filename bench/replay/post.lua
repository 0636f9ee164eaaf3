-- Lets wrk post the file that LOOPBACK_BODY names.
local file = assert(io.open(os.getenv("LOOPBACK_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["content-type"] = "application/x-protobuf"
file:close()
