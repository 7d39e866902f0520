--- What finished calls hold is known to Lua's collector.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")

-- Many calls that are over are kept, while nothing is collected: how many bytes each has of which the
-- collector does not know.  Then they are dropped: how many of each are still there after one round of it.
local PROGRAM = [[
  local xai = require "xai"
  local client = xai.new { api_key = %q, base_url = %q, max_retries = 0 }
  local HI = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } }
  local STREAM = { model = HI.model, messages = HI.messages, stream = true }
  local function with(fault) return { headers = { ["x-fault"] = fault } } end

  local function resident()
    local file = assert(io.open "/proc/self/statm")
    local pages = file:read("*a"):match "^%%d+ (%%d+)"
    file:close()
    return tonumber(pages) * 4096
  end

  local function make() %s end

  local kept, COUNT = {}, 800
  for i = 1, COUNT * 2 do kept[i] = false end
  for i = 1, 200 do make() end -- what is needed once
  collectgarbage()
  collectgarbage "stop"
  local before, known = resident(), collectgarbage "count" * 1024
  for i = 1, COUNT do kept[2 * i - 1], kept[2 * i] = make() end
  local unknown = ((resident() - before) - (collectgarbage "count" * 1024 - known)) / COUNT
  kept = nil
  collectgarbage()
  io.write(unknown, " ", (collectgarbage "count" * 1024 - known) / COUNT)
]]

local FINISHED = {
  ["a call"] = "return client:list_models(), select(3, client:list_models())",
  ["a stream that was read"] = "local s = assert(client:chat(STREAM)) for _ in s do end return s",
  ["a stream whose text was read"] = "local s = assert(client:chat(STREAM)) for _ in s:text() do end return s",
  ["a stream whose result was read"] = "local s = assert(client:chat(STREAM)) return s, (s:result())",
  ["a raw stream"] = "local s = assert(client:chat(STREAM, { raw = true })) for _ in s do end return s",
  ["a stream that was closed"] = "local s = assert(client:chat(STREAM)) s:next() s:close() return s",
  ["a stream that broke"] =
    "local s = assert(client:chat(STREAM, with 'cut-stream,2')) return s, select(3, s:result())",
  ["a stream that told of an error"] =
    "local s = assert(client:chat(STREAM, with 'error-midway')) return s, select(3, s:result())",
  ["a failure"] = "return select(3, client:list_models(with 'status,404'))",
  ["an answer that is no JSON"] = "return select(3, client:list_models(with 'html-200'))",
  ["a started call"] = "local c = client:start('chat', HI) c:wait() return c",
  ["a started stream"] = "local c = client:start('chat', STREAM) c:wait() return c",
  ["a started call that failed"] = "local c = client:start('chat', HI, with 'status,404') c:wait() return c",
  ["a call that was cancelled"] = "local c = client:start('chat', HI) c:cancel() return c",
  ["a stream that was cancelled"] = "local c = client:start('chat', STREAM) xai.step(0.001) c:cancel() return c",
}

-- Bytes; the allocator rounds up what Lua asks for.  That of LuaJIT takes none of what was given back to the other.
local MOST = rawget(_G, "jit") and 4000 or 2300

-- What has a finalizer stays for a second round: this is little more than its own size.
local MOST_LEFT = 700

describe("of the memory that is held by", function()
  local watcher = os.getenv("LD_PRELOAD") or "" -- its own memory would count
  if not io.open("/proc/self/statm") or watcher:find("asan", 1, true) or watcher:find("vgpreload", 1, true) then
    pending("(it cannot be told here)")
    return
  end

  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  for what, code in pairs(FINISHED) do
    it(what .. " the collector knows nearly all (real use, 37)", function()
      local text = programs.code(PROGRAM:format(stages.KEY, house.server.url, code))
      local bytes, left = text:match "^(%-?[%d.]+) (%-?[%d.e-]+)$"
      assert.is_true(assert(tonumber(bytes), text) < MOST, what .. ": " .. bytes .. " bytes unknown")
      assert.is_true(tonumber(left) < MOST_LEFT, what .. ": " .. left .. " bytes left")
    end)
  end
end)

describe("when it is over", function()
  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function() assert.equal(0, house:settle()) end)

  local STREAM = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "What is Lua?" } } }

  it("a stream still has its result and its facts (real use, 37)", function()
    local client = house:new_client()
    local whole = assert(client:chat(STREAM):result())
    local stream = assert(client:chat(STREAM))
    for _ in stream do end
    local result, message, info = stream:result()
    assert.is_nil(message)
    assert.equal(whole.choices[1].message.content, result.choices[1].message.content)
    for _, facts in ipairs { info, stream:info() } do
      assert.equal(200, facts.status)
      assert.equal("text/event-stream", facts.headers["content-type"]:match("^[^;]*"))
      assert.equal("string", type(facts.request_id))
      assert.is_not_nil(facts.rate_limit)
    end
  end)

  it("a broken, closed or cancelled stream has what came, and its facts (real use, 37)", function()
    local client = house:new_client()
    local stream = assert(client:chat(STREAM, { headers = { ["x-fault"] = "cut-stream,3" } }))
    local _, _, info = stream:result()
    assert.same({ "truncated", 200 }, { info.kind, info.status })
    assert.equal("string", type(info.partial.choices[1].message.content))
    assert.equal("string", type(stream:info().headers["x-request-id"]))
    stream = assert(client:chat(STREAM))
    stream:next()
    stream:next()
    stream:close()
    _, _, info = stream:next()
    assert.equal("closed", info.kind)
    assert.equal("table", type(info.partial.choices))
    assert.equal(info.request_id, info.headers["x-request-id"])
  end)

  local METHODS = {
    "event", "text", "skip", "outcome", "info", "times", "done", "opened", "streaming", "read_log", "headers",
    "take_retry", "rotate_key", "has_surrogates",
  }

  it("what is below it can still be asked for anything (real use, 37)", function()
    local client = house:new_client()
    for _, fault in ipairs { "cut-stream,3", "error-midway", "half-json", "status,404", "error-first,bare" } do
      local stream = client:chat(STREAM, { headers = { ["x-fault"] = fault } })
      if stream then
        stream:result()
        for _ = 1, 2 do
          for _, method in ipairs(METHODS) do
            assert(stream.request[method], method)(stream.request, 0)
          end
          stream.request:cancel()
        end
      end
    end
  end)
end)
