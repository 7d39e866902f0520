--- bulk.lua - a bulk job in tasks of any host, with a file, beside whatever else goes on.

local function ask(item)
  local fault = item % 4 == 0 and "status,400" or item % 3 == 0 and "late-head,20" or "late-head,1"
  local answer, message, info = client:chat(question(), options(fault))
  return answer and xai.text(answer), message, info
end

--- Two jobs on one file, in a task: the second tries again what failed.
return function()
  local path, here, peak = os.tmpname(), 0, 0
  local list = {}
  for i = 1, 12 do list[i] = i end
  local function counted(item)
    here = here + 1
    peak = math.max(peak, here)
    local value, message, info = ask(item)
    here = here - 1
    return value, message, info
  end
  local first = xai.bulk(list, counted, { file = path, at_once = 3 })
  print(first.done, first.failed, first.skipped, peak)
  local i = 0
  local second = xai.bulk(function()
    i = i + 1
    return list[i]
  end, function(item) return item end, { file = path })
  print(second.done, second.failed, second.skipped)
  local lines, texts = 0, 0
  for line in io.lines(path) do
    lines = lines + 1
    if xai.decode(line).value == TEXT then texts = texts + 1 end
  end
  print(lines, texts)
  os.remove(path)
end
