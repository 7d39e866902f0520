--- xai.cqueues: gives a coroutine the errors of its calls, and a loop those of its coroutines.

local loop = cqueues.new()
loop:wrap(function()
  local lost = select(3, client:list_models(options "reset-before-head")).kind
  local refused = select(3, client:chat({ model = "grok-nonesuch", messages = question().messages })).kind
  print(lost, refused, select(3, read "cut-stream,3").kind)
end)
assert(loop:loop())
loop:wrap(function()
  local stream = assert(client:chat(question(true), options "cut-stream,3"))
  while stream() do end
end)
local ok, err = loop:loop()
print(ok or false, err.kind)
print(loop:loop())
