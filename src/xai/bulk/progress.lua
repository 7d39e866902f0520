--- The line on a terminal that tells how far a bulk job is.
--
--   progress.new(total)      a line, or nil where stderr is no terminal that may be written to
--   line:is_due()            ten times a second at most
--   line:show(report)        writes it anew
--   line:remove()            returns whether it was there

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"

local pcall, rawget, setmetatable, type = pcall, rawget, setmetatable, type
local math_floor = math.floor
local string_format, string_gsub, string_rep, string_reverse = string.format, string.gsub, string.rep, string.reverse
local table_concat, table_remove = table.concat, table.remove

local STDERR = 2
local PAUSE = 0.1 -- seconds between two lines
local LEAST = 0.2 -- seconds after which a rate says something
local NO_WIDTH = 80 -- columns where the system does not tell them

local Line = {}
Line.__index = Line

-- Texts -----------------------------------------------------------------------------

--- 1234567 as "1,234,567".
local function count(n)
  local digits = string_gsub(string_reverse(string_format("%d", n)), "(%d%d%d)", "%1,")
  return (string_gsub(string_reverse(digits), "^,", ""))
end

local function rate(per_second)
  if per_second < 10 then return string_format("%.1f/s", per_second) end
  return count(math_floor(per_second + 0.5)) .. "/s"
end

local function duration(seconds)
  seconds = math_floor(seconds + 0.5)
  local minutes = math_floor(seconds / 60)
  if minutes < 60 then return string_format("%d:%02d", minutes, seconds % 60) end
  return string_format("%d:%02d:%02d", math_floor(minutes / 60), minutes % 60, seconds % 60)
end

local function dollars(usd)
  return string_format(usd < 1 and "$%.4f" or "$%.2f", usd)
end

--- The parts of the line, those first that are needed most.
local function parts_of(line, report)
  local seconds = core.now() - line.began
  local ended = report.done + report.failed
  local parts = { count(report.done + report.skipped) .. (line.total and " of " .. count(line.total) or "") .. " done" }
  if report.failed > 0 then parts[#parts + 1] = count(report.failed) .. " failed" end
  if seconds < LEAST then return parts end
  if line.total and ended > 0 then
    local left = line.total - ended - report.skipped
    parts[#parts + 1] = duration(seconds / ended * (left > 0 and left or 0)) .. " left"
  end
  parts[#parts + 1] = rate(ended / seconds)
  if report.usd and report.usd > 0 then parts[#parts + 1] = dollars(report.usd) end
  return parts
end

--- The line within `columns`; the last one stays free, as terminals wrap behind it.
local function text_of(line, report, columns)
  local parts = parts_of(line, report)
  local text = table_concat(parts, ", ")
  while #text > columns - 1 and parts[2] do
    table_remove(parts)
    text = table_concat(parts, ", ")
  end
  return #text < columns and text or ""
end

-- Writing ---------------------------------------------------------------------------

local function stderr()
  local io = rawget(environment.globals, "io")
  return type(io) == "table" and rawget(io, "stderr") or nil
end

local function write(out, text) out:write(text) end

--- Write the text over the one before.
local function put(line, text)
  local blanks = string_rep(" ", line.width - #text)
  pcall(write, line.out, "\r" .. text .. blanks .. (text == "" and "\r" or ""))
  line.width = #text
end

--- Is it time to show it again?
function Line:is_due() return core.now() - self.shown >= PAUSE end

function Line:show(report)
  local _, columns = core.isatty(STDERR)
  columns = columns or NO_WIDTH
  if self.width >= columns then self.width = columns - 1 end -- the window has become narrower
  self.shown = core.now()
  put(self, text_of(self, report, columns))
end

--- Remove the line.  Returns whether there was one.
function Line:remove()
  if self.width == 0 then return false end
  put(self, "")
  return true
end

local progress = {}

function progress.new(total)
  local out = stderr()
  -- A host with a screen of its own shows lines in its own way.
  if not out or loop.adapter.report or not core.isatty(STDERR) then return nil end
  return setmetatable({ out = out, total = total, began = core.now(), shown = -PAUSE, width = 0 }, Line)
end

return progress
