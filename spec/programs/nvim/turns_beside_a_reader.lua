--- Neovim: the editor has its turns while somebody reads slowly what is here already.
--
-- The argument tells who reads.  A frame's callback lets it have them later.

local ticks, timer, count, outcome = 0, uv.new_timer(), nil, nil

attach()
local stream = assert(client:chat(question(true)))
pass(50)

local function go()
  if count then return end
  count = 0
  timer:start(0, 5, vim.schedule_wrap(function() ticks = ticks + 1 end))
  for _ in stream do
    count = count + 1
    local over = core.now() + 0.03
    repeat until core.now() > over
  end
  timer:stop()
  outcome = { count, ticks >= 3 }
end

local readers = {
  ["somebody"] = go,
  ["a callback"] = function() client:start("get_model", "grok-3", { on_done = go }) end,
  ["a task that cannot yield"] = function() xai.spawn(function() table.sort({ 1, 2 }, go) end) end,
  ["a frame's callback"] = function()
    client:start("get_model", "grok-3", { on_done = go })
    while not outcome do xai.update(1) end
  end,
}

readers[...]()
vim.wait(5000, function() return outcome end, 5)
print(unpack(outcome))
