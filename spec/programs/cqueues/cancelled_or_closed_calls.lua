--- xai.cqueues: lets the loop end when such a call is cancelled or its client closed.

for _, how in ipairs { "cancelled", "closed" } do
  local loop, own, told = cqueues.new(), xai.new(), nil
  loop:wrap(function()
    local call = own:start("chat", question(true), options("stall-in-stream,2", {
      on_done = function(_, _, info) told = info.kind end,
    }))
    cqueues.sleep(0.05)
    if how == "closed" then own:close() else call:cancel() end
  end)
  print(told or (loop:loop() and told), loop:empty())
end
