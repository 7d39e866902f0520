--- xai.cqueues: blocks outside of loops, and in coroutines that no loop resumed, as before.

print(read() == TEXT)
local function outside()
  local co = coroutine.wrap(function() return read() == TEXT end)
  print(co())
end
outside()
local loop = cqueues.new()
loop:wrap(outside)
assert(loop:loop())
