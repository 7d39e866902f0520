--- Lists of functions that wake who waits: added, taken back in any order, and
-- called once in the order in which they came, each at the cost of one step.
--
-- A list begins as an empty table.  What was taken back leaves a gap; the
-- place of a function is kept under itself.

local wakers = {}

local FEW = 8 -- so many gaps are no harm

--- Add `wake` and return what takes it back: `wake`, where it stands there once.
function wakers.add(list, wake)
  if list[wake] then
    local same = wake
    wake = function() same() end
  end
  local n = (list.n or 0) + 1
  list.gaps = list.gaps or 0
  list[wake] = n
  list[n] = wake
  list.n = n
  return wake
end

local function close_gaps(list)
  local to = 0
  for i = 1, list.n do
    local wake = list[i]
    if wake then
      to = to + 1
      list[to], list[wake] = wake, to
    end
  end
  for i = to + 1, list.n do list[i] = nil end
  list.n, list.gaps = to, 0
end

--- Take back what `add` returned.  Needs no memory.
function wakers.remove(list, wake)
  local i = list[wake]
  list[wake] = nil
  if not i or list[i] ~= wake then return end
  list[i] = false
  list.gaps = list.gaps + 1
  if list.gaps == list.n or list.gaps > FEW and list.gaps > list.n / 2 then close_gaps(list) end
end

--- Is nobody in it?
function wakers.is_empty(list)
  return (list.n or 0) == 0
end

--- Call them all.  Who was not woken for lack of memory stays in the list.
function wakers.wake(list)
  for i = 1, list.n or 0 do
    local wake = list[i]
    if wake then
      wake()
      list[i], list[wake] = false, nil
      list.gaps = list.gaps + 1
    end
  end
  if list.n then close_gaps(list) end
end

return wakers
