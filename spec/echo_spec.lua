--- A server that echoes the key, in whatever place and form: nobody gets to see it.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local KEY = "xai-spec-key-0123456789abcdef"

local house, shown

--- All texts in a value, however deep.
local function gather(value, into, seen)
  if type(value) == "string" then
    into[#into + 1] = value
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    into[#into + 1] = tostring(value)
    for key, item in pairs(value) do
      gather(key, into, seen)
      gather(item, into, seen)
    end
  end
  return into
end

local function show(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "table" then
      gather({ value.headers, value.request_id }, shown, {}) -- read when asked for
    end
    gather(value, shown, {})
  end
  return ...
end

local function encoded(text)
  return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local ESCAPED = KEY:gsub("[xk0]", function(c) return ("\\u%04x"):format(c:byte()) end)

describe("an echo of the key", function()
  local client

  local function with(fault, more)
    local options = { headers = { ["x-fault"] = fault } }
    for name, value in pairs(more or {}) do options[name] = value end
    return options
  end

  local function chat(fault, more) return client:chat(stages.body("chat"), with(fault, more)) end
  local function stream(fault, more) return client:chat(stages.body("chat", { stream = true }), with(fault, more)) end

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  before_each(function()
    shown = {}
    client = xai.new {
      api_key = KEY, base_url = house.server.url, max_retries = 1, debug = show, on_retry = show, on_response = show,
      on_request = show,
    }
  end)

  after_each(function()
    client:close()
    assert.is_true(#shown > 5)
    for _, text in ipairs(shown) do
      assert.is_nil(text:find(KEY:sub(1, 12), 1, true), text)
      assert.is_nil(text:find(ESCAPED:sub(1, 20), 1, true), text)
    end
  end)

  local HEADERS = ";header,x-request-id," .. KEY .. ";header,x-echo,Bearer%20" .. KEY

  it("in headers is in no info, hook or trace", function()
    show(chat("late-head,1" .. HEADERS))
    show(chat("status,503;header,retry-after-ms,1" .. HEADERS))
    show(chat("status,400" .. HEADERS))
  end)

  it("in the headers of a stream is in nothing that is told while it runs", function()
    local answer, _, info = stream("slow-words,1" .. HEADERS)
    show(info, answer:info())
    show(answer:next())
    show(answer:info())
    show(answer:result())
  end)

  it("in a redirect is masked before its address is cut", function()
    for pad = 150, 200, 7 do
      show(chat("redirect,302,http%3A//127.0.0.2/" .. ("a"):rep(pad) .. KEY))
    end
  end)

  it("in an error event, plain or in escapes, is in no message or body", function()
    for _, key in ipairs { KEY, ESCAPED } do
      local first = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
      local error_event = 'data: {"error":{"message":"bad key ' .. key .. '"}}\n\n'
      for _, text in ipairs { error_event, first .. error_event } do
        local answer = stream("say," .. encoded(text))
        if answer then
          show(answer:result())
          show(answer:next())
        end
        show(stream("say," .. encoded(text), { on_event = show }))
      end
      -- Read only after the transfer has ended.
      local late = assert(stream("say," .. encoded(first .. error_event)))
      while xai.active() > 0 do xai.step(0.01) end
      for _ = 1, 2 do show(late:next()) end
    end
  end)

  it("that broke off within the key is in no body", function()
    local text = '{"error":"Incorrect API key provided: ' .. KEY:sub(1, 20)
    local head = ("HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n"):format(#text + 20)
    local options = { api_key = KEY, timeout = 0.2 }
    local _, message, info = scripted.ask({ scripted.slowly(head .. text, scripted.stall) }, options)
    show(message, info)
    assert.same({ "timeout", text:sub(1, -21) .. ("*"):rep(20) }, { info.kind, info.body })
    for _, status in ipairs { 200, 400 } do -- without a length the end proves nothing
      local answer = ("HTTP/1.1 %d No\r\nConnection: close\r\n\r\n"):format(status) .. text
      local _, words, facts = scripted.ask({ answer }, { api_key = KEY })
      show(words, facts)
      assert.matches("provided: %*+$", facts.body)
    end
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("in an event that does not decode is in no body", function()
    for _, first in ipairs { "", 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n' } do
      local text = first .. "data: {broken " .. KEY .. "\n\n"
      for _, read in ipairs { "next", "result" } do
        local answer = assert(stream("say," .. encoded(text)))
        while xai.active() > 0 do xai.step(0.01) end
        for _ = 1, 2 do
          local _, _, info = show(answer[read](answer))
          if read == "result" then assert.matches("broken %*+", info.body) end
        end
      end
    end
  end)

  it("under a scheme of the user's own is masked as well", function()
    local headers = { Authorization = "Custom " .. KEY }
    local other = xai.new { base_url = house.server.url, headers = headers, max_retries = 0 }
    show(other:chat(stages.body("chat"), with("status,400;header,x-echo," .. KEY)))
    other:close()
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("of a proxy's password is in no message", function()
    for _, proxy in ipairs { "http://user:" .. KEY .. "@127.0.0.1:1", "http://user:" .. KEY .. "@nowhere.invalid:1" } do
      show(pcall(function() return chat("late-head,1", { proxy = proxy, connect_timeout = 2, max_retries = 0 }) end))
    end
  end)

  it("of a password in a proxy's address that cannot be read is in no message, either", function()
    local code = [[
      local client = require("xai").new { api_key = "xai-other", base_url = "https://127.0.0.1:1", max_retries = 0,
        no_proxy = "nobody" }
      local _, message, info = client:list_models()
      print(message, info.message)]]
    for _, format in ipairs {
      "user:%s@127.0.0.1:99999999", "http://user:a/%s@127.0.0.1:8080", "http://user:a@%s@127.0.0.1:99999999",
      "http://user:a %s@127.0.0.1:x", "http://user:a'%s@127.0.0.1:x", "http:/user:%s@127.0.0.1:x",
      "http:\\\\user:%s@127.0.0.1:x",
    } do
      local said = programs.code(code, { https_proxy = format:format(KEY), HTTPS_PROXY = false, all_proxy = false })
      assert.is_truthy(said:find("^connection %(dns%): .*127%.0%.0%.1"), said)
      shown[#shown + 1] = said
    end
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("of a proxy's password that is longer than libcurl's texts is in no message", function()
    local code = [[
      local client = require("xai").new { api_key = "xai-other", base_url = "https://127.0.0.1:1", max_retries = 0,
        no_proxy = "nobody" }
      print(select(2, client:list_models()))]]
    local said = programs.code(code, { https_proxy = "http://user:" .. KEY:rep(20) .. "@127.0.0.1:99999999",
      HTTPS_PROXY = false, all_proxy = false })
    assert.matches("^connection %(dns%): Unsupported proxy", said)
    shown[#shown + 1] = said
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("is masked where it was given with a blank before it", function()
    local other = xai.new { base_url = house.server.url, api_key = " " .. KEY, max_retries = 0 }
    show(other:chat(stages.body("chat"), with("status,400;header,x-echo,provided:" .. KEY)))
    other:close()
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("of the key that the attempt before had is masked after another was given", function()
    local asked = 0
    local other = xai.new { base_url = house.server.url, max_retries = 1, api_key = function()
      asked = asked + 1
      return asked == 1 and KEY or "xai-other-key-0123456789"
    end }
    local call = other:start("list_models", nil, with("reset-in-body;header,x-echo," .. KEY .. ";times,1"))
    while asked < 2 and not call:done() do xai.step(0.01) end
    show(call:result())
    show(call:wait())
    assert.equal(2, asked)
    other:close()
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("is masked as a whole where it has blanks in it", function()
    local key = KEY:sub(1, 12) .. " horse battery"
    local other = xai.new { base_url = house.server.url, api_key = key, max_retries = 0 }
    show(other:chat(stages.body("chat"), with("status,400;header,x-echo," .. encoded(key))))
    other:close()
    show(chat("late-head,1"), chat("late-head,1"))
  end)

  it("of a key in whichever header is masked", function()
    for _, name in ipairs { "api-key", "x-goog-api-key", "Proxy-Authorization", "x-auth-token" } do
      local options = { base_url = house.server.url, headers = { [name] = KEY }, max_retries = 0, api_key = "other" }
      local other = xai.new(options)
      show(other:chat(stages.body("chat"), with("status,400;header,x-echo," .. KEY)))
      other:close()
    end
    show(chat("late-head,1"), chat("late-head,1"))
  end)
end)
