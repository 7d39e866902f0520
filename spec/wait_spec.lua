--- client:wait: asks again and again until something is ready.

local core = require "xai.core"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local uv = require "luv"
local xai = require "xai"

local KEY = "xai-spec-0123456789abcdef"
local ID = "c41f0b7e-2a96-4d83-9b5e-10f7a6c2d801"

local function slurp(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local NOW = { ["retry-after-ms"] = 1 }
local function answer(status, text, headers) return scripted.answer(status, headers, text) end
local function fixture(name) return answer(200, slurp(name .. ".response.json")) end

local PENDING = answer(202, "")
local HALF = answer(202, '{"status":"pending","progress":42}')
local CHAT = answer(200, '{"id":"c1","object":"chat.completion","choices":[]}')
local DONE = fixture "videos.get.done"
local BUSY = answer(503, '{"error":"busy"}', NOW)
local CUT = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"

--- Run `f(client)` in a task; pauses that `report` was told of pass at once.
local function run(answers, options, f)
  local server = scripted.start(answers)
  local all = { api_key = KEY, base_url = server.url, max_retries = 0 }
  for key, value in pairs(options or {}) do all[key] = value end
  local client = xai.new(all)
  local pauses, skipped, results = {}, 0, nil
  local function report(info) pauses[#pauses + 1] = info end
  local task = xai.spawn(function() results = { f(client, report) } end)
  while task:status() ~= "done" and task:status() ~= "failed" and task:status() ~= "cancelled" do
    uv.run "nowait"
    xai.step(0.002)
    if #pauses > skipped then
      skipped = #pauses
      core.skip_time(pauses[skipped].wait)
    end
  end
  client:close()
  server.close()
  if task:status() ~= "cancelled" then task:wait() end
  return results or { task = task }, pauses, server.requests
end

--- What client:wait gives where the server says these answers: value, message, info, the
-- pauses, the requests.
local function wait(answers, name, opts, options)
  local all = {}
  for key, value in pairs(opts or {}) do all[key] = value end
  local got, pauses, requests = run(answers, options, function(client, report)
    all.on_wait = all.on_wait or report
    return client:wait(name or "get_video", ID, all)
  end)
  return got[1], got[2], got[3], pauses, requests
end

local function line_of(request) return request:match "^(%u+ %S+) HTTP/1.1\r\n" end

describe("client:wait", function()
  after_each(function() assert.equal(0, live()) end)

  it("asks until it is ready, and returns what the function returns", function()
    for name, last in pairs { get_deferred = CHAT, get_video = DONE, get_batch = fixture "batches.get.done" } do
      local first = name == "get_batch" and fixture "batches.get.running" or PENDING
      local value, message, info, pauses, requests = wait({ first, first, last }, name)
      assert.is_nil(message)
      assert.truthy(value.id or value.video or value.batch_id)
      assert.same({ ID, 3, 200, 2, 3 }, { info.id, info.asked, info.status, #pauses, #requests })
      for i, request in ipairs(requests) do assert.equal(line_of(requests[1]), line_of(request), i) end
    end
  end)

  it("asks at once, and not again where it is ready", function()
    local value, _, info, pauses = wait({ CHAT }, "get_deferred")
    assert.same({ "c1", 1, 0 }, { value.id, info.asked, #pauses })
  end)

  describe("pauses", function()
    it("0.25 s at first, then half as long again, to 10 s, less up to a quarter", function()
      local answers = {}
      for i = 1, 14 do answers[i] = PENDING end
      answers[15] = DONE
      local _, _, _, pauses = wait(answers)
      local full = 0.25
      for i, info in ipairs(pauses) do
        assert.is_true(info.wait <= full and info.wait > full * 0.74, i .. ": " .. info.wait)
        full = math.min(full * 1.5, 10)
      end
      assert.same({ 14, 10 }, { #pauses, full })
    end)

    it("are not the same in each wait", function()
      local seen, several = nil, false
      for _ = 1, 5 do
        local _, _, _, pauses = wait { PENDING, DONE }
        several = several or seen ~= nil and pauses[1].wait ~= seen
        seen = pauses[1].wait
      end
      assert.is_true(several)
    end)

    it("are as `every` says", function()
      local _, _, _, pauses = wait({ PENDING, PENDING, PENDING, DONE }, nil, { every = 3.5 })
      for _, info in ipairs(pauses) do assert.equal(3.5, info.wait) end
      assert.equal(3, #pauses)
    end)

    it("are as the service asks, and with `every` no shorter than that", function()
      local function hinted(seconds) return answer(202, "", { ["Retry-After"] = seconds }) end
      local _, _, _, pauses = wait { hinted(7), hinted(0), DONE }
      assert.equal(7, pauses[1].wait)
      assert.is_true(pauses[2].wait > 0.2 and pauses[2].wait <= 0.375)
      _, _, _, pauses = wait({ hinted(7), hinted(1), DONE }, nil, { every = 3 })
      assert.same({ 7, 3 }, { pauses[1].wait, pauses[2].wait })
      _, _, _, pauses = wait { answer(429, "{}", { ["Retry-After"] = 200 }), DONE }
      assert.same({ 200, "rate_limit" }, { pauses[1].wait, pauses[1].kind })
    end)

    it("are told of, with what is known", function()
      local running = slurp "batches.get.running.response.json"
      local state = xai.decode(running).state
      local _, _, info, pauses = wait { PENDING, HALF, PENDING, answer(200, '{"status":"pending"}'),
        fixture "videos.get.unknown-status", DONE }
      local told = {}
      for i, one in ipairs(pauses) do
        told[i] = { one.kind, one.progress or "none", one.asked, one.status, one.id == ID }
        assert.is_true(one.elapsed >= 0)
      end
      assert.same({
        { "pending", "none", 1, 202, true }, { "pending", 42, 2, 202, true }, { "pending", 42, 3, 202, true },
        { "pending", 42, 4, 200, true }, { "pending", 0, 5, 200, true },
      }, told)
      assert.equal(0, info.progress)
      _, _, _, pauses = wait({ answer(200, running), fixture "batches.get.done" }, "get_batch")
      assert.equal(math.floor(100 * (state.num_requests - state.num_pending) / state.num_requests), pauses[1].progress)
      assert.equal("pending", pauses[1].kind)
      assert.same(state, pauses[1].result.state)
    end)
  end)

  it("goes on after lost connections, timeouts of one call, 429 and 5xx", function()
    local some = { "", BUSY, answer(500, "{}"), answer(502, "<html>"), answer(529, "{}"), answer(501, "{}"),
      answer(429, "{}"), answer(408, "{}"), CUT, scripted.stall, DONE }
    local value, _, info, pauses = wait(some, nil, { timeout = 0.1, every = 0.01 })
    assert.same({ "done", 11 }, { value and value.status, info.asked })
    local kinds = {}
    for i, one in ipairs(pauses) do kinds[i] = one.kind end
    assert.equal("connection server server server server server rate_limit bad_request truncated timeout",
      table.concat(kinds, " "))
  end)

  it("repeats each call as max_retries says", function()
    local value, _, info, pauses, requests = wait({ BUSY, BUSY, DONE }, nil, { max_retries = 2 })
    assert.same({ "done", 1, 3, 0, 3 }, { value.status, info.asked, info.attempts, #pauses, #requests })
  end)

  it("ends with what does not pass", function()
    for status, kind in pairs { [400] = "bad_request", [401] = "authentication", [403] = "permission",
      [404] = "not_found", [422] = "unprocessable", [402] = "quota", [301] = "redirect" } do
      local value, message, info = wait { PENDING, answer(status, '{"error":"no"}', { location = "/x" }), DONE }
      assert.is_nil(value)
      assert.equal(tostring(info), message)
      assert.same({ kind, 2, ID, status ~= 404 }, { info.kind, info.asked, info.id, info.resumable })
    end
  end)

  it("does not ask again for a deferred answer that was lost on its way", function()
    local value, _, info, _, requests = wait({ PENDING, CUT, CHAT }, "get_deferred")
    assert.is_nil(value)
    assert.same({ "truncated", false, 2 }, { info.kind, info.resumable, #requests })
    local begun = scripted.slowly(CUT, "")
    begun[2] = scripted.stall
    value, _, info = wait({ begun, CHAT }, "get_deferred", { timeout = 0.1 })
    assert.is_nil(value)
    assert.is_false(info.resumable)
  end)

  describe("for a video", function()
    local FAILURES = {
      ["failed"] = { "server", "internal_error", "Rendering stopped half way." },
      ["failed-argument"] = { "bad_request", "invalid_argument", "A prompt is needed for this picture." },
      ["expired"] = { "not_found", "expired", "the video has expired" },
      ["moderated"] = { "permission", "moderation", "moderation has withheld the video" },
    }

    for name, expected in pairs(FAILURES) do
      it("that is " .. name .. " fails, and asks no more", function()
        local value, message, info, pauses, requests =
          wait({ PENDING, fixture("videos.get." .. name), DONE }, nil, { max_retries = 2 })
        assert.is_nil(value)
        assert.same(expected, { info.kind, info.code, info.message })
        assert.same({ false, ID, 2, 1, 2 }, { info.resumable, info.id, info.asked, #pauses, #requests })
        assert.matches(expected[3], message, 1, true)
        assert.same(xai.decode(slurp("videos.get." .. name .. ".response.json")), info.result)
      end)
    end

    it("that moderation has refused is `permission`, whatever its code", function()
      local text = '{"status":"failed","error":{"code":"invalid_argument","message":"Content was moderated."}}'
      local _, _, info = wait { answer(200, text) }
      assert.same({ "permission", "invalid_argument" }, { info.kind, info.code })
      text = '{"status":"failed","error":{"code":"permission_denied","message":"no"}}'
      _, _, info = wait { answer(200, text) }
      assert.equal("permission", info.kind)
    end)

    it("is over without an address, too, where it went elsewhere", function()
      for _, name in ipairs { "done-uploaded", "done-stored", "done-storage-error", "done" } do
        local value = wait { fixture("videos.get." .. name) }
        assert.equal("done", value and value.status, name)
      end
    end)

    it("goes by the status before the body, and by an address where the word is unknown", function()
      local value = wait { answer(202, "<html>"), answer(202, '{"status":"done"}'),
        answer(200, '{"status":"completed","video":{"url":"https://x.example/y.mp4"}}') }
      assert.equal("completed", value.status)
    end)

    it("survives odd bodies", function()
      for _, text in ipairs { "{}", '{"status":7}', '{"video":"x"}', '{"status":"pending","progress":"x"}', "[]" } do
        local value, _, info = wait { answer(202, text), answer(200, text == "[]" and "{}" or text), DONE }
        assert.same({ "done", 3 }, { value and value.status, info.asked }, text)
      end
    end)
  end)

  describe("for a batch", function()
    it("waits while it has no requests, and returns it when nothing is pending, also where it was cancelled", function()
      local value, _, info = wait({ fixture "batches.get.created", fixture "batches.get.running",
        fixture "batches.get.done" }, "get_batch")
      assert.same({ 0, 3 }, { value.state.num_pending, info.asked })
      value = wait({ fixture "batches.get.cancelled" }, "get_batch")
      assert.truthy(value.cancel_time)
    end)

    it("that was refused fails with the service's words", function()
      local value, message, info = wait({ fixture "batches.get.cancelled-by-xai" }, "get_batch")
      assert.is_nil(value)
      assert.same({ "bad_request", "refused", false }, { info.kind, info.code, info.resumable })
      assert.matches(info.result.cancel_by_xai_message, message, 1, true)
    end)
  end)

  describe("ends at its deadline", function()
    it("with what may go on, having asked once more just before", function()
      local value, message, info, pauses, requests = wait({ HALF, HALF, HALF, HALF, HALF, HALF, DONE }, nil,
        { deadline = 3, every = 2 })
      assert.is_nil(value)
      assert.equal("timeout (deadline): deadline of 3 s passed; the video is not ready (42 %)", message)
      assert.same({ "timeout", "deadline", ID, true, 42, 3 },
        { info.kind, info.phase, info.id, info.resumable, info.progress, info.asked })
      assert.same({ 2, 3 }, { #pauses, #requests })
      assert.is_true(pauses[2].wait < 1)
    end)

    it("also that of the client, and also while a call is under way", function()
      local value, _, info = wait({ PENDING, scripted.stall }, nil, { every = 0.01 }, { deadline = 0.1 })
      assert.is_nil(value)
      assert.same({ "timeout", "deadline", true, 2 }, { info.kind, info.phase, info.resumable, info.asked })
    end)

    it("at once where the service asks to wait longer than that", function()
      local _, _, info, pauses = wait({ answer(202, "", { ["Retry-After"] = 100 }) }, nil, { deadline = 50 })
      assert.same({ "timeout", "deadline", 0, 1 }, { info.kind, info.phase, #pauses, info.asked })
    end)

    it("is none with 0", function()
      local value = wait({ PENDING, DONE }, nil, { deadline = 0 }, { deadline = 0.001 })
      assert.equal("done", value.status)
    end)
  end)

  describe("ends", function()
    it("by task:cancel in a pause and while it asks; the error tells that it may go on", function()
      for _, second in ipairs { PENDING, scripted.stall } do
        local err
        run({ PENDING, second }, nil, function(client)
          local task = xai.spawn(client.wait, client, "get_video", ID, { every = second == PENDING and 60 or 0.01 })
          xai.sleep(0.08)
          task:cancel()
          err = select(2, pcall(task.wait, task))
        end)
        assert.same({ "cancelled", ID, true }, { err.kind, err.id, err.resumable })
      end
    end)

    it("by client:close in a pause, in on_wait and in a hook", function()
      local got = run({ PENDING }, nil, function(client)
        local task = xai.spawn(client.wait, client, "get_video", ID, { every = 60 })
        xai.sleep(0.05)
        client:close()
        return task:wait()
      end)
      assert.same({ "closed", ID, true }, { got[3].kind, got[3].id, got[3].resumable })
      for _, name in ipairs { "on_wait", "on_response" } do
        got = run({ PENDING }, nil, function(client)
          return client:wait("get_video", ID, { [name] = function() client:close() end })
        end)
        assert.same({ "closed", ID, true }, { got[3].kind, got[3].id, got[3].resumable }, name)
      end
    end)

    it("by an error in on_wait, which is raised", function()
      local ok, err
      run({ PENDING, DONE }, nil, function(client)
        local task = xai.spawn(client.wait, client, "get_video", ID, { on_wait = function() error("mine", 0) end })
        while task:status() ~= "failed" do xai.sleep(0.01) end -- Lua 5.1 cannot wait within pcall
        ok, err = pcall(task.wait, task)
      end)
      assert.same({ false, "mine" }, { ok, err })
    end)
  end)

  it("may be started as a task, beside others", function()
    local got = run({ PENDING, PENDING, PENDING, PENDING, CHAT, CHAT }, nil, function(client)
      local opts = { every = 0.01 }
      local first = xai.spawn(client.wait, client, "get_deferred", "a", opts)
      local second = xai.spawn(client.wait, client, "get_deferred", "b", opts)
      return first:wait().id, second:wait().id
    end)
    assert.same({ "c1", "c1" }, got)
  end)

  it("takes the options of calls for each of them", function()
    local opts = { headers = { ["x-mine"] = "yes" }, every = 0.01 }
    local _, _, _, _, requests = wait({ PENDING, DONE }, nil, opts)
    for _, request in ipairs(requests) do assert.matches("\r\nx-mine: yes\r\n", request, 1, true) end
    assert.equal(2, #requests)
    local keys = 0
    local function key()
      keys = keys + 1
      return "key-" .. keys
    end
    wait({ PENDING, DONE }, nil, { api_key = key, every = 0.01 })
    assert.equal(2, keys)
  end)

  it("counts in a budget what it has fetched, once", function()
    local budget, heard = xai.budget(), 0
    local text = '{"id":"c1","object":"chat.completion","choices":[],"model":"grok-4.5",'
      .. '"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}'
    local value = wait({ PENDING, BUSY, PENDING, answer(200, text) }, "get_deferred",
      { budget = budget, on_usage = function() heard = heard + 1 end, every = 0.01 })
    assert.same({ "c1", 1 }, { value.id, heard })
  end)

  it("leaves the table of options as it is", function()
    local opts = { every = 0.01, deadline = 50 }
    run({ PENDING, DONE }, nil, function(client) return client:wait("get_video", ID, opts) end)
    assert.same({ every = 0.01, deadline = 50 }, opts)
  end)

  describe("refuses, before it asks,", function()
    local client
    before_each(function() client = xai.new { api_key = KEY, base_url = "http://127.0.0.1:9" } end)
    after_each(function() client:close() end)

    local function refused(words, ...)
      local ok, err = pcall(client.wait, client, ...)
      assert.is_false(ok)
      assert.equal("client:wait: " .. words, (err:gsub("^.-: client:wait", "client:wait")))
    end

    it("other functions", function()
      refused("'chat' has nothing to wait for; use get_deferred, get_video or get_batch", "chat", ID)
      refused("'get_videos' has nothing to wait for; did you mean 'get_video'?", "get_videos", ID)
      refused("the name of a function must come first, got nil")
      refused("the name of a function must come first, got table (call it with a colon)", {}, ID)
    end)

    it("what is no id", function()
      refused("request_id must be a string, got nil", "get_video")
      refused("request_id must be a string, got table", "get_video", { request_id = ID })
      refused("request_id is empty", "get_deferred", "")
      refused("batch_id must be a string, got nil", "get_batch")
    end)

    it("options that are wrong or have no use", function()
      refused("options must be a table, got string", "get_video", ID, "x")
      refused("unknown option 'evry' (did you mean 'every'?)", "get_video", ID, { evry = 1 })
      refused("unknown option 'on_wiat' (did you mean 'on_wait'?)", "get_video", ID, { on_wiat = print })
      refused("option 'deadline' must be a number of seconds, got string", "get_video", ID, { deadline = "x" })
      refused("option 'every' must be a number of seconds above 0, got 0", "get_video", ID, { every = 0 })
      refused("option 'every' must be a number of seconds above 0, got string", "get_video", ID, { every = "x" })
      refused("option 'on_wait' must be a function, got number", "get_video", ID, { on_wait = 1 })
      refused("option 'on_done' is one of client:start", "get_video", ID, { on_done = print })
      refused("option 'on_part' is for functions that stream", "get_video", ID, { on_part = print })
      refused("option 'fallback' is for functions with a body", "get_video", ID, { fallback = { { model = "x" } } })
    end)
  end)
end)

describe("get_video", function()
  it("is pending for each 202, whatever the body, which info has", function()
    for _, text in ipairs { "", '{"status":"pending","progress":42}', "<html>", "nothing" } do
      local got = scripted.in_task({ answer(202, text) }, nil, function(client) return client:get_video(ID) end)
      assert.same({ "pending", "pending", 202, "no" }, { got[2], got[3].kind, got[3].status, got[3].billed })
      assert.equal(text ~= "" and text or nil, got[3].body)
    end
  end)

  it("fails where the job has failed, without a second attempt", function()
    local failed = fixture "videos.get.failed"
    local got, count = scripted.in_task({ failed, DONE }, { max_retries = 2 }, function(client)
      return client:get_video(ID)
    end)
    assert.same({ "server", "internal_error", 1 }, { got[3].kind, got[3].code, count })
    local gateway = answer(200, '{"error":"no capacity"}', NOW)
    got, count = scripted.in_task({ gateway, DONE }, { max_retries = 2 }, function(client)
      return client:get_video(ID)
    end)
    assert.same({ "done", 2 }, { got[1].status, count })
  end)
end)

describe("generate_video", function()
  it("is not started twice", function()
    for _, first in ipairs { BUSY, "", answer(500, "{}", NOW) } do
      local answers = { first, answer(200, '{"request_id":"x"}') }
      local _, count = scripted.in_task(answers, { max_retries = 2 }, function(client)
        return client:generate_video { prompt = "x" }
      end)
      assert.equal(1, count)
    end
  end)

  it("takes every request of the fixtures, and its video comes", function()
    local stage = stages.open()
    local client = stage:new_client()
    local names = { "text", "minimal", "image", "first-last", "keyframes", "references", "stored", "upload-url" }
    for _, name in ipairs(names) do
      local body = assert(xai.decode(slurp("videos.generations." .. name .. ".request.json")))
      local started = assert(client:generate_video(body))
      local video = assert(client:wait("get_video", started.request_id, { every = 0.01 }))
      assert.same({ "done", body.duration or 8 }, { video.status, video.video.duration }, name)
    end
    for words, kind in pairs { ["[fail]"] = "server", ["[withhold]"] = "permission", ["[expire]"] = "not_found" } do
      local started = assert(client:generate_video { model = "grok-imagine-video", prompt = words })
      local _, _, info = client:wait("get_video", started.request_id, { every = 0.01 })
      assert.equal(kind, info.kind)
    end
    for _, body in ipairs { {}, { prompt = "x", duration = 16 }, { prompt = "x", image = {} },
      { prompt = "x", keyframes = { { image = { url = "https://x.example" }, timestamp_s = 1 } } } } do
      local _, _, info = client:generate_video(body)
      assert.equal("bad_request", info.kind)
    end
    assert.equal(0, stage:settle())
    stage:close()
  end)
end)

describe("client:wait in", function()
  local uv_programs, cqueues, interrupt = programs.folder "uv", programs.folder "cqueues", programs.folder "interrupt"
  setup(function()
    uv_programs:open()
    cqueues:open()
    interrupt:open()
  end)
  teardown(function()
    uv_programs:close()
    cqueues:close()
    interrupt:close()
  end)

  local TEXT = stages.TEXT

  it("luv waits in coroutines, goes on by itself, and blocks elsewhere", function()
    uv_programs:says((TEXT .. " 3\n") .. (TEXT .. "\n"):rep(2) .. "cancelled true true 1\n0 true\n", "wait")
  end)

  it("cqueues waits in its coroutines", function()
    if not pcall(require, "cqueues") then return pending "this Lua has no cqueues" end
    cqueues:says((TEXT .. " 3\n"):rep(2) .. "true\n", "wait")
  end)

  it("a plain script ends by Ctrl-C, and may go on afterwards", function()
    interrupt:says("false cancelled interrupted true true 1\nfalse cancelled interrupted true true 0\n" .. TEXT .. "\n",
      "waits_for_a_job")
  end)

  if _VERSION == "Lua 5.1" and programs.has_neovim() then
    local nvim = programs.neovim "nvim"
    setup(function() nvim:open() end)
    teardown(function() nvim:close() end)

    it("Neovim goes on in tasks, and by itself", function()
      nvim:says((TEXT .. "\n"):rep(2), "wait")
    end)
  end
end)
