--- Queues whose members are linked by their own field `next`.
--
-- A list in a table may find no memory to grow, and whoever was to be woken
-- by it would wait for ever.  Nothing here needs memory once it runs: what is
-- called here is done as a whole or, where Lua cannot even call it, not at all.

local setmetatable = setmetatable

local Chain = {}
Chain.__index = Chain

--- Append `member`, which has a field `next` and stands in no other chain.
function Chain:append(member)
  member.next = false
  if self.last then self.last.next = member else self.first = member end
  self.last = member
  self.count = self.count + 1
end

--- Take the first one out; nil when there is none.
function Chain:take()
  local member = self.first
  if not member then return nil end
  self.first, member.next = member.next, false
  if not self.first then self.last = false end
  self.count = self.count - 1
  return member
end

--- Append all of another chain, which is empty then.
function Chain:append_all(other)
  if not other.first then return end
  if self.last then self.last.next = other.first else self.first = other.first end
  self.last, self.count = other.last, self.count + other.count
  other.first, other.last, other.count = false, false, 0
end

--- An empty chain.
return function()
  return setmetatable({ first = false, last = false, count = 0 }, Chain)
end
