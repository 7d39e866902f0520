--- The stand-in server refuses the histories that the real service would refuse.

local stages = require "spec.support.stage"
local xai = require "xai"

local stage

local TOOL = {
  name = "get_weather", description = "The weather",
  parameters = { type = "object", properties = { city = { type = "string" } }, required = { "city" } },
}
local WIRE = {
  chat = { type = "function", ["function"] = TOOL },
  respond = { type = "function", name = TOOL.name, parameters = TOOL.parameters },
  message = { name = TOOL.name, description = TOOL.description, input_schema = TOOL.parameters },
}
local QUESTION = "Is it warmer in Oslo or in Rome?"

describe("the stand-in server", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  --- The answer with two calls, and its request.
  local function first(name, fields)
    local body = { model = "grok-4.5", tools = { WIRE[name] } }
    for key, value in pairs(fields or {}) do body[key] = value end
    if name == "message" then body.max_tokens = 100 end
    if name == "respond" then
      body.input = { { role = "user", content = QUESTION } }
    else
      body.messages = { { role = "user", content = QUESTION } }
    end
    local answer = assert(stage.client[name](stage.client, body))
    assert.equal(2, #xai.calls(answer))
    return answer, body
  end

  --- The results of these calls, as the endpoint takes them.
  local function results(name, ids)
    local list = {}
    for i, id in ipairs(ids) do
      if name == "chat" then list[i] = { role = "tool", tool_call_id = id, content = "fine" } end
      if name == "respond" then list[i] = { type = "function_call_output", call_id = id, output = "fine" } end
      if name == "message" then list[i] = { type = "tool_result", tool_use_id = id, content = "fine" } end
    end
    return name == "message" and list[1] and { { role = "user", content = list } } or list
  end

  --- Send the history with these items behind it: what the service says, or "accepted".
  local function go_on(name, body, ...)
    local list = body.input or body.messages
    for _, items in ipairs { ... } do
      for _, item in ipairs(items) do list[#list + 1] = item end
    end
    local _, message = stage.client[name](stage.client, body)
    return message or "accepted"
  end

  for _, name in ipairs { "chat", "respond", "message" } do
    describe("with " .. name, function()
      local answer, body, one, two

      before_each(function()
        answer, body = first(name, { store = name ~= "respond" and nil })
        local calls = xai.calls(answer)
        if calls[1].server then table.remove(calls, 1) end
        one, two = calls[1].id, calls[2].id
      end)

      it("takes a history whose calls are answered, in any order", function()
        assert.equal("accepted", go_on(name, body, xai.as_input(answer), results(name, { two, one })))
      end)

      it("refuses a call that nothing answers", function()
        assert.matches("No result was found for the call", go_on(name, body, xai.as_input(answer)), 1, true)
        answer, body = first(name)
        assert.matches("No result was found for the call",
          go_on(name, body, xai.as_input(answer), results(name, { xai.calls(answer)[1].id })), 1, true)
      end)

      it("refuses an answer to nobody, and a second one", function()
        assert.matches("No call was found",
          go_on(name, body, xai.as_input(answer), results(name, { one, two, "call-of-nobody" })), 1, true)
        answer, body = first(name)
        local id = xai.calls(answer)[1].id
        assert.matches("No call was found", go_on(name, body, xai.as_input(answer), results(name, { id, id })), 1, true)
      end)

      it("refuses a call without its arguments", function()
        local items = xai.as_input(answer)
        local item = xai.calls(answer)[1].item
        if name == "chat" then item["function"].arguments = nil end
        if name == "respond" then item.arguments = nil end
        if name == "message" then item.input = nil end
        assert.not_equal("accepted", go_on(name, body, items, results(name, { one, two })))
      end)
    end)
  end

  describe("with respond", function()
    local function ids(answer)
      local list = {}
      for i, call in ipairs(xai.calls(answer)) do list[i] = call.id end
      return list
    end

    it("refuses reasoning that was changed", function()
      local answer, body = first("respond", { store = false })
      local items = xai.as_input(answer)
      assert.equal("reasoning", items[1].type)
      items[1].encrypted_content = "other"
      assert.matches("was changed", go_on("respond", body, items, results("respond", ids(answer))), 1, true)
    end)

    it("refuses reasoning that was moved", function()
      local answer, body = first("respond", { store = false })
      local items = xai.as_input(answer)
      local reasoning = table.remove(items, 1)
      table.insert(items, reasoning)
      local refused = go_on("respond", body, items, results("respond", ids(answer)))
      assert.matches("without the item behind it", refused, 1, true)
    end)

    it("refuses arguments that were changed", function()
      local answer, body = first("respond", { store = false })
      local items = xai.as_input(answer)
      items[2].arguments = "{}"
      assert.matches("were changed", go_on("respond", body, items, results("respond", ids(answer))), 1, true)
    end)

    it("refuses items beside the previous_response_id that has them", function()
      local answer, body = first("respond")
      body.previous_response_id, body.input = answer.id, {}
      assert.matches("is part of previous_response_id",
        go_on("respond", body, xai.as_input(answer), results("respond", ids(answer))), 1, true)
      body.input = {}
      assert.equal("accepted", go_on("respond", body, results("respond", ids(answer))))
    end)

    it("refuses instructions beside a previous_response_id, as the service's description does", function()
      local answer, body = first("respond")
      body.previous_response_id, body.input, body.instructions = answer.id, {}, "Be brief."
      assert.matches("instructions cannot be used with previous_response_id",
        go_on("respond", body, results("respond", ids(answer))), 1, true)
    end)

    it("refuses to go on from a response whose calls nothing answers", function()
      local answer, body = first("respond")
      body.previous_response_id, body.input = answer.id, { { role = "user", content = "And now?" } }
      assert.matches("No result was found", go_on("respond", body), 1, true)
    end)
  end)
end)
