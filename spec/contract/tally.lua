-- tally.lua - counts what holds and says what does not.

local Tally = {}
Tally.__index = Tally

--- Note one promise: `problem` is nil when it holds.  Returns whether it does.
function Tally:note(label, problem)
  if problem then
    self.failed = self.failed + 1
    print("FAILED  " .. label .. ": " .. tostring(problem))
  else
    self.passed = self.passed + 1
  end
  return not problem
end

--- Note what `f(...)` returns; an error in it is a problem too.
function Tally:try(label, f, ...)
  local ok, problem = pcall(f, ...)
  if not ok then problem = "raised " .. tostring(problem) end
  return self:note(label, problem)
end

return function() return setmetatable({ passed = 0, failed = 0 }, Tally) end
