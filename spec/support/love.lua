--- love.lua - games in LÖVE, on a screen that nobody sees.

local programs = require "spec.support.programs"

local M = {}

--- Why no game can be played here, or nil.
function M.missing()
  if not rawget(_G, "jit") then return "LÖVE is LuaJIT; this is " .. _VERSION end
  for _, name in ipairs { "love", "xvfb-run", "xauth" } do
    if not programs.has(name) then return name .. " is not installed" end
  end
end

local function take(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  os.remove(path)
  return text
end

--- Play a game, a folder of this repository, with these variables: the report, which the game writes to GAME_REPORT.
-- With a pace, it has a server of its own; else XAI_BASE_URL names one.
function M.run(game, variables, pace)
  local report = os.tmpname()
  local all = { SPEC_ROOT = programs.root, GAME_REPORT = report, SDL_AUDIODRIVER = "dummy" }
  for name, value in pairs(variables) do all[name] = value end
  local command = "timeout 120 "
  if pace then command = command .. ("src/xai/testing/with-server --pace %d -- "):format(pace) end
  command = programs.with(all, command .. "xvfb-run -a -s '-screen 0 800x480x24' love " .. game)
  local output, code = programs.shell(command)
  assert(code == 0, output)
  return take(report)
end

return M
