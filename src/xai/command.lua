--- The command `xai`: Grok for people who write no Lua.

local terminal = require "xai.command.terminal"
local arguments = require "xai.command.arguments"
local xai = require "xai"

local pcall, require, rawget, tostring, type = pcall, require, rawget, tostring, type
local stderr, string_find, string_gsub = io.stderr, string.find, string.gsub

local USAGE = [[
usage: xai [OPTIONS] PROMPT       ask; what is piped in is added to the prompt
       xai chat [OPTIONS]         a conversation, line by line
       xai models                 the models, and what they cost
       xai image PROMPT -o FILE   a picture from words
       xai tokens [TEXT]          how many tokens a text has
       xai doctor                 is everything here that is needed?

  -m, --model MODEL      the model; else XAI_MODEL, else the service's latest
  -s, --system TEXT      what the model should know or be
  -c, --continue         go on with the last conversation
  -a, --attach PICTURE   a file or a URL, several times if need be
      --schema FILE      the answer as JSON that fits the JSON schema in FILE
      --json             the whole answer as the service sent it, as JSON
  -n, --no-stream        show the answer when it is whole
  -R, --no-reasoning     do not show what the model thinks
  -v, --verbose          tell what the answer cost
  -h, --help             this text
      --version          the version

The key is in XAI_API_KEY (https://console.x.ai).  A prompt that begins with a
dash, or is one word that is a command, stands behind "--".  The answer goes to
stdout, everything else to stderr.  Exit codes: 0, 1 failed, 2 wrong command
line, 130 interrupted.
]]

local COMMANDS = { chat = true, models = true, image = true, tokens = true, doctor = true }

local FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

--- Ctrl-C was pressed.  A shell's prompt then begins a line.
local function interrupted()
  terminal.end_reasoning() -- stderr may be a terminal where stdout is none
  if terminal.stdout_is_one then terminal.end_answer() end
  return INTERRUPTED
end

local function add_common(options)
  local all = { { short = "-h", long = "--help", field = "help" }, { long = "--version", field = "version" } }
  for i = 1, #options do all[#all + 1] = options[i] end
  return all
end

--- The command and its words.
local function split(words)
  if COMMANDS[words[1]] then
    local rest = {}
    for i = 2, #words do rest[i - 1] = words[i] end
    return words[1], rest
  end
  return "ask", words
end

local function refuse(problem)
  terminal.complain(problem .. "\ntry: xai --help")
  return WRONG_USAGE
end

--- Tell of a failure.  Returns the exit code.
local function fail(message, info)
  if info == "usage" then return refuse(message) end
  if type(info) == "table" and info.kind == "cancelled" then return interrupted() end
  terminal.complain(message)
  return FAILED
end

local function run(words)
  local name, rest = split(words)
  local command = require("xai.command." .. name)
  local options, problem = arguments.read(rest, add_common(command.options))
  if not options then return refuse(problem) end
  if options.help then
    terminal.answer(USAGE)
  elseif options.version then
    terminal.answer("lua-xai " .. xai.version .. "\n")
  else
    local ok, message, info = command.run(options)
    if not ok then return fail(message, info) end
  end
  return 0
end

--- An error that was raised, as the exit code.
local function recover(err)
  if err == terminal.BROKEN then -- nobody reads the answer, or the disk is full
    pcall(function() stderr:write("xai: cannot write: ", tostring(err.reason), "\n") end)
    return FAILED
  end
  if type(err) == "table" and rawget(err, "kind") then return fail(tostring(rawget(err, "message")), err) end
  local text = tostring(err)
  if string_find(text, "interrupted!", 1, true) then return interrupted() end
  text = string_gsub(text, "^[^\n]-:%d+: ", "")
  return fail((string_gsub(text, "^%a+[:.][%a_]+: ", ""))) -- which function of the library it was
end

--- Run the command with the words of its command line.
-- @return the exit code
return function(words)
  local ok, code = pcall(run, words)
  if ok then return code end
  local told, second = pcall(recover, code)
  return told and second or FAILED
end
