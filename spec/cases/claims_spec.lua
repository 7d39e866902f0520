--- What the README says where people asked.

local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same

local function readme()
  local file = assert(io.open "README.md")
  local text = file:read "*a"
  file:close()
  return (text:gsub("%s+", " "))
end

local function promises(words)
  assert(readme():find(words, 1, true), "the README does not say: " .. words)
end

describe("the README says, and so it is (real use, 49):", function()
  it("gzip is not asked for, but what comes so is unpacked", function()
    promises 'gzip is not asked for (`headers = { ["accept-encoding"] = "gzip" }` does), but what comes so is unpacked.'
    local answer = scripted.answer(200, {}, '{"data":[]}')
    local _, _, _, requests = scripted.ask { answer }
    assert.is_nil(requests[1]:lower():find("accept-encoding", 1, true))
    _, _, _, requests = scripted.ask({ answer }, { headers = { ["accept-encoding"] = "gzip" } })
    assert.matches("accept%-encoding: gzip\r\n", requests[1]:lower())
    local stage = stages.open()
    finally(function() stage:close() end)
    stage:enter()
    same("chat.completion", assert(stage:whole("chat", nil, "gzip")).object)
    stage:leave()
  end)

  it("a proxy's name and password stand in its address, percent-encoded", function()
    promises "name and password stand in the address, `http://name:password@host:port`, percent-encoded"
    local proxy = scripted.start { scripted.answer(407, {}, "") }
    local address = proxy.url:gsub("//", "//us%%40er:p%%3Ass@")
    local client = xai.new { api_key = "xai-spec-0123456789", proxy = address, max_retries = 0 }
    local _, message, info = scripted.wait(client:start "list_models")
    client:close()
    proxy.close()
    assert.matches("\r\nProxy%-Authorization: Basic dXNAZXI6cDpzcw==\r\n", proxy.requests[1])
    same("connection", info.kind)
    assert.is_nil(message:find("p:ss", 1, true) or message:find("p%3Ass", 1, true))
  end)

  it("what a cancelled stream had brought is in the info of its next event, and of stream:info()", function()
    promises "After a stream, or its task, was cancelled, `stream:info().partial` has what had come"
    local stage = stages.open()
    finally(function() stage:close() end)
    stage:enter()
    local stream = assert(stage:stream("chat", "stall-in-stream,3"))
    local count = 0
    local task = xai.spawn(function()
      while stream:next() do count = count + 1 end -- a `for` blocks on Lua 5.1
    end)
    while count < 3 do xai.step(0.01) end
    task:cancel()
    xai.step(0)
    local _, _, info = stream:next()
    same({ "cancelled", "Lua is a" }, { info.kind, info.partial.choices[1].message.content })
    same("Lua is a", stream:info().partial.choices[1].message.content)
    same("cancelled", task:status())
    stage.client:close()
  end)

  it("the default certificates are libcurl's", function()
    promises "the system's: those that libcurl was built to look for"
  end)
end)
