--- The functions of batches: what they send, what they return, which of them are repeated.

local clock = require "spec.support.clock"
local scripted = require "spec.support.scripted"
local xai = require "xai"

local unpack = rawget(table, "unpack") or unpack -- luacheck: ignore 113
local KEY = "xai-spec-0123456789abcdef"
local ID = "batch_9e41b7c2-0d58-4f6a-8a13-c57d2e60f101"

local function slurp(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function answered(name)
  return scripted.answer(200, { ["Content-Type"] = "application/json" }, slurp(name .. ".response.json"))
end

local function requested(name) return xai.decode(slurp(name .. ".request.json")) end

--- The method and the target of a request.
local function line_of(request) return request:match "^(%u+ %S+) HTTP/1.1\r\n" end

local function body_of(request) return request:match "\r\n\r\n(.*)$" end

--- What `client:start(...)` comes to when the server says these answers; and the requests.
local function ask(answers, ...)
  local server = scripted.start(answers)
  local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 2, on_retry = clock.skip_pause }
  local result, message, info = scripted.wait(client:start(...))
  client:close()
  server.close()
  return server.requests, result, message, info
end

--- As `ask`, but by the function itself, in a task.
local function call(answers, name, ...)
  local arguments, n = { ... }, select("#", ...)
  local results, _, requests = scripted.in_task(answers, nil, function(client)
    return client[name](client, unpack(arguments, 1, n))
  end)
  return requests, results[1], results[2], results[3]
end

local function misuse(f, ...)
  local client = xai.new { api_key = KEY }
  local ok, err = pcall(f, client, ...)
  assert.is_false(ok)
  client:close()
  return tostring(err)
end

describe("the functions of batches", function()
  local TEXTS = requested "batches.add.texts"
  -- name, arguments, the file of the request, of the answer
  local CALLS = {
    { "create_batch", { requested "batches.create.empty" }, nil, "batches.create.empty" },
    { "list_batches", { { limit = 2 } }, "batches.list.page1", "batches.list.page1" },
    { "list_batches", { { limit = 2, pagination_token = "YmF0Y2gtcGFnZS0y" } }, "batches.list.page2",
      "batches.list.page2" },
    { "get_batch", { ID }, "batches.get", "batches.get.running" },
    { "add_to_batch", { ID, TEXTS }, nil, "batches.add" },
    { "list_batch_requests", { ID, { limit = 2 } }, "batches.requests.page1", "batches.requests.page1" },
    { "list_batch_results", { ID, { limit = 2 } }, "batches.results.page1", "batches.results.page1" },
    { "cancel_batch", { ID }, "batches.cancel", "batches.cancel" },
  }

  --- A target with its query in the order of names.
  local function ordered(line)
    local path, query = line:match "^(.-)%?(.*)$"
    if not path then return line end
    local pairs_ = {}
    for one in query:gmatch "[^&]+" do pairs_[#pairs_ + 1] = one end
    table.sort(pairs_)
    return path .. "?" .. table.concat(pairs_, "&")
  end

  for _, row in ipairs(CALLS) do
    local name, arguments, request, answer = row[1], row[2], row[3], row[4]
    it("send what is due, and return what comes: " .. name .. " with " .. answer, function()
      for _, way in ipairs { ask, call } do
        local requests, result, message, info = way({ answered(answer) }, name, unpack(arguments))
        assert.same(xai.decode(slurp(answer .. ".response.json")), result, message)
        assert.equal(200, info.status)
        if request then
          assert.equal(ordered(line_of(slurp(request .. ".request.http"))), ordered(line_of(requests[1])))
          assert.equal("", body_of(requests[1]))
          assert.is_nil(requests[1]:lower():match "\r\ncontent%-type:")
        else
          assert.same(arguments[#arguments], xai.decode(body_of(requests[1])))
          assert.matches("application/json", requests[1]:lower():match "\r\ncontent%-type: ([^\r]*)")
        end
      end
    end)
  end

  it("send a length of 0 where a POST has no body", function()
    local requests = ask({ answered "batches.cancel" }, "cancel_batch", ID)
    assert.equal("POST /v1/batches/" .. ID .. ":cancel", line_of(requests[1]))
    assert.matches("\r\ncontent%-length: 0\r\n", requests[1]:lower())
  end)

  it("percent-encode ids, but not what stands behind them", function()
    local list = answered "batches.results.empty"
    for id, path in pairs { ["a/b"] = "a%2Fb", ["x:cancel"] = "x%3Acancel", ["a b?c#d"] = "a%20b%3Fc%23d" } do
      assert.equal("POST /v1/batches/" .. path .. ":cancel", line_of(ask({ list }, "cancel_batch", id)[1]))
      assert.equal("GET /v1/batches/" .. path .. "/results", line_of(ask({ list }, "list_batch_results", id)[1]))
      assert.equal("POST /v1/batches/" .. path .. "/requests", line_of(ask({ list }, "add_to_batch", id, TEXTS)[1]))
    end
  end)

  it("percent-encode what a query has", function()
    local requests = ask({ answered "batches.list.page2" }, "list_batches", { pagination_token = "a+b/c=&d" })
    assert.equal("GET /v1/batches?pagination_token=a%2Bb%2Fc%3D%26d", line_of(requests[1]))
  end)

  it("take no query for an empty or a missing one", function()
    for _, way in ipairs { ask, call } do
      assert.equal("GET /v1/batches", line_of(way({ answered "batches.list.page2" }, "list_batches")[1]))
      assert.equal("GET /v1/batches", line_of(way({ answered "batches.list.page2" }, "list_batches", {})[1]))
      assert.equal("GET /v1/batches",
        line_of(way({ answered "batches.list.page2" }, "list_batches", nil, { headers = { ["X-A"] = "b" } })[1]))
      local requests = way({ answered "batches.results.empty" }, "list_batch_results", ID, nil,
        { headers = { ["X-A"] = "b" } })
      assert.equal("GET /v1/batches/" .. ID .. "/results", line_of(requests[1]))
      assert.matches("\r\n[Xx]%-[Aa]: b\r\n", requests[1])
    end
  end)

  it("take options last", function()
    local with = { headers = { ["X-Mine"] = "yes" } }
    for _, way in ipairs { ask, call } do
      for _, arguments in ipairs {
        { "create_batch", { name = "a" }, with }, { "list_batches", { limit = 1 }, with }, { "get_batch", ID, with },
        { "add_to_batch", ID, TEXTS, with }, { "list_batch_requests", ID, { limit = 1 }, with },
        { "list_batch_results", ID, { limit = 1 }, with }, { "cancel_batch", ID, with },
      } do
        local requests = way({ answered "batches.get.done" }, unpack(arguments))
        assert.matches("\r\n[Xx]%-[Mm]ine: yes\r\n", requests[1])
      end
    end
  end)

  it("say what is wrong with their arguments", function()
    local function said(f) return (misuse(f):gsub("^.-:%d+: ", "")) end
    assert.equal("client:get_batch: batch_id must be a string, got nil", said(function(c) c:get_batch() end))
    assert.equal("client:add_to_batch: the body must be a table, got nil", said(function(c) c:add_to_batch(ID) end))
    assert.equal("client:add_to_batch: batch_id must be a string, got table",
      said(function(c) c:add_to_batch { batch_requests = {} } end))
    assert.equal("client:list_batch_results: batch_id is empty", said(function(c) c:list_batch_results("", {}) end))
    assert.equal("client:list_batch_results: the query must be a table, got number",
      said(function(c) c:list_batch_results(ID, 2) end))
    assert.equal("client:list_batches: the query must be a table, got string",
      said(function(c) c:list_batches "2" end))
    assert.equal("client:list_batches: query must map strings to strings or numbers",
      said(function(c) c:list_batches { limit = {} } end))
    assert.equal("client:list_batches: unknown option 'timout' (did you mean 'timeout'?)",
      said(function(c) c:list_batches(nil, { timout = 1 }) end))
    assert.equal("client:list_batch_results: batch_id must be a string, got table",
      said(function(c) c:start("list_batch_results", {}) end))
  end)

  it("refuse options in place of a query", function()
    assert.matches("client:list_batches: the query has 'timeout', which is an option: options come after the query",
      misuse(function(c) c:list_batches { timeout = 5 } end), 1, true)
    assert.matches("client:list_batch_requests: the query has 'headers', which is an option",
      misuse(function(c) c:list_batch_requests(ID, { headers = {} }) end), 1, true)
  end)

  it("blame the line that called them", function()
    local line = debug.getinfo(1, "l").currentline + 1
    assert.matches("batches_spec.lua:" .. line .. ": client:add", misuse(function(c) c:add_to_batch(ID) end), 1, true)
  end)
end)

describe("add_to_batch", function()
  local function body(...)
    local entries = {}
    for i, id in ipairs { ... } do
      entries[i] = { batch_request_id = id or nil, batch_request = { responses = { model = "m", input = "i" } } }
    end
    return { batch_requests = entries }
  end

  it("returns an empty table where the service says nothing", function()
    local requests, result, message, info = ask({ slurp "batches.add.empty.200.http" }, "add_to_batch", ID, body "a")
    assert.equal(1, #requests)
    assert.same({}, result, message)
    assert.is_nil(message)
    assert.equal(200, info.status)
    assert.same({}, (select(2, ask({ scripted.answer(204) }, "add_to_batch", ID, body "a"))))
  end)

  it("does not take an answer for empty that was cut off", function()
    local cut = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    local _, result, _, info = ask({ cut }, "add_to_batch", ID, body(false))
    assert.is_nil(result)
    assert.equal("truncated", info.kind)
    local open = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    _, result, _, info = ask({ open }, "add_to_batch", ID, body(false))
    assert.is_nil(result)
    assert.equal("decode", info.kind)
  end)

  it("does not take a page for success", function()
    local page = scripted.answer(200, { ["Content-Type"] = "text/html" }, "<html>Please log in</html>")
    local _, result, _, info = ask({ page }, "add_to_batch", ID, body "a")
    assert.is_nil(result)
    assert.equal("decode", info.kind)
  end)

  it("alone may be answered with nothing", function()
    local empty = slurp "batches.add.empty.200.http"
    for _, one in ipairs { { "create_batch", { name = "a" } }, { "get_batch", ID }, { "cancel_batch", ID } } do
      local _, result, _, info = ask({ empty }, unpack(one))
      assert.is_nil(result)
      assert.equal("decode", info.kind)
    end
  end)
end)

describe("a failed attempt", function()
  local GOOD = answered "batches.get.done"
  local CLOSED = "" -- not a byte, then the end
  local BUSY = scripted.answer(500, { ["retry-after-ms"] = 1 }, '{"error":"an internal error"}')
  local LIMITED = scripted.answer(429, { ["retry-after-ms"] = 1 }, '{"error":"too many requests"}')
  local request = { responses = { model = "m", input = "i" } }
  local OWN = { batch_requests = { { batch_request_id = "a", batch_request = request },
    { batch_request_id = "b", batch_request = request } } }
  local NOT_OWN = {
    { batch_requests = { { batch_request_id = "a", batch_request = request }, { batch_request = request } } },
    { batch_requests = { { batch_request_id = "", batch_request = request } } },
    { batch_requests = { { batch_request_id = 7, batch_request = request } } },
    { batch_requests = { { batch_request_id = xai.null, batch_request = request } } },
    { batch_requests = { "a" } },
    { batch_requests = {} },
    { batch_requests = "a" },
    {},
  }

  local function attempts(answer, ...) return #(ask({ answer, GOOD }, ...)) end

  it("of a function that has no effect when repeated is made again", function()
    for _, answer in ipairs { CLOSED, BUSY, LIMITED } do
      for _, one in ipairs {
        { "list_batches" }, { "get_batch", ID }, { "list_batch_requests", ID }, { "list_batch_results", ID },
        { "cancel_batch", ID }, { "add_to_batch", ID, OWN },
      } do
        assert.equal(2, attempts(answer, unpack(one)), one[1])
      end
    end
  end)

  it("that may have started work is not made again", function()
    for _, answer in ipairs { CLOSED, BUSY } do
      assert.equal(1, attempts(answer, "create_batch", { name = "a" }))
      for i, body in ipairs(NOT_OWN) do assert.equal(1, attempts(answer, "add_to_batch", ID, body), i) end
    end
  end)

  it("that the service refused for its rate is made again", function()
    assert.equal(2, attempts(LIMITED, "create_batch", { name = "a" }))
    assert.equal(2, attempts(LIMITED, "add_to_batch", ID, NOT_OWN[1]))
  end)

  it("of add_to_batch with ids of the user's is made again also under retry = 'safe'", function()
    assert.equal(2, attempts(CLOSED, "add_to_batch", ID, OWN, { retry = "safe" }))
    assert.equal(2, attempts(BUSY, "cancel_batch", ID, { retry = "safe" }))
  end)

  it("of add_to_batch tells that a sealed batch is a bad request, and an unknown one not found", function()
    local sealed = scripted.answer(400, {}, slurp "error.400.batch-sealed.json")
    local requests, _, message, info = ask({ sealed }, "add_to_batch", ID, OWN)
    assert.equal(1, #requests)
    assert.same({ "bad_request", "invalid-argument", "no" }, { info.kind, info.code, info.billed })
    assert.matches("takes no more requests", message)
    local _, _, _, unknown = ask({ scripted.answer(404, {}, slurp "error.404.batch.json") }, "get_batch", ID)
    assert.equal("not_found", unknown.kind)
  end)

  it("follows no redirect", function()
    local to = scripted.answer(307, { Location = "https://elsewhere.example/v1/batches" }, "")
    for _, one in ipairs { { "create_batch", { name = "a" } }, { "cancel_batch", ID }, { "list_batches" } } do
      local requests, _, _, info = ask({ to, GOOD }, unpack(one))
      assert.equal(1, #requests)
      assert.equal("redirect", info.kind)
    end
  end)
end)
