--- Ctrl-C ends client:wait in a pause and while it asks; the error tells that it may go on.

local body = question()
body.deferred = true
local id = assert(client:chat(body)).request_id

local function try(opts)
  press_soon()
  local ok, err = pcall(client.wait, client, "get_deferred", id, opts)
  print(ok, err.kind, err.message, err.id == id, err.resumable, err.asked)
end

try { every = 60 }
try(silent)
print(client:wait("get_deferred", id, { every = 0.01 }).choices[1].message.content)
