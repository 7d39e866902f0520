--- What an answer looks like: text that grows in a buffer, its thinking folded,
-- and its progress beside it.

local state = require "grok.state"

local api = vim.api
local SPACE = api.nvim_create_namespace "grok"
local HAS_WINBAR = vim.fn.has "nvim-0.8" == 1

local RECENT = 40 -- how much of what was written is looked for again
local PATIENCE = 1000 -- how long a buffer may be 'nomodifiable' under an answer (ms)
local HINT = "(:GrokStop)" -- tells our words in a window bar from others

local M = {}

local View = {}
View.__index = View

local progress, ticks, own_bars = state.progress, state.ticks, state.own_bars

--- As much of the text as so many columns have room for, and the rest.
local function cut(text, room)
  local n = room
  repeat
    local piece = vim.fn.strcharpart(text, 0, n)
    n = n - 1
    if n == 0 or api.nvim_strwidth(piece) <= room then return piece, text:sub(#piece + 1) end
  until false
end

--- A note.  What has no room in the last line would have Neovim wait for Enter:
-- it is put among the messages piece by piece, and its beginning is shown.
function M.tell(text)
  text = "Grok: " .. text:gsub("%s+", " ")
  local room = api.nvim_list_uis()[1] and math.max(vim.v.echospace, 10) or #text
  local first, rest = cut(text, room)
  if rest ~= "" then
    local piece
    repeat
      piece, text = cut(text, room)
      api.nvim_echo({ { piece, "WarningMsg" } }, true, {})
      vim.cmd "redraw"
    until text == ""
    first = (cut(first, room - 1)) .. "…"
  end
  vim.notify(first, vim.log.levels.WARN)
end

--- The windows that show the buffer of a view.
local function windows(buffer)
  return vim.fn.win_findbuf(buffer)
end

-- ---- Progress: in the window bar, or before Neovim 0.8 behind the text ------

--- What the answers in a buffer say, or nil.
local function words_of(buffer)
  local words = vim.tbl_values(progress[buffer] or {})
  table.sort(words)
  return words[1] and " " .. table.concat(words, " | ")
end

--- Give every window the bar that is due: also one that was split from a window
-- with an answer, or that shows a buffer again whose answer is over.
local function show_bars()
  for _, window in ipairs(api.nvim_list_wins()) do
    local buffer, where = api.nvim_win_get_buf(window), { scope = "local", win = window }
    local bar, words, key = api.nvim_get_option_value("winbar", where), words_of(buffer), window .. " " .. buffer
    local is_ours = bar:find(HINT, 1, true) ~= nil
    if words and not is_ours then own_bars[key] = bar end
    local due = words or is_ours and own_bars[key] or ""
    if (words or is_ours) and due ~= bar then
      pcall(api.nvim_set_option_value, "winbar", due, where) -- there may be no room
    end
  end
end

local group = api.nvim_create_augroup("grok", { clear = true })
if HAS_WINBAR then api.nvim_create_autocmd("BufEnter", { group = group, callback = show_bars }) end

local function show_behind(view, text)
  local buffer = view.buffer
  if view.mark then api.nvim_buf_del_extmark(buffer, SPACE, view.mark) end
  local row = text and math.min(view:place() or 0, api.nvim_buf_line_count(buffer) - 1)
  view.mark = text and api.nvim_buf_set_extmark(buffer, SPACE, row, 0, { virt_text = { { text, "Comment" } } })
end

--- Without a text the view is over.
local function show_progress(view, text)
  local buffer = view.buffer
  local words = progress[buffer] or {}
  words[view] = text
  progress[buffer] = next(words) and words
  if not progress[buffer] then ticks[buffer] = nil end
  if HAS_WINBAR then show_bars() elseif api.nvim_buf_is_loaded(buffer) then show_behind(view, text) end
end

local function describe(view)
  local what = view.said > 0 and ("%d characters"):format(view.said)
    or view.thought > 0 and "thinking" or "waiting"
  return ("Grok: %s %s"):format(what, HINT)
end

-- ---- Text -------------------------------------------------------------------

--- Change the buffer, in one undo block with the change before if that was one
-- of ours, too: that of this view or of another that is under way.
local function change(buffer, f, ...)
  local args = { ... }
  api.nvim_buf_call(buffer, function()
    if ticks[buffer] == vim.b.changedtick then pcall(vim.cmd, "undojoin") end
    f(buffer, unpack(args))
    ticks[buffer] = vim.b.changedtick
  end)
end

--- Where the view's text ends: row and column, from 0; nil when the place is gone.
function View:place()
  local place = api.nvim_buf_get_extmark_by_id(self.buffer, SPACE, self.tail, {})
  return place[1], place[2]
end

--- Does what was written last still stand where the view ends?  Somebody may
-- have undone it, deleted it, or read the file anew.
function View:is_in_place()
  local row, column = self:place()
  if not row or row >= api.nvim_buf_line_count(self.buffer) then return false end
  local first = math.max(0, row - select(2, self.recent:gsub("\n", "")))
  local lines = api.nvim_buf_get_lines(self.buffer, first, row + 1, false)
  if column > #lines[#lines] then return false end
  lines[#lines] = lines[#lines]:sub(1, column)
  return self.recent == "" or table.concat(lines, "\n"):sub(-#self.recent) == self.recent
end

--- The text has no place any more: stop the answer, and say why.
function View:lose(why)
  self.lost = why
  self.stop()
end

--- Put what is due where the view ends.
function View:put()
  if self.before_text then self:before_text() end
  if self.lost then return end
  local row, column = self:place()
  local follows = vim.tbl_filter(function(window)
    return self.notes and api.nvim_win_get_cursor(window)[1] == row + 1
  end, windows(self.buffer))
  change(self.buffer, api.nvim_buf_set_text, row, column, row, column, vim.split(self.due, "\n"))
  self.recent, self.due, self.refused = (self.recent .. self.due):sub(-RECENT), "", nil
  local last = self:place()
  for _, window in ipairs(follows) do api.nvim_win_set_cursor(window, { last + 1, 0 }) end
end

--- Write what is due.  Where text cannot be changed now it stays due: an
-- <expr> mapping may wait meanwhile, which locks all text; but a buffer that is
-- 'nomodifiable' for long is meant to be.
function View:write()
  if self.lost or self.due == "" then return end
  if not self:is_in_place() then return self:lose "stopped, as its text was changed" end
  if pcall(self.put, self) or vim.bo[self.buffer].modifiable then return end
  local now = (vim.uv or vim.loop).now()
  self.refused = self.refused or now
  if now - self.refused > PATIENCE then self:lose "stopped, as the buffer cannot be changed" end
end

function View:append(text)
  self.due = self.due .. text
  self:write()
end

--- Fold the thinking, once it is over.
function View:fold()
  if not self.thinking_row then return end
  local first, last = self.thinking_row + 1, self:place()
  self.thinking_row = nil
  if not last or self.due ~= "" then return end
  for _, window in ipairs(windows(self.buffer)) do
    pcall(api.nvim_win_call, window, function()
      vim.wo.foldmethod = "manual"
      vim.cmd(("%d,%dfold"):format(first, math.max(first, last - 1))) -- lines may be gone
    end)
  end
end

--- A piece of thinking and of text came, either may be nil.
function View:add(thinking, text)
  if self.lost or not api.nvim_buf_is_loaded(self.buffer) then return end
  if thinking and thinking ~= "" then
    self.thought = self.thought + #thinking
    if self.notes then
      if not self.thinking_row then
        self.thinking_row = self:place()
        self:append "> Thinking\n> "
      end
      self:append((thinking:gsub("\n", "\n> ")))
    end
  end
  if text and text ~= "" then
    if self.thinking_row then
      self:append "\n\n"
      self:fold()
    end
    self.said = self.said + #text
    self:append(text)
  end
  if not self.lost then show_progress(self, describe(self)) end
end

--- The answer is over; `problem` says why it is not whole, if it is news.
function View:finish(problem, is_news)
  if not api.nvim_buf_is_loaded(self.buffer) then return show_progress(self, nil) end
  self:write()
  if self.due ~= "" and not self.lost then self:lose "its end could not be written" end
  self:fold()
  show_progress(self, nil)
  problem, is_news = self.lost or problem, self.lost or is_news
  if problem and self.notes then self:append(("\n\n[%s]"):format(problem:gsub("\n", " "))) end
  if self.notes then vim.b[self.buffer].grok = "over" end
  api.nvim_buf_del_extmark(self.buffer, SPACE, self.tail)
  if self.last then api.nvim_buf_del_extmark(self.buffer, SPACE, self.last) end
  if problem and is_news then M.tell(problem) end
end

local function new_view(buffer, row, column, fields)
  local view = setmetatable(fields, View)
  view.buffer, view.said, view.thought, view.recent, view.due = buffer, 0, 0, "", ""
  view.tail = api.nvim_buf_set_extmark(buffer, SPACE, row, column, {})
  return view
end

-- ---- The two kinds ----------------------------------------------------------

local function is_free(window)
  local view = vim.b[api.nvim_win_get_buf(window)]
  return view.grok == "over"
end

--- Neovim 0.12 starts a parser for markdown, which not every set-up has: that is
-- no reason to have no answer.
local function be_markdown()
  vim.cmd "silent! setlocal filetype=markdown"
end

--- A scratch buffer in a window: that of an answer that is over, or a new one.  (The
-- window comes first: where there can be none, no buffer is left behind.)
local function scratch()
  local free = vim.tbl_filter(is_free, api.nvim_tabpage_list_wins(0))[1]
  if free then api.nvim_set_current_win(free) else vim.cmd "botright vsplit" end
  local buffer = api.nvim_create_buf(true, true)
  api.nvim_buf_call(buffer, be_markdown)
  api.nvim_win_set_buf(0, buffer)
  vim.wo.wrap, vim.wo.linebreak = true, true
  return buffer
end

local function begin(prompt)
  local buffer = scratch()
  vim.b[buffer].grok = "busy"
  vim.bo[buffer].modifiable = true -- `nvim -M` would have it otherwise
  vim.bo[buffer].undolevels = -1 -- the question stays
  api.nvim_buf_set_lines(buffer, 0, 1, false, { "# " .. prompt:gsub("\n", " "), "", "" })
  vim.bo[buffer].undolevels = vim.go.undolevels
  local view = new_view(buffer, 2, 0, { notes = true })
  api.nvim_win_set_cursor(0, { 3, 0 })
  show_progress(view, describe(view))
  return view
end

--- A scratch buffer for the answer to a question.  Nil, with a note, where none can
-- be shown: in the command-line window, without room, while text is locked.
function M.answer(prompt)
  local ok, view = pcall(begin, prompt)
  if ok then return view end
  M.tell("no answer can be shown here: " .. (view:match "E%d+: .*" or view:gsub("^[^\n]-:%d+: ", "")))
end

--- The lines from `first` to `last` are replaced when the first text comes, if
-- they are still what they were.
function M.rewrite(buffer, first, last)
  local view = new_view(buffer, first - 1, 0, {})
  local before = api.nvim_buf_get_lines(buffer, first - 1, last, false)
  view.last = api.nvim_buf_set_extmark(buffer, SPACE, last - 1, 0, {})
  function view:before_text()
    local row, stop = self:place(), api.nvim_buf_get_extmark_by_id(buffer, SPACE, self.last, {})[1]
    if not (row and stop and vim.deep_equal(before, api.nvim_buf_get_lines(buffer, row, stop + 1, false))) then
      return self:lose "stopped, as the lines were changed meanwhile"
    end
    change(buffer, api.nvim_buf_set_lines, row, stop + 1, false, { "" })
    self.before_text = nil
    api.nvim_buf_set_extmark(buffer, SPACE, row, 0, { id = self.tail })
  end
  show_progress(view, describe(view))
  return view
end

return M
