--- Ctrl-C ends what waits, each time, and the program can go on.
--
-- Arguments: what waits, and "error" if that is what xai.on_interrupt gets.

local WAITS = {
  ["a call"] = function() client:chat(question(), silent) end,
  ["the head of a stream"] = function() client:chat(question(true), silent) end,
  ["the next event"] = function() for _ in assert(client:chat(question(true), options "stall-in-stream,3")) do end end,
  ["the text"] = function() for _ in assert(client:chat(question(true), options "stall-in-stream,3")):text() do end end,
  ["the result of a stream"] = function() assert(client:chat(question(true), options "stall-in-stream,3")):result() end,
  ["a started call"] = function() client:start("chat", question(), silent):wait() end,
  ["xai.sleep"] = function() xai.sleep(60) end,
  ["xai.run"] = function() xai.run(function() client:chat(question(), silent) end) end,
  ["xai.run that sleeps"] = function() xai.run(xai.sleep, 60) end,
  ["xai.all"] = function()
    xai.all { function() xai.sleep(60) end, function() client:chat(question(), silent) end }
  end,
  ["xai.map"] = function() xai.map({ 1, 2, 3 }, function() xai.sleep(60) end, 2) end,
  ["task:wait"] = function() xai.spawn(xai.sleep, 60):wait() end,
  ["xai.step"] = function()
    client:start("chat", question(), silent)
    while true do xai.step(60) end
  end,
  ["xai.update"] = function()
    client:start("chat", question(), silent)
    while true do xai.update(2) end
  end,
  ["a wait in a callback"] = function()
    client:start("list_models", { on_done = function() xai.sleep(60) end }):wait()
    xai.sleep(60)
  end,
}

local what, how = ...
if how == "error" then xai.on_interrupt(error) end
for _ = 1, 3 do
  press_soon()
  show(pcall(WAITS[what]))
end
show(client:get_model("grok-3").id)
