--- nvim.lua - programs within headless Neovims, each a process of its own, for specs.

local programs = require "spec.support.programs"
local standin = require "spec.support.server"

local M = {}

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local PRELUDE = slurp "spec/support/uv_prelude.lua" .. slurp "spec/support/nvim_prelude.lua"

--- Is there a Neovim that loads what is tested?  Its LuaJIT loads what was built for Lua 5.1.
function M.is_here()
  return _VERSION == "Lua 5.1" and programs.has "nvim"
end

local server

--- The stand-in server that the programs talk to.
function M.open() server = standin.spawn { pace = 0 } end

function M.close() server.close() end

--- What Neovim says that runs this program, and nothing before it, and leaves; `environment`
-- has more variables for it.
function M.run_alone(code, environment)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(code)
  file:close()
  local all = {
    XAI_BASE_URL = server.url, XAI_API_KEY = "xai-spec", XAI_DEBUG = false, XDG_CONFIG_HOME = "/nonexistent",
  }
  for name, value in pairs(environment or {}) do all[name] = value end
  local command = ("timeout -s KILL 60 nvim --headless -u NONE -i NONE -c 'luafile %s' -c 'qall!'"):format(path)
  local said = programs.output(programs.with(all, command))
  os.remove(path)
  return (said:gsub("\r", ""))
end

--- The same behind the usual prelude; `attach` is the line that attaches to Neovim's loop.
function M.run(code, attach)
  return M.run_alone(PRELUDE .. 'client:request { method = "POST", path = "/_/reset" }\n'
    .. (attach or 'local handle = require("xai.uv").attach() -- luacheck: ignore\n') .. code)
end

--- It says exactly this, and no function was refused in a fast event.
function M.says(expected, code, attach)
  local said = M.run(code, attach)
  assert(not said:find("E5560", 1, true), said)
  if said ~= expected then error(("expected:\n%s\ngot:\n%s"):format(expected, said), 2) end
end

--- Where the compiled part is that the specs run on.
function M.find_core()
  for template in package.cpath:gmatch "[^;]+" do
    local name = template:gsub("%?", "xai/core")
    local file = io.open(name, "rb")
    if file then
      file:close()
      return name
    end
  end
end

return M
