--- xai.copas: answers all at the same time.

local answered = 0
for _ = 1, 10 do
  copas.addthread(function()
    assert(client:chat(question(), options "late-head,100"))
    answered = answered + 1
  end)
end
run()
local log = assert(client:request { path = "/_/requests" })
print(log[10].at_ms - log[1].at_ms < 100)
