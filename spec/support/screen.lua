--- screen.lua - draw what a terminal shows, as an SVG.
--
--   tmux capture-pane -p | lua5.4 spec/support/screen.lua 'Grok in Neovim' > examples/pictures/nvim.svg

local WIDTH, HEIGHT, MARGIN = 8.4, 18, 14
local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local FRAME = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" xml:space="preserve" font-size="14"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" fill="#d8dee9">
<title>%s</title>
<rect width="100%%" height="100%%" rx="8" fill="#1d2129"/>
%s
</svg>
]]

local drawn, rows, columns = {}, 0, 0
for line in io.lines() do
  local length = select(2, line:gsub("[^\128-\191]", ""))
  rows, columns = rows + 1, math.max(columns, length)
  if line:find "%S" then
    drawn[#drawn + 1] = ('<text x="%d" y="%d" textLength="%.1f">%s</text>'):format(MARGIN, MARGIN + rows * HEIGHT,
      length * WIDTH, (line:gsub("[&<>]", ESCAPES)))
  end
end
io.write(FRAME:format(2 * MARGIN + math.ceil(columns * WIDTH), 2 * MARGIN + rows * HEIGHT, arg[1] or "a terminal",
  table.concat(drawn, "\n")))
