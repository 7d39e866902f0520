--- The batches of the stand-in server, as a client meets them: from the first request to the last result.

local stages = require "spec.support.stage"
local xai = require "xai"

local MODEL = "grok-4.3"

--- An entry of add_to_batch that asks this, by responses or chat.
local function entry(id, text, kind, more)
  local body = { model = MODEL }
  if kind == "chat_get_completion" then
    body.messages = { { role = "user", content = text } }
  else
    body.input = text
  end
  for name, value in pairs(more or {}) do body[name] = value end
  return { batch_request_id = id, batch_request = { [kind or "responses"] = body } }
end

describe("the batches of the stand-in server", function()
  local stage, client

  setup(function() stage = stages.open { rates = 0 } end)
  teardown(function() stage:close() end)
  before_each(function()
    stage:reset()
    client = stage:new_client { max_retries = 2 }
  end)
  after_each(function() assert.equal(0, stage:settle()) end)

  local function control(body)
    return assert(client:request { path = "/_/batches", body = body })
  end

  --- A batch with these entries.
  local function batch_of(...)
    local batch = assert(client:create_batch { name = "spec" })
    if select("#", ...) > 0 then assert(client:add_to_batch(batch.batch_id, { batch_requests = { ... } })) end
    return batch.batch_id
  end

  --- Ask until the batch is over: how, the service's words, the batch, how often it was asked.
  local function finish(id)
    for n = 1, 20 do
      local batch = assert(client:get_batch(id))
      local how, message = xai.batch_status(batch)
      if how ~= "running" then return how, message, batch, n end
    end
    error "the batch does not end"
  end

  --- id -> answer or error object, of all results.
  local function results_of(id, query)
    local all, n = {}, 0
    for one in client:each("list_batch_results", id, query) do
      local answer, _, info = xai.batch_result(one)
      assert.is_nil(all[one.batch_request_id])
      all[one.batch_request_id], n = answer or info, n + 1
    end
    return all, n
  end

  it("are answered by the mind that answers chat and responses, at half the price", function()
    local id = batch_of(entry("a", "What is 6 * 7?"), entry("b", "What is Lua?", "chat_get_completion"))
    assert.equal("done", (finish(id)))
    local results, n = results_of(id)
    assert.equal(2, n)
    assert.equal("6 * 7 = 42", xai.text(results.a))
    assert.equal(stages.TEXT, xai.text(results.b))
    for name, direct in pairs {
      a = assert(client:respond { model = MODEL, input = "What is 6 * 7?" }),
      b = assert(client:chat { model = MODEL, messages = { { role = "user", content = "What is Lua?" } } }),
    } do
      local half, whole = xai.usage(results[name]), xai.usage(direct)
      assert.equal(xai.text(direct), xai.text(results[name]))
      assert.same({ whole.input, whole.output, whole.reasoning }, { half.input, half.output, half.reasoning })
      assert.equal(math.floor(direct.usage.cost_in_usd_ticks / 2), results[name].usage.cost_in_usd_ticks)
      assert.equal("chat.completion", results[name].object)
      assert.same({ "stop", "stop" }, { xai.finish(results[name]) })
    end
  end)

  it("give pictures, clips, structured answers and calls of functions", function()
    local weather = { type = "function", name = "get_weather", parameters = {
      type = "object", properties = { city = { type = "string" } }, required = { "city" } } }
    local id = batch_of(
      { batch_request_id = "picture", batch_request = { image_generation = { prompt = "a door" } } },
      { batch_request_id = "clip", batch_request = { video_generation = { prompt = "a door opens", duration = 3 } } },
      entry("call", "Is it warm in Rome?", "responses", { tools = { weather } }),
      entry("json", "Tag it", "responses", { text = { format = { type = "json_schema", name = "t", schema = {
        type = "object", properties = { tag = { type = "string" } }, required = { "tag" } } } } }))
    finish(id)
    local results = results_of(id)
    assert.equal("image/png", xai.images(results.picture)[1].mime_type)
    assert.equal(3, results.clip.video.duration)
    local call = xai.calls(results.call)[1]
    assert.same({ "get_weather", { city = "Rome" } }, { call.name, call.args })
    assert.equal("calls", (xai.finish(results.call)))
    assert.is_string(xai.decode(xai.text(results.json)).tag)
  end)

  it("move on by themselves, results may be read meanwhile, and come in another order", function()
    local ids, entries = {}, {}
    for i = 1, 6 do ids[i], entries[i] = "r" .. i, entry("r" .. i, "What is 1 + " .. i .. "?") end
    local id = batch_of((rawget(table, "unpack") or unpack)(entries)) -- luacheck: ignore 113
    local first = assert(client:get_batch(id))
    assert.same({ 6, 3, 3 }, { first.state.num_requests, first.state.num_pending, first.state.num_success })
    assert.equal(3, #assert(client:list_batch_results(id)).results)
    local _, _, batch = finish(id)
    assert.same({ num_requests = 6, num_pending = 0, num_success = 6, num_error = 0, num_cancelled = 0 }, batch.state)
    local order = {}
    for one in client:each("list_batch_results", id, { limit = 4 }) do order[#order + 1] = one.batch_request_id end
    assert.not_same(ids, order)
    table.sort(order)
    assert.same(ids, order)
    local states = {}
    for one in client:each("list_batch_requests", id, { limit = 4 }) do states[#states + 1] = one.state end
    assert.same({ "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded" }, states)
    local total = 0
    for _, answer in pairs((results_of(id))) do total = total + answer.usage.cost_in_usd_ticks end
    assert.equal(total, batch.cost_breakdown.total_cost_usd_ticks)
  end)

  it("run a repeated id once, whatever is asked the second time", function()
    local id = batch_of(entry("a", "What is 1 + 1?"), entry("a", "What is 2 + 2?"))
    assert(client:add_to_batch(id, { batch_requests = { entry("a", "What is 3 + 3?"), entry("b", "What is 4 + 4?") } }))
    local _, _, batch = finish(id)
    assert.equal(2, batch.state.num_requests)
    local results = results_of(id)
    assert.same({ "1 + 1 = 2", "4 + 4 = 8" }, { xai.text(results.a), xai.text(results.b) })
    assert(client:add_to_batch(id, { batch_requests = { entry("a", "What is 5 + 5?") } }))
    assert.equal(2, select(3, finish(id)).state.num_requests)
  end)

  it("make an id where there is none", function()
    local id = batch_of(entry(nil, "What is 1 + 1?"), entry(nil, "What is 1 + 1?"))
    finish(id)
    assert.equal(2, select(2, results_of(id)))
  end)

  it("stand in the server's ledger, at what their results say", function()
    local id = batch_of(entry("a", "What is 1 + 1?"), entry("b", "x", "chat_get_completion"),
      entry("bad", "x", "responses", { temperature = 7 }),
      { batch_request_id = "c", batch_request = { image_generation = { prompt = "a door" } } },
      { batch_request_id = "d", batch_request = { video_generation = { prompt = "a door opens" } } })
    finish(id)
    local ticks, tokens, calls = 0, 0, 0
    for _, answer in pairs((results_of(id))) do
      if answer.usage then
        ticks, tokens = ticks + answer.usage.cost_in_usd_ticks, tokens + (answer.usage.total_tokens or 0)
      end
    end
    local ledger = assert(client:request { path = "/_/ledger" })
    for _, row in pairs(ledger) do calls, ticks, tokens = calls + row.calls, ticks - row.ticks, tokens - row.tokens end
    assert.same({ 4, 0, 0 }, { calls, ticks, tokens })
    assert.equal(2, ledger[MODEL].calls)
  end)

  it("take more requests when all was done", function()
    local id = batch_of(entry("a", "What is 1 + 1?"))
    finish(id)
    assert(client:add_to_batch(id, { batch_requests = { entry("b", "What is 1 + 2?") } }))
    assert.equal(1, assert(client:request { path = "/v1/batches/" .. id .. "/requests" })
      .batch_request_metadata[2].state == "pending" and 1 or 0)
    assert.equal("done", (finish(id)))
    assert.equal(2, select(2, results_of(id)))
  end)

  it("make clips that can be fetched, and tell of those that fail", function()
    local function clip(name, prompt)
      return { batch_request_id = name, batch_request = { video_generation = { prompt = prompt } } }
    end
    local id = batch_of(clip("good", "a door opens"), clip("bad", "a door [fail]"), clip("late", "a door [expire]"))
    finish(id)
    local results = results_of(id)
    assert.equal("ftyp", assert(client:request { path = results.good.video.url:match "^http://[^/]+(.*)$" }):sub(5, 8))
    assert.equal("Rendering stopped half way.", results.bad.message)
    assert.equal("The video has expired.", results.late.message)
  end)

  it("fail in part: a request that the endpoint refuses, and one that is told to", function()
    local id = batch_of(entry("good", "What is 1 + 1?"), entry("bad", "x", "responses", { temperature = 7 }),
      entry("told", "x"))
    control { id = id, fail = { "told" } }
    local how, _, batch = finish(id)
    assert.same({ "done", 1, 2 }, { how, batch.state.num_success, batch.state.num_error })
    local results = results_of(id)
    assert.same({ "bad_request", 3 }, { results.bad.kind, results.bad.code })
    assert.matches("temperature", results.bad.message)
    assert.same({ "server", 13, "This request was told to fail." },
      { results.told.kind, results.told.code, results.told.message })
    local states = {}
    for one in client:each("list_batch_requests", id) do states[one.batch_request_id] = one.state end
    assert.same({ good = "succeeded", bad = "failed", told = "failed" }, states)
  end)

  it("tell failures in each form", function()
    for form, raw in pairs {
      object = function(one) return one.batch_result.error.message end,
      text = function(one) return one.batch_result.error end,
      message = function(one) return one.batch_result.response == "unknown" and one.error_message end,
    } do
      local id = batch_of(entry("a", "x"))
      control { id = id, fail = { "a" }, form = form }
      finish(id)
      local one = assert(client:list_batch_results(id)).results[1]
      assert.equal("This request was told to fail.", raw(one), form)
      assert.equal("This request was told to fail.", select(3, xai.batch_result(one)).message)
    end
  end)

  it("are refused as a whole, which one field tells alone", function()
    local id = batch_of(entry("a", "x"), entry("b", "x"))
    control { id = id, refuse = "This team may not." }
    local how, message, batch = finish(id)
    assert.same({ "refused", "This team may not." }, { how, message })
    assert.same({ num_requests = 0, num_pending = 0, num_success = 0, num_error = 0, num_cancelled = 0 }, batch.state)
    assert.equal(0, select(2, results_of(id)))
    local _, said = client:add_to_batch(id, { batch_requests = { entry("c", "x") } })
    assert.matches("is cancelled and takes no more", said)
  end)

  it("are cancelled: what was done stays, the rest is told as cancelled", function()
    local id = batch_of(entry("a", "What is 1 + 1?"), entry("b", "x"), entry("c", "x"))
    control { id = id, hold = true }
    control { id = id, done = 1 }
    local batch = assert(client:cancel_batch(id))
    assert.same({ "cancelled", 1, 2, 0 },
      { xai.batch_status(batch), batch.state.num_success, batch.state.num_cancelled, batch.state.num_pending })
    assert.same(batch, assert(client:cancel_batch(id)))
    local kinds = {}
    for _, one in pairs((results_of(id))) do kinds[#kinds + 1] = one.kind or one.object end
    table.sort(kinds)
    assert.same({ "cancelled", "cancelled", "chat.completion" }, kinds)
  end)

  it("expire: their results are gone", function()
    local id = batch_of(entry("a", "x"), entry("b", "x"))
    control { id = id, hold = true }
    control { id = id, done = 1, expire = true }
    assert.equal("expired", (finish(id)))
    assert.equal(0, select(2, results_of(id)))
    local _, _, info = client:add_to_batch(id, { batch_requests = { entry("c", "x") } })
    assert.equal("bad_request", info.kind)
  end)

  it("come from a file, which takes a while and seals them", function()
    local file = control { lines = assert(io.open("spec/fixtures/batches.input.jsonl")):read "*a" }.id
    local batch = assert(client:create_batch { name = "file", input_file_id = file })
    assert.equal(file, batch.input_file_id)
    local _, said = client:add_to_batch(batch.batch_id, { batch_requests = { entry("c", "x") } })
    assert.matches("came from a file and takes no more", said)
    local first = assert(client:get_batch(batch.batch_id))
    assert.same({ "running", 0 }, { xai.batch_status(first), first.state.num_requests })
    assert.equal("done", (finish(batch.batch_id)))
    local results = results_of(batch.batch_id)
    assert.is_string(xai.text(results["line-1"]))
    assert.is_table(xai.images(results["line-3"])[1])
  end)

  it("are refused for one bad line of a file", function()
    for line, why in pairs {
      ['{"custom_id":"b","method":"POST","body":{}}'] = "url is missing",
      ["nonsense"] = "it is not a JSON object",
      ['{"custom_id":"b","method":"POST","url":"/v1/x","body":{}}'] = "its url is unknown",
      ['{"custom_id":"b","method":"POST","url":"/v1/responses","body":{"model":"grok-4.6","input":"x"}}'] =
        "Model grok-4.6 takes no part in batches.",
    } do
      local good = '{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"grok-4.3","input":"x"}}'
      local file = control { lines = good .. "\n" .. line .. "\n" }.id
      local id = assert(client:create_batch { name = "file", input_file_id = file }).batch_id
      local how, message, batch = finish(id)
      assert.equal("refused", how)
      assert.matches("^Line 2 of the input file could not be used: " .. why:gsub("%p", "%%%0"), message)
      assert.same({ 0, 0 }, { batch.state.num_requests, batch.state.num_error })
    end
  end)

  describe("refuse", function()
    local function said(id, entries)
      local result, message, info = client:add_to_batch(id, { batch_requests = entries })
      assert.is_nil(result)
      return info.status, message
    end

    it("what is no batch", function()
      for _, name in ipairs { "get_batch", "cancel_batch", "list_batch_requests", "list_batch_results" } do
        local _, message, info = client[name](client, "batch_none")
        assert.same({ 404, "not_found" }, { info.status, info.kind }, name)
        assert.matches("No batch has this id", message)
      end
      assert.equal(404, (said("batch_none", { entry("a", "x") })))
    end)

    it("requests of the wrong shape, of unknown models, and of models without batches", function()
      local id = batch_of()
      assert.equal(422, (said(id, { { batch_request_id = "a" } })))
      assert.equal(422, (said(id, { { batch_request = { responses = { model = MODEL } } } })))
      assert.equal(422, (said(id, { { batch_request = { embeddings = { model = MODEL } } } })))
      assert.equal(422, (said(id, { { batch_request_id = 7, batch_request = { responses = { input = "x" } } } })))
      local two = entry("a", "x")
      two.batch_request.image_generation = { prompt = "x" }
      assert.equal(422, (said(id, { two })))
      assert.equal(422, select(3, client:add_to_batch(id, { batch_requests = xai.array {} })).status)
      local status, message = said(id, { entry("good", "x"), entry("a", "x", "responses", { model = "grok-4.6" }) })
      assert.equal(400, status)
      assert.matches("Model grok%-4.6 takes no part in batches", message)
      assert.equal(400, (said(id, { entry("a", "x", "responses", { model = "grok-9" }) })))
      assert.equal(400, (said(id, { entry("a", "x", "responses", { stream = true }) })))
      assert.equal(0, assert(client:get_batch(id)).state.num_requests) -- all or nothing
    end)

    it("a batch without a name, or from a file that is not there", function()
      assert.equal(422, select(3, client:create_batch {}).status)
      local _, message, info = client:create_batch { name = "a", input_file_id = "file_none" }
      assert.equal(400, info.status)
      assert.matches("input_file_id names no file of this team", message)
    end)

    it("more than 25 MB at once", function()
      local id = batch_of()
      local _, _, info = client:add_to_batch(id, { batch_requests = { entry("a", ("x"):rep(25 * 1024 * 1024)) } })
      assert.same({ 413, "too_large" }, { info.status, info.kind })
      assert(client:add_to_batch(id, { batch_requests = { entry("a", ("x"):rep(24 * 1024 * 1024)) } }))
    end)

    it("pages that are too long, and tokens that are none", function()
      local id = batch_of(entry("a", "x"))
      for _, limit in ipairs { 0, 1001, 1.5, "many" } do
        for _, name in ipairs { "list_batch_requests", "list_batch_results" } do
          assert.equal(400, select(3, client[name](client, id, { limit = limit })).status)
        end
        assert.equal(400, select(3, client:list_batches { limit = limit }).status)
      end
      assert.equal(400, select(3, client:list_batches { pagination_token = "x" }).status)
      assert(client:list_batches { limit = 1000 })
    end)

    it("more than two new batches in a second", function()
      local usual = stages.open()
      local fast, kinds = usual:new_client(), { made = 0, rate_limit = 0 }
      for _ = 1, 10 do
        local _, _, info = fast:create_batch { name = "a" }
        kinds[info.kind or "made"] = kinds[info.kind or "made"] + 1
      end
      assert.is_true(kinds.made >= 2 and kinds.rate_limit > 0)
      assert.equal(10, kinds.made + kinds.rate_limit)
      usual:settle()
      usual:close()
    end)

    it("a wrong key", function()
      assert.equal("authentication", select(3, client:list_batches(nil, { api_key = "xai-wrong" })).kind)
    end)
  end)

  it("are listed page by page, the newest first", function()
    local made = {}
    for i = 1, 5 do made[6 - i] = assert(client:create_batch { name = "n" .. i }).batch_id end
    for _, limit in ipairs { 1, 2, 5, 100 } do
      local listed = {}
      for batch in client:each("list_batches", { limit = limit }) do listed[#listed + 1] = batch.batch_id end
      assert.same(made, listed)
    end
  end)

  it("answer an addition with an object, or with nothing", function()
    local id = batch_of()
    assert.same({}, (client:add_to_batch(id, { batch_requests = { entry("a", "x") } })))
    control { id = id, silent = true }
    local result, message, info = client:add_to_batch(id, { batch_requests = { entry("b", "x") } })
    assert.same({}, result, message)
    assert.same({ 200, "0" }, { info.status, info.headers["content-length"] })
  end)

  it("are not run twice where the answer to an addition was lost", function()
    local id = batch_of()
    local lost = { headers = { ["x-fault"] = "close-before-head;times,1" } }
    assert(client:add_to_batch(id, { batch_requests = { entry("a", "x"), entry("b", "x") } }, lost))
    assert.equal(2, select(3, finish(id)).state.num_requests)
    local without = { batch_requests = { entry(nil, "x") } }
    local result, _, info = client:add_to_batch(id, without, { headers = { ["x-fault"] = "status,500;times,1" } })
    assert.is_nil(result)
    assert.equal(1, info.attempts)
  end)

  it("are waited for in tasks, in a loop as well", function()
    local id = batch_of(entry("a", "x"), entry("b", "x"), entry("c", "x"))
    finish(id)
    local seen = xai.run(function()
      local tasks, n = {}, 0
      for i = 1, 3 do
        tasks[i] = xai.spawn(function()
          for _ in client:each("list_batch_results", id, { limit = 1 }) do n = n + 1 end
        end)
      end
      for _, task in ipairs(tasks) do task:wait() end
      for one in client:each("list_batch_results", id, { limit = 2 }) do
        if one then break end
      end
      return n
    end)
    assert.equal(9, seen)
  end)

  it("are forgotten with all else", function()
    local id = batch_of()
    stage:reset()
    assert.equal(404, select(3, client:get_batch(id)).status)
    assert.same({}, assert(client:list_batches()).batches)
  end)
end)
