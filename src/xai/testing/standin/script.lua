--- script.lua - plays an answer: a list of steps, one after the other.
--
-- The player is a connection (HTTP/1.1) or a stream of one (HTTP/2): a coroutine that sleeps on one
-- thing at a time ("input", "write", "timer", "window") until a callback of the loop wakes it.  A
-- write is awaited before the next step, so a client that stops reading stops the script as well.
--
-- The steps, which mean the same in both protocols:
--
--   head ANSWER           the whole head          open-head ANSWER    a head that goes on
--   data ANSWER, BYTES    a part of the body      more-head NAME, VALUE   with this header
--   end ANSWER            the end of the body     open-trailers ANSWER    trailers that go on
--   half-head ANSWER      a head cut in a header  more-line BYTES     with this in that header
--   interim STATUS, N     N heads of 1xx
--   write BYTES           these, as they are      pieces SIZE, MS     all that follows in pieces
--   breath                a short wait, before a break
--   wait MS               nothing for a time      again INDEX         go back to that step
--   stall                 nothing for ever        leave               close, once all is said
--   close, reset          the connection          rst CODE, goaway CODE   of HTTP/2; else as reset, close
--   goodbye               GOAWAY of HTTP/2, and go on

local M = {}

function M.wait_for(player, what)
  player.waiting = what
  return coroutine.yield()
end

--- Let a player go on that sleeps on `what`.
function M.wake(player, what, ...)
  if player.waiting ~= what then return end
  player.waiting = nil
  local ok, err = coroutine.resume(player.thread, ...)
  if ok then return end
  io.stderr:write(debug.traceback(player.thread, tostring(err)), "\n")
  player:finish()
end

function M.pause(player, ms)
  player.timer:start(ms, 0, function() M.wake(player, "timer") end)
  M.wait_for(player, "timer")
end

--- Write bytes at once.
function M.write_whole(player, bytes)
  if player.closed then return end
  player.socket:write(bytes, function(err) M.wake(player, "write", err) end)
  local err = M.wait_for(player, "write")
  local record = player.exchange and player.exchange.record
  if record then record.written = record.written + #bytes end
  if not err then return end
  player.aborted = true
  player:finish()
end

--- Write bytes, in pieces if the script asks for that.
function M.write(player, bytes)
  local pieces = player.pieces
  local size = pieces and pieces.size or #bytes
  for i = 1, #bytes, math.max(size, 1) do
    M.write_whole(player, bytes:sub(i, i + size - 1))
    if player.closed then return end
    if pieces and pieces.ms > 0 then M.pause(player, pieces.ms) end
  end
end

local STEPS = { write = M.write, wait = M.pause }

--- So that the client has read what was written before the connection breaks.
STEPS["breath"] = function(player) M.pause(player, player.service.options.breath) end
STEPS["head"] = function(player, answer) player:put_head(answer) end
STEPS["data"] = function(player, answer, bytes) player:put_data(answer, bytes) end
STEPS["end"] = function(player, answer) player:put_end(answer) end
STEPS["half-head"] = function(player, answer) player:put_half_head(answer) end
STEPS["open-head"] = function(player, answer) player:open_head(answer) end
STEPS["more-head"] = function(player, name, value) player:more_head(name, value) end
STEPS["more-line"] = function(player, bytes) player:more_line(bytes) end
STEPS["open-trailers"] = function(player, answer) player:open_trailers(answer) end
STEPS["interim"] = function(player, status, times) player:put_interim(status, times) end
STEPS["pieces"] = function(player, size, ms) player.pieces = { size = size, ms = ms } end
STEPS["stall"] = function(player) M.wait_for(player, "forever") end
STEPS["close"] = function(player) player:close() end
STEPS["goodbye"] = function(player) player:say_goodbye() end
STEPS["leave"] = function(player) player:leave() end
STEPS["reset"] = function(player) player:finish(true) end
STEPS["rst"] = function(player, code) player:reset_stream(code) end
STEPS["goaway"] = function(player, code) player:go_away(code) end
STEPS["again"] = function(player, index) player.next_step = index end

--- Play a script to its end, or until the player is closed.
function M.play(player, steps)
  player.next_step, player.pieces = 1, nil
  while steps[player.next_step] and not player.closed do
    local step = steps[player.next_step]
    player.next_step = player.next_step + 1
    STEPS[step[1]](player, step[2], step[3])
  end
end

return M
