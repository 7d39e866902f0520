--- xai.cqueues: goes on when a task fails and so does the error handler.

local loop = cqueues.new()
xai.on_error = function()
  print "told"
  error "the handler fails, too"
end
io.stderr = { write = function() end } -- luacheck: ignore 122
loop:wrap(function()
  xai.spawn(function() error "nobody waits for this" end)
  assert(read() == TEXT)
end)
print(loop:loop())
