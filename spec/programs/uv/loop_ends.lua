--- xai.uv under luv: lets the loop end after whatever ended the last call.

attach()
local function endless() return assert(client:chat(question(true), options "endless,3")) end
endless():close() uv.run() print(1)
endless() collectgarbage() collectgarbage() uv.run() print(2)
local call = client:start("chat", question(), options "stall-before-head")
after(20, function() call:cancel() end) uv.run() print(3)
client:chat(question()) uv.run() print(4)
client:start("chat", question()) while xai.active() > 0 do xai.step(1) end uv.run() print(5)
local other = xai.new { max_retries = 2 }
other:start("chat", question(), options "status,503,20")
after(100, function() other:close() end) uv.run() print(6)
