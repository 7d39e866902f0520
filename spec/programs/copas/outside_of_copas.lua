--- xai.copas: blocks outside of copas, in callbacks, and in coroutines that copas does not run.

print(read() == TEXT)
local function inner()
  print(coroutine.wrap(function() return read() == TEXT end)())
end
inner()
copas.addthread(function()
  inner()
  client:start("list_models", { on_done = function()
    print(read() == TEXT)
  end })
end)
run()
