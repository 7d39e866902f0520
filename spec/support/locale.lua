--- locale.lua - a locale with a decimal comma, whatever the machine has.
--
-- `localedef` (Debian: libc-bin, always there) makes it of the few lines below; nothing is
-- installed.  Only its LC_NUMERIC is used.

local uv = require("luv")
local programs = require("spec.support.programs")

local M = { NAME = "comma" }

local SOURCE = [[
comment_char %%
escape_char /
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3;3
END LC_NUMERIC
]]

--- Make one in a folder of its own.  Gives { environment = for child processes, remove() }, or
-- nil and why it cannot be.
function M.make()
  if not programs.has("localedef") then return nil, "localedef is not installed" end
  local dir = os.tmpname()
  os.remove(dir)
  assert(uv.fs_mkdir(dir, 448)) -- 0700
  local file = assert(io.open(dir .. "/source", "w"))
  file:write((SOURCE:gsub("%%%%", "%%")))
  file:close()
  local said = programs.output(("localedef -c -i %s/source -f ANSI_X3.4-1968 %s/%s"):format(dir, dir, M.NAME))
  local function remove() programs.output("rm -r " .. dir) end
  if not uv.fs_access(dir .. "/" .. M.NAME .. "/LC_NUMERIC", "R") then
    remove()
    return nil, "localedef made no locale: " .. said
  end
  -- The C library keeps what it reads of LOCPATH; that is no leak of ours.
  return { environment = { LOCPATH = dir, ASAN_OPTIONS = "detect_leaks=0" }, remove = remove }
end

return M
