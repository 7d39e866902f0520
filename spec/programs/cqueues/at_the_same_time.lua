--- xai.cqueues: answers all in the time of one.

local loop, answered = cqueues.new(), 0
for _ = 1, 10 do
  loop:wrap(function()
    assert(client:chat(question(), options "late-head,100"))
    answered = answered + 1
  end)
end
assert(loop:loop())
local log = assert(client:request { path = "/_/requests" })
print(answered == 10 and log[10].at_ms - log[1].at_ms < 100)
