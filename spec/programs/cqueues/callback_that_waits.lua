--- xai.cqueues: blocks in a callback that waits.

local loop = cqueues.new()
loop:wrap(function()
  client:start("list_models", { on_done = function() print(read() == TEXT) end })
end)
print(loop:loop())
