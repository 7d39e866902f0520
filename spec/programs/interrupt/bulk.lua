--- Ctrl-C ends a bulk job that blocks or runs as a task; its file is good and the next job goes on.

local function list(n)
  local all = {}
  for i = 1, n do all[i] = i end
  return all
end

--- Ask for an answer that does not come, from item 11 on; then have Ctrl-C pressed.
local function ask(item)
  if item <= 10 then return item end
  if item == 13 then press_soon() end
  return client:chat(question(), silent)
end

local function lines_of(path)
  local count = 0
  for line in io.lines(path) do
    assert(xai.decode(line).value)
    count = count + 1
  end
  return count
end

local function interrupted(run)
  local path = os.tmpname()
  local ok, err = pcall(run, function() return xai.bulk(list(30), ask, { file = path, at_once = 4 }) end)
  print(ok, err.kind, err.message, err.report and err.report.done, lines_of(path))
  local report = xai.bulk(list(30), function(item) return item end, { file = path })
  print(report.done, report.skipped, lines_of(path))
  os.remove(path)
end

interrupted(function(f) return f() end)
interrupted(xai.run)
xai.on_interrupt(error)
interrupted(function(f) return f() end)
