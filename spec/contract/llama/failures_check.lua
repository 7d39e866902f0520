--- What llama-server refuses, and what goes wrong in it, as the library tells of it.

local llama = require "spec.contract.llama.llama"
local xai = require "xai"

local same = assert.same

describe("llama-server fails", function()
  local service, client

  setup(function() service = llama.open(llama.MODEL) end)
  teardown(function() service:close() end)
  before_each(function() client = service:client { max_retries = 2 } end)
  after_each(function()
    assert.equal(0, llama.busy(client))
    assert.equal(0, llama.settle())
  end)

  --- A failure in short: kind, status, type, attempts.
  local function outcome(answer, message, info)
    assert.is_nil(answer)
    assert.equal(message, tostring(info))
    return { info.kind, info.status, info.type, info.attempts }
  end

  local function ask(name, body, options)
    return client[name](client, body, options)
  end

  for _, name in ipairs { "chat", "complete", "respond", "message" } do
    for _, stream in ipairs { false, true } do
      local how = name .. (stream and ", streamed" or "")
      it("for a wrong key, by client:" .. how, function()
        client = service:client { max_retries = 2, api_key = "sk-check-wrong" }
        local body = llama[name]("hi", { stream = stream })
        same({ "authentication", 401, "authentication_error", 1 }, outcome(ask(name, body)))
        local _, message, info = ask(name, body)
        assert.matches("Invalid API Key", message)
        same({ "no", false }, { info.billed, info.retryable })
        client = service:client()
      end)

      it("for a context that is too long, by client:" .. how, function()
        local body = llama[name](("x"):rep(9000), { stream = stream })
        same({ "bad_request", 400, "exceed_context_size_error", 1 }, outcome(ask(name, body)))
        local _, message, info = ask(name, body)
        assert.matches("request %(%d+ tokens%) exceeds the available context size %(1024 tokens%)", message)
        same({ "no", false }, { info.billed, info.retryable })
        same(1024, xai.decode(info.body).error.n_ctx)
      end)
    end
  end

  it("for messages that are none", function()
    local body = { messages = "hi" }
    same({ "bad_request", 400, "invalid_request_error", 1 }, outcome(ask("chat", body)))
    assert.matches("Expected 'messages' to be an array", (select(2, ask("chat", body))))
  end)

  it("for more choices than it has slots", function()
    local body = llama.chat("hi", { n = 3, stream = true })
    same({ "bad_request", 400, "invalid_request_error", 1 }, outcome(ask("chat", body)))
  end)

  it("for what it does not know, or does not have", function()
    same({ "not_found", 404, "not_found_error", 1 }, outcome(client:get_model "tiny"))
    same({ "not_found", 404, "not_found_error", 1 }, outcome(client:get_response "resp_1"))
    same({ "not_found", 404, "not_found_error", 1 }, outcome(client:tokenize { model = "tiny", text = "hi" }))
    same({ "bad_request", 400, "invalid_request_error", 1 },
      outcome(ask("respond", llama.respond("hi", { previous_response_id = "resp_1" }))))
    local _, message, info = client:request { method = "POST", path = "/v1/embeddings", body = { input = "hi" } }
    same({ "server", 501, false, 1 }, { info.kind, info.status, info.retryable, info.attempts })
    assert.matches("does not support embeddings", message)
  end)

  it("for an image, with a status after which it is asked again", function()
    local heard = {}
    client = service:client { max_retries = 1, on_retry = function(info) heard[#heard + 1] = info.status end }
    local body = llama.chat { { type = "image_url", image_url = { url = "data:image/png;base64,AAAA" } } }
    same({ "server", 500, "server_error", 2 }, outcome(ask("chat", body)))
    same({ 500 }, heard)
  end)

  -- The model calls "get_weather"; the server holds it to the tools that were given.
  for _, name in ipairs { "chat", "respond", "message" } do
    it("in the middle of a whole answer, by client:" .. name, function()
      client = service:client()
      local body = llama[name]("[tool]", { tools = llama.tools(name, "other") })
      same({ "server", 500, "server_error", 1 }, outcome(ask(name, body)))
    end)

    it("in the middle of a stream, by client:" .. name, function()
      local body = llama[name]("[tool]", { tools = llama.tools(name, "other"), stream = true })
      local stream = assert(ask(name, body))
      local _, message, info = stream:result()
      same({ "server", 200, 1 }, { info.kind, info.status, info.attempts })
      assert.matches("Unexpected empty grammar stack", message)
      assert.matches('"city"', info.message)
      assert.is_table(info.partial)
      stream = assert(ask(name, body))
      local ok, err = pcall(function()
        for _ in stream:text() do error "there is no text" end
      end)
      same({ false, message }, { ok, tostring(err) })
    end)
  end

  it("for a context that ends within the answer, as a limit of tokens", function()
    local answer = assert(ask("chat", llama.chat "[loop]"))
    same("length", answer.choices[1].finish_reason)
    same(1024, answer.usage.total_tokens)
    local merged = assert(assert(ask("chat", llama.chat("[loop]", { stream = true }))):result())
    same(answer.choices, merged.choices)
  end)

  describe("while it loads its model:", function()
    local folder, socket, loading

    before_each(function()
      folder = os.tmpname()
      os.remove(folder)
      socket = folder .. ".sock"
      loading = llama.open_socket(socket, true)
    end)
    after_each(function()
      loading:close()
      os.remove(socket)
    end)

    it("every call, streamed or not", function()
      local waiting = loading:client()
      for _, name in ipairs { "chat", "complete", "respond", "message" } do
        for _, stream in ipairs { false, true } do
          local answer, message, info = waiting[name](waiting, llama[name]("hi", { stream = stream }))
          same({ "server", 503, "unavailable_error", true },
            { info.kind, info.status, info.type, info.retryable })
          assert.is_nil(answer)
          assert.matches("Loading model", message)
        end
      end
      same({ "server", 503, "unavailable_error", 1 }, outcome(waiting:list_models()))
    end)

    it("until it is ready: the call is made again, and succeeds", function()
      local ready, heard = nil, {}
      local waiting = loading:client { max_retries = 3, on_retry = function(info)
        heard[#heard + 1] = { info.status, info.attempts }
        if ready then return end
        loading:close()
        os.remove(socket)
        ready = llama.open_socket(socket)
      end }
      local answer, message, info = waiting:chat(llama.chat "hi")
      same(llama.TEXT, assert(answer, message).choices[1].message.content)
      same({ { 503, 1 } }, heard)
      same(2, info.attempts)
      waiting:close()
      ready:close()
    end)
  end)
end)
