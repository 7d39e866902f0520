--- xai.uv under luv: serves a call that blocks a callback of the loop.

attach()
local function work()
  local id = client:get_model("grok-3").id
  local _, count = read_stream(assert(client:chat(question(true))))
  print(id, count)
end
after(1, work)
client:start("get_api_key", { on_done = work })
uv.run()
