--- Lines that somebody types, with history and editing where lua-readline is installed.

local core = require "xai.core"
local terminal = require "xai.command.terminal"

local pcall, require, type = pcall, require, type
local stderr, stdin = io.stderr, io.stdin
local string_find, string_match, string_sub = string.find, string.match, string.sub

local lines = {}

local PROMPT, MORE = "> ", "… "
local SLICE = 0.5 -- seconds; an interrupt is noticed after these where it wakes nobody

local readline -- the module, false where there is none

local function editor()
  if readline ~= nil then return readline end
  readline = false
  if not (terminal.stdin_is_one and terminal.stdout_is_one) then return false end
  local found, module = pcall(require, "readline")
  if found and type(module) == "table" and type(module.handler_install) == "function" then
    if module.set_options then pcall(module.set_options, { histfile = "" }) end
    readline = module
  end
  return readline
end

--- Wait until something was typed.  False where Ctrl-C came first.
local function await_input()
  while true do
    local comes = core.wait_readable(0, SLICE)
    if core.interrupted(true) then return false end
    if comes then return true end
  end
end

--- A line that is edited; nil at the end of the input; false after Ctrl-C.
--
-- While readline has the terminal, its own handler of SIGINT waits for another key before
-- it does anything.  So the library's handler is put above that one.  After Ctrl-C readline
-- keeps the terminal until the next line, which drops what was typed: to remove its
-- handlers then crashes lua-readline 3.2.
local function edit(prompt)
  local text, is_whole
  core.listen(false)
  readline.handler_install(prompt, function(line)
    text, is_whole = line, true
    readline.handler_remove()
  end)
  core.listen(true)
  repeat
    local comes = await_input()
    if comes then readline.read_char() end
  until is_whole or not comes
  if not is_whole then return false end
  core.listen(false)
  core.listen(true)
  if text and string_find(text, "%S") then readline.add_history(text) end
  return text
end

--- A line; nil at the end of the input; false after Ctrl-C.
local function read(prompt)
  if editor() then return edit(prompt) end
  if terminal.stdin_is_one then
    stderr:write(prompt)
    stderr:flush()
    if not await_input() then return false end
  end
  return stdin:read "*l"
end

--- What somebody types next.  A line that ends in a backslash goes on in the next one.
-- @return the text; nil at the end of the input; false after Ctrl-C
function lines.next()
  local text = read(PROMPT)
  while text and string_match(text, "\\$") do
    local more = read(MORE)
    if more == false then return false end
    if more == nil then return string_sub(text, 1, -2) end
    text = string_sub(text, 1, -2) .. "\n" .. more
  end
  return text
end

return lines
