--- Many calls at once, and calls that are given up: the slots of llama-server are free again.

local uv = require "luv"
local llama = require "spec.contract.llama.llama"
local xai = require "xai"

local same = assert.same
local TEXT = llama.TEXT

describe("the slots of llama-server", function()
  local service, client

  -- With its context shifted, the model that is asked for "[loop]" never ends.
  setup(function() service = llama.open(llama.MODEL, "--context-shift", "--predict", "-1") end)
  teardown(function() service:close() end)
  before_each(function() client = service:client() end)
  after_each(function()
    assert.equal(0, llama.await_busy(client, 0))
    assert.equal(0, llama.settle())
  end)

  local MANY = 1000000000

  local function endless(name, stream)
    local body = llama[name]("[loop]", { max_tokens = MANY, max_output_tokens = MANY, stream = stream })
    if name == "complete" then body.prompt = "c a b c" end
    return body
  end

  --- An endless stream of which some pieces were read.
  local function begun(options)
    local stream = assert(client:chat(endless("chat", true), options))
    local next_words = stream:text()
    same({ "a", " b", " c", " a" }, { next_words(), next_words(), next_words(), next_words() })
    return stream
  end

  it("serve eight tasks by two", function()
    local answers = xai.run(function()
      local tasks = {}
      for i = 1, 8 do
        tasks[i] = function()
          if i % 2 == 0 then return assert(client:chat(llama.chat("say " .. i))).choices[1].message.content end
          return table.concat(llama.pieces(assert(client:chat(llama.chat("say " .. i, { stream = true })))))
        end
      end
      return xai.all(tasks)
    end)
    same({ TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT }, answers)
  end)

  it("serve two hundred calls of four functions, at most sixteen at once", function()
    local names, list = { "chat", "complete", "respond", "message" }, {}
    for i = 1, 200 do list[i] = names[i % 4 + 1] end
    local ended = xai.map(list, function(name, i)
      return assert(assert(client[name](client, llama[name]("say " .. i, { stream = true }))):result()) and 1
    end, 16)
    same(200, #ended)
  end)

  it("are free when a stream was closed", function()
    local stream = begun()
    same(1, llama.busy(client))
    stream:close()
    same(0, llama.await_busy(client, 0))
    local _, _, info = stream:result()
    same({ "closed", "yes" }, { info.kind, info.billed })
    assert.matches("^a b c a", info.partial.choices[1].message.content)
  end)

  it("are free when a call was cancelled, streamed or not", function()
    for _, stream in ipairs { false, true } do
      local call = client:start("chat", endless("chat", stream))
      same(1, llama.await_busy(client, 1))
      call:cancel()
      same("cancelled", select(3, call:result()).kind)
      same(0, llama.await_busy(client, 0))
    end
  end)

  it("are free when a task was cancelled", function()
    xai.run(function()
      local task = xai.spawn(function() client:chat(endless("chat", false)) end)
      same(1, llama.await_busy(client, 1))
      task:cancel()
      same(0, llama.await_busy(client, 0))
      same("cancelled", task:status())
    end)
  end)

  it("are free when the loser of a race was cancelled", function()
    local answer = xai.run(function()
      return xai.race {
        function() return client:chat(endless("chat", false)) end,
        function() return client:chat(llama.chat "hi") end,
      }
    end)
    same(TEXT, answer.choices[1].message.content)
    same(0, llama.await_busy(client, 0))
  end)

  it("are free when a stream was dropped and collected", function()
    begun()
    collectgarbage()
    collectgarbage()
    same(0, llama.await_busy(client, 0))
  end)

  it("are free when a client was closed", function()
    local other = service:client()
    local call = other:start("message", llama.message("[loop]", { max_tokens = MANY, stream = true }))
    same(1, llama.await_busy(client, 1))
    other:close()
    same("closed", select(3, call:wait()).kind)
    same(0, llama.await_busy(client, 0))
  end)

  it("are free when a deadline ended a stream, whose beginning is kept", function()
    local find = {
      chat = function(partial) return partial.choices[1].message.content end,
      complete = function(partial) return partial.choices[1].text end,
      respond = function(partial) return partial.output[1].content[1].text end,
      message = function(partial) return partial.content[1].text end,
    }
    for name, find_text in pairs(find) do
      local stream = assert(client[name](client, endless(name, true), { deadline = 0.4 }))
      local _, message, info = stream:result()
      same({ "timeout", 200, "yes", 1 }, { info.kind, info.status, info.billed, info.attempts })
      assert.matches("deadline", message)
      assert.matches("^ ?a b c a", find_text(info.partial))
      same(0, llama.await_busy(client, 0))
    end
  end)

  it("are free when a deadline ended a call that waits for its answer", function()
    local _, _, info = client:chat(endless("chat", false), { deadline = 0.3 })
    same({ "timeout", "deadline", "maybe" }, { info.kind, info.phase, info.billed })
    same(0, llama.await_busy(client, 0))
  end)

  it("are all at work: the next call waits for one", function()
    local first, second = begun(), begun()
    same(2, llama.busy(client))
    local failed, _, info = client:request { path = "/slots", query = { fail_on_no_slot = 1 } }
    same({ "server", 503, "unavailable_error" }, { info.kind, info.status, info.type })
    assert.is_nil(failed)

    local call = client:start("chat", llama.chat "hi")
    local streamed = client:start("chat", llama.chat("hi", { stream = true }))
    for _ = 1, 20 do xai.step(0.01) end
    same({ false, false }, { call:done(), streamed:done() })
    first:close()
    same(TEXT, assert(call:wait()).choices[1].message.content)
    same(TEXT, assert(streamed:wait()).choices[1].message.content)
    second:close()
  end)

  it("are all at work: a call that waits for one may be given up, by its deadline too", function()
    local first, second = begun(), begun()
    local call = client:start("chat", llama.chat("hi", { stream = true }))
    local late = client:start("chat", llama.chat "hi", { deadline = 0.2 })
    call:cancel()
    same("timeout", select(3, late:wait()).kind)
    first:close()
    second:close()
    same(0, llama.await_busy(client, 0))
  end)

  it("go on when nobody reads, and the stream is whole afterwards", function()
    local limit = 3000
    local body = llama.chat("[loop]", { stream = true, max_tokens = limit })
    local stream = assert(client:chat(body, { max_buffer = 20000 }))
    for _ = 1, 30 do xai.step(0.01) end
    local n = 0
    for _ in stream:text() do n = n + 1 end
    same(limit, n)
    same("length", stream:result().choices[1].finish_reason)
  end)

  it("serve a game that draws frames", function()
    local texts = {}
    for i = 1, 4 do
      xai.spawn(function()
        texts[i] = ""
        local stream = assert(client:chat(llama.chat("say " .. i, { stream = true })))
        local event = stream:next()
        while event do
          texts[i] = texts[i] .. (event.choices[1].delta.content or "")
          event = stream:next()
        end
      end)
    end
    for _ = 1, 5000 do
      xai.update(2)
      if xai.active() == 0 and texts[4] == TEXT then break end
      uv.sleep(1)
    end
    same({ TEXT, TEXT, TEXT, TEXT }, texts)
  end)

  it("serve coroutines in the loop of luv", function()
    local handle = require("xai.uv").attach()
    local texts = {}
    for i = 1, 4 do
      coroutine.wrap(function()
        texts[i] = assert(client:chat(llama.chat("say " .. i))).choices[1].message.content
      end)()
    end
    uv.run()
    handle:detach()
    same({ TEXT, TEXT, TEXT, TEXT }, texts)
  end)
end)
