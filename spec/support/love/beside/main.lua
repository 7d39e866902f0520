--- In LÖVE, in frames: what a program of spec/programs does that runs in any host.  Its name is in GAME_PROGRAM; the
-- report is what it printed.

-- luacheck: globals include print love xai work_of

local ROOT = os.getenv "SPEC_ROOT" .. "/"

function include(path) return dofile(ROOT .. path) end

include "spec/programs/common.lua"

local lines, frames, is_over = {}, 0, false

function print(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  lines[#lines + 1] = table.concat(words, " ")
end

function love.load()
  local work = work_of(os.getenv "GAME_PROGRAM")
  xai.spawn(function()
    work()
    is_over = true
  end)
end

function love.update()
  xai.update(2)
  frames = frames + 1
  if not is_over then return end
  print(frames > 3)
  local file = assert(io.open(os.getenv "GAME_REPORT", "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  love.event.quit(0)
end
