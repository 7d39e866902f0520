--- terminal.lua - run a command and draw what it printed, as an SVG that plays at the same speed.
--
--   lua5.4 spec/support/terminal.lua 'make demo' > examples/pictures/demo.svg
--
-- Where pictures do not move, the end of the run is seen.  The command has a terminal where `script` is
-- installed; what it dims is dimmed.

local uv = require "luv"

local COLUMNS, WIDTH, HEIGHT, MARGIN = 100, 8.4, 20, 16

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Run a command: what it wrote, piece by piece, each with its time in seconds.
local function record(command)
  local out, pieces, start = uv.new_pipe(false), {}, uv.hrtime()
  local handle
  local words = quote(command)
  local on_terminal = "command -v script >/dev/null && exec script -qec " .. words .. " /dev/null </dev/null"
    .. "; exec sh -c " .. words .. " 2>&1"
  handle = assert(uv.spawn("sh", { args = { "-c", on_terminal }, stdio = { nil, out, 2 } }, function(code)
    handle:close()
    assert(code == 0, "the command failed")
  end))
  out:read_start(function(_, bytes)
    if not bytes then return out:close() end
    pieces[#pieces + 1] = { text = bytes, at = (uv.hrtime() - start) / 1e9 }
  end)
  uv.run()
  return pieces
end

local function length(text)
  local _, followers = text:gsub("[\128-\191]", "")
  return #text - followers
end

--- The pieces without carriage returns, cut where dimming begins and ends.
local function styled(pieces)
  local list, dim = {}, false
  for _, piece in ipairs(pieces) do
    for text, style in (piece.text:gsub("\r", "") .. "\27[m"):gmatch "(.-)\27%[(%d*)m" do
      if text ~= "" then list[#list + 1] = { text = text, at = piece.at, dim = dim } end
      if style == "2" then dim = true elseif style == "0" then dim = false end
    end
  end
  return list
end

--- Pieces cut at line ends and at the right edge, each with its row and column.
local function lay_out(pieces)
  local cells, row, column = {}, 0, 0
  for _, piece in ipairs(pieces) do
    for text, line_end in piece.text:gmatch "([^\n]*)(\n?)" do
      if column > 0 and column + length(text) > COLUMNS then row, column = row + 1, 0 end
      if text:find "%S" then
        cells[#cells + 1] = { text = text, at = piece.at, dim = piece.dim, row = row, column = column }
      end
      column = column + length(text)
      if line_end ~= "" then row, column = row + 1, 0 end
    end
  end
  return cells, row
end

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

--- A piece of text, hidden until its time has come.
local function draw(cell)
  local blanks, text = cell.text:match "^(%s*)(.-)%s*$"
  local dim = cell.dim and ' fill="#7b8494"' or ""
  return ('<text x="%.1f" y="%d" textLength="%.1f"%s>%s%s</text>'):format(MARGIN + (cell.column + #blanks) * WIDTH,
    MARGIN + 34 + cell.row * HEIGHT, length(text) * WIDTH, dim, text:gsub("[&<>]", ESCAPES),
    cell.at > 0 and ('<set attributeName="visibility" to="hidden" begin="0s" dur="%.2fs"/>'):format(cell.at) or "")
end

local FRAME = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" xml:space="preserve" font-size="14"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" fill="#d8dee9">
<title>%s</title>
<rect width="100%%" height="100%%" rx="8" fill="#1d2129"/>
<g fill="#4c566a"><circle cx="18" cy="16" r="5"/><circle cx="36" cy="16" r="5"/><circle cx="54" cy="16" r="5"/></g>
%s
</svg>
]]

local function picture(command, pieces)
  table.insert(pieces, 1, { text = "$ " .. command .. "\n", at = 0 })
  local cells, rows = lay_out(styled(pieces))
  local drawn = {}
  for i, cell in ipairs(cells) do drawn[i] = draw(cell) end
  return FRAME:format(2 * MARGIN + COLUMNS * WIDTH, 2 * MARGIN + 24 + rows * HEIGHT, command,
    table.concat(drawn, "\n"))
end

io.write(picture(arg[1], record(arg[1])))
