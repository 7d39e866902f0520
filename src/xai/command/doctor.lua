--- `xai doctor`: is everything here that is needed?

local conversations = require "xai.command.conversations"
local core = require "xai.core"
local health = require "xai.health"
local terminal = require "xai.command.terminal"

local ipairs = ipairs
local getenv = os.getenv
local string_find, string_gsub = string.find, string.gsub

local doctor = {}

doctor.options = {}

--- A reporter for xai.health that writes lines, and counts what is wrong.
local function new_report()
  local report = { problems = 0, is_interrupted = false }
  local function line(mark, text, advice)
    terminal.answer(mark .. text .. "\n")
    for _, help in ipairs(advice or {}) do terminal.answer("       " .. help .. "\n") end
  end
  function report.start() end -- a heading
  function report.ok(text) line("ok     ", text) end
  function report.info(text) line("       ", text) end
  function report.warn(text, advice)
    report.problems = report.problems + 1
    report.is_interrupted = report.is_interrupted or string_find(text, "cancelled: interrupted", 1, true) ~= nil
    line("wrong  ", text, advice)
  end
  report.error = report.warn
  return report
end

--- An address without a name and a password in it.
local function without_password(url)
  return (string_gsub(url, "//[^/@]*@", "//"))
end

local function check_environment(report)
  for _, name in ipairs { "XAI_BASE_URL", "XAI_MODEL", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY" } do
    local value = getenv(name)
    if value and value ~= "" then report.info(name .. " is " .. without_password(value)) end
  end
end

local function check_folder(report)
  local folder = conversations.folder()
  if not folder then
    return report.warn("conversations are not saved: neither XDG_STATE_HOME nor HOME is set")
  end
  local ok, reason = core.private_folder(folder)
  if ok then
    report.ok("conversations are in " .. folder)
  else
    report.warn("conversations are not saved: " .. folder .. ": " .. reason)
  end
end

--- Run `xai doctor`.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function doctor.run(options)
  if options[1] then return nil, "doctor takes no argument", "usage" end
  local report = new_report()
  health.report(report)
  if report.is_interrupted then return nil, "interrupted", { kind = "cancelled" } end
  check_environment(report)
  check_folder(report)
  if report.problems == 0 then return true end
  return nil, report.problems == 1 and "one thing is wrong" or report.problems .. " things are wrong"
end

return doctor
