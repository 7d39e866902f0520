--- heartbeat.lua - how late is a loop's 1 ms timer while calls are under way?
--
--   spec/bench/heartbeat                 luv on Lua 5.4, on LuaJIT, and headless Neovim
--   lua5.4 spec/bench/heartbeat.lua URL  this host only, with a stand-in server there
--
-- Two phases of the same length: nothing under way, then 50 streams that are
-- started anew as they end, a host that never answers (192.0.2.1, RFC 5737)
-- and a name whose lookup takes 3 s (slow_names.c, preloaded).  In Neovim each
-- event is also written into a buffer.

local vim = rawget(_G, "vim")
local uv = vim and (vim.uv or vim.loop) or require "luv"
local xai = require "xai"

local SECONDS, STREAMS = tonumber(os.getenv "HEARTBEAT_SECONDS") or 5, 50
local HELLO = { { role = "user", content = "What is Lua?" } }

local url = os.getenv "XAI_BASE_URL" or arg and arg[1]
local client = xai.new { api_key = "xai-bench", base_url = url, max_retries = 0 }
local counts = { events = 0, streams = 0, failed = 0 }
local running = true

require("xai.uv").attach()

local function write_down(event)
  if not vim then return end
  local words = event.choices[1] and event.choices[1].delta.content or ""
  vim.api.nvim_buf_set_lines(0, -1, -1, false, vim.split(words, "\n"))
  if vim.api.nvim_buf_line_count(0) > 1000 then vim.api.nvim_buf_set_lines(0, 0, -1, false, {}) end
end

local function start()
  client:start("chat", { model = "grok-4.5", messages = HELLO, stream = true }, {
    on_event = function(event)
      counts.events = counts.events + 1
      write_down(event)
    end,
    on_done = function(result)
      local key = result and "streams" or "failed"
      counts[key] = counts[key] + 1
      if running then start() end
    end,
  })
end

local strays = {}

local function stray(base_url)
  local other = xai.new { api_key = "xai-bench", base_url = base_url, max_retries = 0, allow_http = true }
  strays[#strays + 1] = other:start("list_models", { connect_timeout = 60 })
end

local function percentile(list, share)
  return list[math.max(1, math.ceil(#list * share))]
end

--- The times between ticks of a 1 ms timer, in ms, over SECONDS, and the CPU
-- time that this process used in each; then call on.
local function measure(on)
  local gaps, used, timer = {}, {}, uv.new_timer()
  local last, clock = uv.hrtime(), os.clock()
  local stop = last + SECONDS * 1e9
  timer:start(1, 1, function()
    local now, now_clock = uv.hrtime(), os.clock()
    gaps[#gaps + 1], used[#used + 1] = (now - last) / 1e6, (now_clock - clock) * 1e3
    last, clock = now, now_clock
    if now < stop then return end
    timer:stop()
    timer:close()
    table.sort(gaps)
    table.sort(used)
    on(gaps, used)
  end)
end

local function report(what, gaps, used)
  local line = "  %-8s %6d ticks  gap p50 %5.2f  p99 %5.2f  p99.9 %5.2f  worst %5.2f; CPU p99 %5.2f  worst %5.2f ms\n"
  io.stdout:write(line:format(what, #gaps, percentile(gaps, 0.5), percentile(gaps, 0.99), percentile(gaps, 0.999),
    gaps[#gaps], percentile(used, 0.99), used[#used]))
end

local finished

measure(function(idle, idle_used)
  report("idle", idle, idle_used)
  for _ = 1, STREAMS do start() end
  stray "http://192.0.2.1:9"
  stray "http://slow.invalid:9"
  measure(function(busy, used)
    running = false
    for _, call in ipairs(strays) do call:cancel() end
    report("busy", busy, used)
    io.stdout:write(("  worst gap busy - idle: %+.2f ms; %d events, %d streams whole, %d failed\n"):format(
      busy[#busy] - idle[#idle], counts.events, counts.streams, counts.failed))
    client:close()
    finished = true
  end)
end)

if vim then
  vim.wait(4000 * SECONDS + 10000, function() return finished end)
else
  uv.run()
end
