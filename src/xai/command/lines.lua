--- Lines that somebody types, with history and editing where lua-readline is installed.

local core = require "xai.core"
local terminal = require "xai.command.terminal"

local pcall, require, type = pcall, require, type
local stderr, stdin = io.stderr, io.stdin
local string_match, string_sub = string.match, string.sub

local lines = {}

local PROMPT, MORE = "> ", "… "
local SLICE = 0.5 -- seconds; an interrupt is noticed after these where it wakes nobody

local readline -- the module, false where there is none

local function editor()
  if readline ~= nil then return readline end
  readline = false
  if not (terminal.stdin_is_one and terminal.stdout_is_one) then return false end
  local found, module = pcall(require, "readline")
  if found and type(module) == "table" and type(module.readline) == "function" then
    if module.set_options then pcall(module.set_options, { histfile = "", auto_add = true }) end
    readline = module
  end
  return readline
end

--- Wait until a line is there.  False where Ctrl-C came first.
local function await_line()
  while true do
    if core.interrupted(true) then return false end
    if core.wait_readable(0, SLICE) then return true end
  end
end

--- A line; nil at the end of the input; false after Ctrl-C.
local function read(prompt)
  if editor() then
    local line = editor().readline(prompt)
    core.interrupted(true) -- readline itself has served it
    return line
  end
  if terminal.stdin_is_one then
    stderr:write(prompt)
    stderr:flush()
    if not await_line() then return false end
  end
  return stdin:read "*l"
end

--- What somebody types next.  A line that ends in a backslash goes on in the next one.
-- @return the text; nil at the end of the input; false after Ctrl-C
function lines.next()
  local text = read(PROMPT)
  while text and string_match(text, "\\$") do
    local more = read(MORE)
    if not more then return more == false and false or string_sub(text, 1, -2) end
    text = string_sub(text, 1, -2) .. "\n" .. more
  end
  return text
end

return lines
