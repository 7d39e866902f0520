--- run.lua - run a program of this folder.
--
--   lua5.4 spec/programs/run.lua uv/hundred_streams [ARG...]
--
-- The globals of a program are those of Lua and what its folder's host.lua makes, most of it by including
-- common.lua.  Neovim gives no arguments: there all words are in XAI_PROGRAM, separated by tabs.

local words = {}
if rawget(_G, "vim") then
  for word in os.getenv("XAI_PROGRAM"):gmatch "[^\t]+" do words[#words + 1] = word end
else
  for i, word in ipairs(arg) do words[i] = word end
end
local name = table.remove(words, 1)

local environment = setmetatable({}, { __index = _G })

--- Run a file of this folder with that environment.
local function load_file(path, ...)
  local chunk
  if rawget(_G, "setfenv") then
    chunk = setfenv(assert(loadfile(path)), environment) -- luacheck: ignore 113
  else
    chunk = assert(loadfile(path, "t", environment))
  end
  return chunk(...)
end

environment.include = load_file

load_file("spec/programs/" .. name:match "^[^/]+" .. "/host.lua")
load_file("spec/programs/" .. name .. ".lua", (table.unpack or unpack)(words)) -- luacheck: ignore 113
