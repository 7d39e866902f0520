--- client:each: the entries of lists that come in pages.

local scripted = require "spec.support.scripted"
local xai = require "xai"

local unpack = rawget(table, "unpack") or unpack -- luacheck: ignore 113
local KEY = "xai-spec-0123456789abcdef"
local ID = "batch_1"

local function page(body)
  return scripted.answer(200, { ["Content-Type"] = "application/json" }, body)
end

local function list(token, ...)
  local entries = {}
  for i, name in ipairs { ... } do entries[i] = '{"batch_id":"' .. name .. '"}' end
  local more = token and ',"pagination_token":' .. token or ""
  return page('{"batches":[' .. table.concat(entries, ",") .. "]" .. more .. "}")
end

local function slurp(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- Read `client:each(...)` to its end by :next(): the ids, the targets that were asked for in the
-- order of their parameters, message, info.
local function read(answers, ...)
  local arguments, n = { ... }, select("#", ...)
  local results, _, requests = scripted.in_task(answers, nil, function(client)
    local pages = client:each(unpack(arguments, 1, n))
    local ids = {}
    while true do
      local entry, message, info = pages:next()
      if entry == nil then return ids, message, info, pages end
      ids[#ids + 1] = entry.batch_id or entry.batch_request_id or entry.id
    end
  end)
  local targets = {}
  for i, request in ipairs(requests) do
    local path, query = request:match "^%u+ ([^ ?]+)%??(%S*) HTTP"
    local parameters = {}
    for one in query:gmatch "[^&]+" do parameters[#parameters + 1] = one end
    table.sort(parameters)
    targets[i] = path .. (#parameters > 0 and "?" or "") .. table.concat(parameters, "&")
  end
  return results[1], targets, results[2], results[3], results[4]
end

describe("client:each", function()
  it("reads page after page, with the parameters of the first", function()
    local ids, targets, message = read({ list('"t1"', "a", "b"), list('"t2"', "c"), list("null", "d") },
      "list_batches", { limit = 2 })
    assert.same({ "a", "b", "c", "d" }, ids, message)
    assert.same({ "/v1/batches?limit=2", "/v1/batches?limit=2&pagination_token=t1",
      "/v1/batches?limit=2&pagination_token=t2" }, targets)
    assert.is_nil(message)
  end)

  it("takes an id, a query and options, as the function does", function()
    local ids, targets = read({ page(slurp "batches.results.page1.response.json"),
      page(slurp "batches.results.page2.response.json") }, "list_batch_results", ID, { limit = 2 },
      { headers = { ["X-A"] = "b" } })
    assert.same({ "6f0c2d8e-71b3-4c59-8f2a-0e9d7b41c3a5", "tag-002", "tag-001" }, ids)
    assert.same({ "/v1/batches/batch_1/results?limit=2",
      "/v1/batches/batch_1/results?limit=2&pagination_token=cmVzLXBhZ2UtMg" }, targets)
    ids = read({ page(slurp "batches.requests.page1.response.json"),
      page(slurp "batches.requests.page2.response.json") }, "list_batch_requests", ID)
    assert.same({ "tag-001", "tag-002", "6f0c2d8e-71b3-4c59-8f2a-0e9d7b41c3a5" }, ids)
    ids = read({ page(slurp "batches.list.page1.response.json"), page(slurp "batches.list.page2.response.json") },
      "list_batches")
    assert.equal(3, #ids)
  end)

  it("ends at a token that is missing, null, or empty", function()
    for _, last in ipairs { list(nil, "a"), list("null", "a"), list('""', "a") } do
      local ids, targets = read({ last, list(nil, "b") }, "list_batches")
      assert.same({ "a" }, ids)
      assert.equal(1, #targets)
    end
  end)

  it("takes the null of another JSON library for the end", function()
    local null = io.stdout -- a userdata
    local codec = { decode = function() return { batches = { { batch_id = "a" } }, pagination_token = null } end }
    local ids, targets = read({ list(nil, "a") }, "list_batches", nil, { json = codec })
    assert.same({ "a" }, ids)
    assert.equal(1, #targets)
  end)

  it("has no entries where the list is empty, or missing", function()
    for _, body in ipairs { '{"batches":[]}', '{"batches":[],"pagination_token":null}', "{}", '{"batches":null}' } do
      local ids, targets, message = read({ page(body) }, "list_batches")
      assert.same({}, ids)
      assert.equal(1, #targets)
      assert.is_nil(message)
    end
  end)

  it("goes on behind an empty page that names another", function()
    local ids, targets = read({ list('"t1"', "a"), list '"t2"', list(nil, "b") }, "list_batches")
    assert.same({ "a", "b" }, ids)
    assert.equal(3, #targets)
  end)

  it("does not read empty pages for ever", function()
    local answers = { list('"t0"', "a") }
    for i = 1, 50 do answers[i + 1] = list('"t' .. i .. '"') end
    local ids, targets, message = read(answers, "list_batches")
    assert.same({ "a" }, ids)
    assert.equal(5, #targets)
    assert.is_nil(message)
  end)

  it("does not run in a circle", function()
    local ids, targets = read({ list('"t"', "a"), list('"t"', "b"), list('"t"', "c") }, "list_batches")
    assert.same({ "a", "b" }, ids)
    assert.equal(2, #targets)
    ids, targets = read({ list('"t"', "a"), list('"u"', "b"), list('"t"', "c"), list('"u"', "d") }, "list_batches")
    assert.same({ "a", "b", "c" }, ids)
    assert.equal(3, #targets)
    ids, targets = read({ list('"t"', "a"), list('"t"', "b") }, "list_batches", { pagination_token = "t" })
    assert.same({ "a" }, ids)
    assert.same({ "/v1/batches?pagination_token=t" }, targets)
  end)

  it("percent-encodes tokens", function()
    local _, targets = read({ list('"a+/=& b"', "a"), list(nil, "b") }, "list_batches")
    assert.equal("/v1/batches?pagination_token=a%2B%2F%3D%26%20b", targets[2])
  end)

  it("begins where a token says", function()
    local _, targets = read({ list('"t2"', "a"), list(nil, "b") }, "list_batches", { pagination_token = "t1" })
    assert.same({ "/v1/batches?pagination_token=t1", "/v1/batches?pagination_token=t2" }, targets)
  end)

  it("changes neither query nor options", function()
    local query, opts = { limit = 1 }, { deadline = 30, headers = { a = "b" } }
    read({ list('"t"', "a"), list(nil, "b") }, "list_batches", query, opts)
    assert.same({ { limit = 1 }, { deadline = 30, headers = { a = "b" } } }, { query, opts })
  end)

  it("iterates over a list without pages", function()
    local ids, targets = read({ page '{"object":"list","data":[{"id":"m1"},{"id":"m2"}]}' }, "list_models")
    assert.same({ "m1", "m2" }, ids)
    assert.same({ "/v1/models" }, targets)
    ids = read({ page '{"models":[{"id":"m1","aliases":["x","y","z"]}]}' }, "list_language_models",
      { headers = { a = "b" } })
    assert.same({ "m1" }, ids)
  end)

  it("iterates over any other list, by client:request", function()
    local ids, targets = read({ page '{"data":[{"id":"f1"}],"pagination_token":"t"}',
      page '{"data":[],"pagination_token":null}' },
      "request", { path = "/v1/files", query = { limit = 1, sort_by = "created_at" } })
    assert.same({ "f1" }, ids)
    assert.same({ "/v1/files?limit=1&sort_by=created_at",
      "/v1/files?limit=1&pagination_token=t&sort_by=created_at" }, targets)
    ids, targets = read({ page '{"object":"list","data":[{"id":"i1"}],"first_id":"i1","last_id":"i1","has_more":true}',
      page '{"object":"list","data":[{"id":"i2"}],"last_id":"i2","has_more":false}' },
      "request", { path = "/v1/responses/r/input_items" })
    assert.same({ "i1", "i2" }, ids)
    assert.same({ "/v1/responses/r/input_items", "/v1/responses/r/input_items?after=i1" }, targets)
    assert.same({ "a", "b" }, (read({ page '[{"id":"a"},{"id":"b"}]' }, "request", { path = "/v1/x" })))
    assert.same({ "v" }, (read({ page '{"voices":[{"id":"v"}]}' }, "request", { path = "/v1/tts/voices" })))
    assert.same({}, (read({ page '"text"' }, "request", { path = "/v1/x" })))
  end)

  it("is read page by page, as its entries are wanted", function()
    local results, n = scripted.in_task({ list('"t1"', "a", "b"), list('"t2"', "c"), list(nil, "d") }, nil,
      function(client)
        local pages = client:each "list_batches"
        return pages:next().batch_id, pages:next().batch_id
      end)
    assert.same({ "a", "b" }, results)
    assert.equal(1, n)
  end)

  it("sends nothing before an entry is asked for", function()
    local _, n = scripted.in_task({ list(nil, "a") }, nil, function(client) client:each "list_batches" end)
    assert.equal(0, n)
  end)

  it("tells a failure in the middle, behind the entries before it, and stays with it", function()
    local refusal = scripted.answer(400, {}, '{"code":"c","error":"no"}')
    local results = scripted.in_task({ list('"t"', "a", "b"), refusal }, nil, function(client)
      local pages, all = client:each("list_batches", { limit = 2 }), {}
      for i = 1, 5 do all[i] = { pages:next() } end
      return all, pages
    end)
    local all, pages = results[1], results[2]
    assert.equal("b", all[2][1].batch_id)
    for i = 3, 5 do
      assert.is_nil(all[i][1])
      assert.matches("^HTTP 400 bad_request: no", all[i][2])
      assert.equal("bad_request", all[i][3].kind)
    end
    assert.equal(all[3][3], pages:info())
    assert.same({ limit = 2, pagination_token = "t" }, pages.query)
  end)

  it("raises the error object in a loop", function()
    local client = xai.new { api_key = KEY, base_url = "http://127.0.0.1:9", max_retries = 0 }
    local ok, err = pcall(function()
      for _ in client:each "list_batches" do error "no entry is there" end
    end)
    assert.is_false(ok)
    assert.equal("connection", err.kind)
    client:close()
  end)

  it("ends a failed first page in the same way", function()
    local unknown = scripted.answer(404, {}, slurp "error.404.batch.json")
    local _, _, message, info = read({ unknown }, "list_batch_results", ID)
    assert.matches("No batch has this id", message)
    assert.equal("not_found", info.kind)
  end)

  it("counts its deadline for all pages", function()
    local results = scripted.in_task({ list('"t"', "a"), scripted.stall }, nil, function(client)
      local pages = client:each("list_batches", nil, { deadline = 0.2 })
      return pages:next(), { pages:next() }
    end)
    assert.equal("a", results[1].batch_id)
    assert.same({ "timeout", "deadline" }, { results[2][3].kind, results[2][3].phase })
    results = scripted.in_task({ list('"t"', "a"), list(nil, "b") }, nil, function(client)
      local pages = client:each("list_batches", nil, { deadline = 0.1 })
      local first = pages:next()
      xai.sleep(0.12)
      return first, { pages:next() }
    end)
    assert.equal("timeout", results[2][3].kind)
  end)

  it("has the facts of the last page", function()
    local _, _, _, _, pages = read({ list(nil, "a") }, "list_batches")
    assert.equal(200, pages:info().status)
    assert.equal("xai.pages (list_batches, over)", tostring(pages))
  end)

  it("ends with the task that reads it", function()
    local server = scripted.start { list('"t"', "a"), scripted.stall }
    local client = xai.new { api_key = KEY, base_url = server.url }
    local pages, seen = client:each "list_batches", 0
    local task = xai.spawn(function()
      while pages:next() do seen = seen + 1 end
    end)
    while #server.requests < 2 do
      require("luv").run "nowait"
      xai.step(0.002)
    end
    task:cancel()
    xai.step()
    assert.equal("cancelled", task:status())
    assert.equal(1, seen)
    assert.equal(0, xai.active())
    pcall(task.wait, task)
    client:close()
    server.close()
  end)

  it("says that two tasks cannot read it at once", function()
    xai.on_error = function() end
    local slow = scripted.slowly("HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n",
      '{"batches":[{"batch_id":"only one"}]}')
    local results = scripted.in_task({ slow }, nil, function(client)
      local pages = client:each "list_batches"
      local first = xai.spawn(function() return pages:next() end)
      local second = xai.spawn(function() return pages:next() end)
      return first:wait(), second, pages:next()
    end)
    assert.same({ batch_id = "only one" }, results[1])
    assert.equal("failed", results[2]:status())
    assert.is_nil(results[3])
    local ok, err = pcall(results[2].wait, results[2])
    assert.is_false(ok)
    assert.matches("pages:next: another task is waiting for the next page", tostring(err))
    xai.on_error = nil
  end)

  describe("refuses", function()
    local function said(...)
      local client = xai.new { api_key = KEY }
      local arguments, n = { ... }, select("#", ...)
      local ok, err = pcall(function() client:each(unpack(arguments, 1, n)) end)
      client:close()
      assert.is_false(ok)
      assert.matches("^spec/each_spec.lua:%d+: client:each: ", tostring(err):gsub("^%./", ""))
      return (tostring(err):gsub("^.-client:each: ", ""))
    end

    it("what gives no list", function()
      assert.equal("'get_batch' gives no list", said "get_batch")
      assert.equal("'chat' gives no list", said "chat")
      assert.equal("'list_batchs' gives no list; did you mean 'list_batches'?", said "list_batchs")
      assert.equal("the name of a function must come first, got nil", said())
      assert.equal("the name of a function must come first, got table (call it with a colon)", said {})
    end)

    it("arguments that the function does not take", function()
      assert.equal("batch_id must be a string, got nil", said "list_batch_results")
      assert.equal("batch_id must be a string, got table", said("list_batch_results", { limit = 1 }))
      assert.equal("the query must be a table, got number", said("list_batches", 3))
      assert.equal("query must map strings to strings or numbers", said("list_batches", { limit = {} }))
      assert.equal("options must be a table, got string", said("list_batches", {}, "x"))
      assert.equal("unknown option 'timout' (did you mean 'timeout'?)", said("list_batches", {}, { timout = 1 }))
      assert.equal("option 'timeout' must be a number of seconds, got string",
        said("list_batches", {}, { timeout = "1" }))
      assert.equal("option 'on_done' is one of client:start", said("list_batches", {}, { on_done = print }))
      assert.equal("option 'on_event' is for streams", said("list_batches", {}, { on_event = print }))
      assert.equal("option 'file' is for a single answer", said("list_batches", {}, { file = "x" }))
      assert.equal("request needs a table, got nil", said "request")
      assert.equal("request: a stream is no list", said("request", { path = "/v1/x", stream = true }))
      assert.equal("unknown option 'limit' (did you mean 'limiter'?)", said("list_models", { limit = 2 }))
    end)

    it("a request when it is first read, where only the core can tell", function()
      local client = xai.new { api_key = KEY }
      local pages = client:each("list_batch_results", "..")
      local ok, err = pcall(function() pages:next() end)
      assert.is_false(ok)
      assert.matches("each_spec.lua:%d+: client:each: batch_id '..' is not an id", err)
      client:close()
      ok, err = pcall(function() client:each("list_batches"):next() end)
      assert.is_false(ok)
      assert.matches("each_spec.lua:%d+: client:each: the client is closed", err)
    end)

    it("a name that pages do not have", function()
      local client = xai.new { api_key = KEY }
      local ok, err = pcall(function() client:each("list_batches"):nxet() end)
      assert.is_false(ok)
      assert.matches("pages has no function 'nxet' %(did you mean 'next'%?%)", err)
      client:close()
    end)
  end)
end)
