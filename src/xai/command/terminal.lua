--- What the command writes: the answer on stdout, everything else on stderr.

local core = require "xai.core"

local error, select, tostring = error, select, tostring
local getenv, stderr, stdin, stdout = os.getenv, io.stderr, io.stdin, io.stdout
local string_byte, string_char, string_format = string.byte, string.char, string.format
local string_gsub, string_sub = string.gsub, string.sub

local terminal = {}

-- A descriptor that the command was started without must not be given to a connection,
-- which would get what is written to stdout or stderr.
local open, placeholders = io.open, {}
for i = 1, 3 do placeholders[i] = open("/dev/null", "rb") end
terminal.placeholders = placeholders -- they stay open

local DIM, PLAIN = "\27[2m", "\27[0m"

terminal.stdin_is_one = core.isatty(0)
terminal.stdout_is_one = core.isatty(1)
terminal.stderr_is_one = core.isatty(2)

--- The columns of the terminal behind stdout; nil where there is none, or it does not tell.
function terminal.columns()
  return (select(2, core.isatty(1)))
end

--- May text be dimmed?  See no-color.org.
local function has_styles()
  return terminal.stderr_is_one and (getenv "NO_COLOR" or "") == "" and getenv "TERM" ~= "dumb"
end

local function mark_of(control)
  local code = string_byte(control, -1)
  return code < 32 and "^" .. string_char(code + 64) or code == 127 and "^?" or string_format("\\x%02x", code)
end

--- A text that commands no terminal: control characters are shown, but for tabs and
-- line ends.  A model's text could else move the cursor, or set the clipboard.
function terminal.harmless(text)
  text = string_gsub(text, "[%z\1-\8\11-\31\127]", mark_of)
  return (string_gsub(text, "\194[\128-\159]", mark_of))
end

--- Raised where stdout cannot be written.  The command ends with code 1.
terminal.BROKEN = {}

--- Write to stdout, or to stderr, which may be closed without harm to the answer.
local function write(file, text)
  local ok, reason = file:write(text)
  if ok then ok, reason = file:flush() end
  if file == stderr then return end
  if not ok then
    terminal.BROKEN.reason = tostring(reason)
    error(terminal.BROKEN, 0)
  end
end

local last_byte = "\n" -- of the answer on stdout
local thinking = false -- is reasoning open on stderr?
local last_thought -- the last byte of it

--- End the reasoning on stderr, so that the next text begins a line.
function terminal.end_reasoning()
  if not thinking then return end
  thinking = false
  local text = (has_styles() and PLAIN or "") .. (last_thought == "\n" and "" or "\n")
  if text ~= "" then write(stderr, text) end
end

--- Write a piece of the answer.
function terminal.answer(text)
  if text == "" then return end
  terminal.end_reasoning()
  write(stdout, terminal.stdout_is_one and terminal.harmless(text) or text)
  last_byte = string_sub(text, -1)
end

--- End the answer's last line.
function terminal.end_answer()
  terminal.end_reasoning()
  if last_byte ~= "\n" then
    write(stdout, "\n")
    last_byte = "\n"
  end
end

--- Write a piece of reasoning, dimmed where stderr is a terminal.
function terminal.reasoning(text)
  if text == "" then return end
  if terminal.stderr_is_one then text = terminal.harmless(text) end
  if not thinking then
    if last_byte ~= "\n" and terminal.stdout_is_one then terminal.end_answer() end
    thinking = true
    if has_styles() then text = DIM .. text end
  end
  last_thought = string_sub(text, -1)
  write(stderr, text)
end

--- Write a line for people to stderr.
function terminal.note(text)
  terminal.end_answer()
  if terminal.stderr_is_one then text = terminal.harmless(text) end
  write(stderr, has_styles() and DIM .. text .. PLAIN .. "\n" or text .. "\n")
end

--- Write what went wrong to stderr.
function terminal.complain(text)
  terminal.end_answer()
  if terminal.stderr_is_one then text = terminal.harmless(text) end
  write(stderr, "xai: " .. text .. "\n")
end

--- End a line that was typed at a prompt and not ended.
function terminal.end_prompt()
  write(stderr, "\n")
end

--- What is piped in, or nil where stdin is a terminal.
function terminal.piped()
  if terminal.stdin_is_one then return nil end
  return stdin:read "*a" or ""
end

return terminal
