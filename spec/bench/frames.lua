--- What a game pays per frame: the time that each `xai.update(2)` takes while
-- many streams are read at once.  All answers are checked, in full.
--
--   make && lua5.4 spec/bench/frames.lua [STREAMS [EVENTS [BUDGET_MS [ROUNDS]]]]
--
-- with LUA_PATH and LUA_CPATH as `make` sets them.  One line for each way to
-- read, all rounds together, as a frame in a thousand needs a thousand of them:
-- milliseconds of CPU time (by the clock, a busy machine's other programs would
-- count), the longest by the clock, and memory per stream beyond what the user
-- keeps.  The collector of 5.4 is as the README has it for games, with short
-- steps; FRAMES_GC=incremental leaves them as long as in a program that embeds
-- Lua and says nothing, FRAMES_GC=generational is what the interpreter lua5.4
-- does by itself, FRAMES_GC=stop shows what remains without.  With
-- GLIBC_TUNABLES=glibc.malloc.mxfast=0 glibc puts together what is freed in small
-- pieces at once, not bit by bit when a frame has it do so.
-- Frames come 60 times a second; the server writes an event to each stream
-- every 50 ms, so with 1,000 streams it is 20,000 events a second.

local uv = require "luv"
local xai = require "xai"

local STREAMS = tonumber(arg[1]) or 1000
local EVENTS = tonumber(arg[2]) or 50
local BUDGET = tonumber(arg[3]) or 2
local ROUNDS = tonumber(arg[4]) or 3
local FRAMES_GC = os.getenv "FRAMES_GC"
local FRAME_NS = 1e9 / 60
local HERE = arg[0]:match "^(.*)/[^/]*$" or "."
local BUILD = HERE .. "/../../.build/bench"

local TOKENS = { " the", " quick", " brown", " fox,", " jumps\n", ' "over"', " na\195\175ve", " \195\169t\195\169" }

--- What a stream of the server says, in full.
local function expected()
  local words = {}
  for i = 1, EVENTS do words[i] = TOKENS[(i - 1) % #TOKENS + 1] end
  return table.concat(words)
end

--- Start the server in a process of its own, which ends by itself: its port.
local function serve()
  assert(os.execute(("mkdir -p %s && [ %s/server -nt %s/server.c ] || cc -O2 -o %s/server %s/server*.c"):format(
    BUILD, BUILD, HERE, BUILD, HERE)))
  local out, said = uv.new_pipe(false), ""
  local handle, pid = uv.spawn(BUILD .. "/server", { args = { "-p", "0", "-i", "30" }, stdio = { nil, out, 2 } })
  assert(handle, pid)
  out:read_start(function(_, bytes) said = said .. (bytes or "") end)
  while not said:find "\n" do uv.run "once" end
  out:close()
  handle:unref()
  return said:match "%d+"
end

local function resident()
  local file = io.open "/proc/self/statm"
  if not file then return 0 end
  local pages = file:read("*a"):match "^%d+ (%d+)"
  file:close()
  return pages * 4096
end

--- CPU time of this process, in milliseconds. (luv's getrusage would make
-- tables, and thereby pay for the collector's work within what is measured.)
local function cpu() return os.clock() * 1e3 end

local BODY = { model = "grok-4.5", messages = { { role = "user", content = "Hello!" } }, stream = true }

--- The ways to read a stream: each starts one whose words are put into `words`.
local ways = {}

function ways.callbacks(client, words, done)
  client:start("chat", BODY, {
    on_event = function(event)
      local choice = event.choices[1]
      local text = choice and choice.delta.content
      if text then words[#words + 1] = text end
    end,
    on_done = function(_, message)
      if message then error(message) end
      done()
    end,
  })
end

function ways.events(client, words, done)
  xai.spawn(function()
    local stream = assert(client:chat(BODY))
    while true do
      local event, message = stream:next()
      if not event then
        if message then error(message) end
        return done()
      end
      local choice = event.choices[1]
      local text = choice and choice.delta.content
      if text then words[#words + 1] = text end
    end
  end)
end

function ways.text(client, words, done)
  if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then return ways.events(client, words, done) end
  xai.spawn(function()
    for text in assert(client:chat(BODY)):text() do words[#words + 1] = text end
    done()
  end)
end

--- Serve frames until `is_over()`. Into `seen` go the milliseconds that each
-- update took, the longest by the clock, and the most memory in use.
local function play(is_over, seen)
  local times, next_frame = seen.times, uv.hrtime()
  while not is_over() do
    local before, used = uv.hrtime(), cpu()
    xai.update(BUDGET)
    times[#times + 1] = cpu() - used
    seen.longest = math.max(seen.longest, (uv.hrtime() - before) / 1e6)
    if #times % 20 == 0 then seen.peak = math.max(seen.peak, resident()) end
    next_frame = next_frame + FRAME_NS
    local rest = (next_frame - uv.hrtime()) / 1e6
    if rest >= 1 then uv.sleep(math.floor(rest)) elseif rest < -100 then next_frame = uv.hrtime() end
  end
end

local function at(sorted, share)
  return sorted[math.min(#sorted, math.floor(#sorted * share) + 1)]
end

local function set_collector()
  collectgarbage()
  if FRAMES_GC then
    collectgarbage(FRAMES_GC)
  elseif _VERSION == "Lua 5.4" then
    collectgarbage("incremental", 200, 8)
  end
end

--- All streams at once, from the first to the last event: how many were right,
-- and the memory that each took.
local function round(name, client, seen)
  local answers, over, right = {}, 0, 0
  set_collector()
  local before = resident()
  for i = 1, STREAMS do
    answers[i] = {}
    ways[name](client, answers[i], function() over = over + 1 end)
  end
  seen.peak = 0
  play(function() return over == STREAMS end, seen)
  for i = 1, STREAMS do
    if table.concat(answers[i]) == expected() then right = right + 1 end
  end
  local own = 16 * EVENTS -- a list of words; the words are the same strings
  return right, (seen.peak - before) / STREAMS - own
end

local function measure(name, port)
  local client = xai.new {
    api_key = "xai-bench", max_retries = 0,
    base_url = ("http://127.0.0.1:%s/b/chunks=%d,delay=50000/v1"):format(port, EVENTS),
  }
  local times, right, memory = {}, 0, 0
  local seen = { times = times, longest = 0 }
  for _ = 1, ROUNDS do
    local count, bytes = round(name, client, seen)
    right, memory = right + count, math.max(memory, bytes) -- later ones find memory in place
  end
  client:close()
  table.sort(times)
  print(("%-10s %6d of %d %8d %8.2f %8.2f %8.2f %8.2f %8.2f %9.1f"):format(name, right, ROUNDS * STREAMS, #times,
    at(times, 0.5), at(times, 0.99), at(times, 0.999), times[#times], seen.longest, memory / 1024))
  return right == ROUNDS * STREAMS
end

xai.on_error = function(_, trace) error(trace, 0) end
local version = rawget(_G, "jit") and "LuaJIT" or _VERSION
print(("%s: xai.update(%g), %d streams of %d events"):format(version, BUDGET, STREAMS, EVENTS))
print "way             right   frames      p50      p99    p99.9      max    clock  KB/stream"
local fine = true
for _, name in ipairs { "callbacks", "events", "text" } do fine = measure(name, serve()) and fine end
os.exit(fine and 0 or 1)
