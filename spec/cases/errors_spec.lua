--- Failures are failures with the service's words, wherever and however they are said.

local xai = require("xai")
local scripted = require("spec.support.scripted")

local HI = { model = "m", messages = { { role = "user", content = "Hi" } } }
local JSON = { ["Content-Type"] = "application/json" }
local EVENTS = { ["Content-Type"] = "text/event-stream" }

--- What `name` makes of these answers: result, message, info, requests.
local function ask(answers, name, argument, options)
  local server = scripted.start(answers)
  local all = { api_key = "xai-spec-0123456789abcdef", base_url = server.url, max_retries = 0 }
  for key, value in pairs(options or {}) do all[key] = value end
  local client = xai.new(all)
  local result, message, info = scripted.wait(client:start(name or "chat", argument or HI))
  client:close()
  server.close()
  return result, message, info, #server.requests
end

local function answered(status, body, name, argument, options)
  return ask({ scripted.answer(status, JSON, body) }, name, argument, options)
end

local function fails(kind, words, body, name, argument)
  local result, message, info = answered(200, body, name, argument)
  assert.same({ body, nil, kind, words }, { body, result, info and info.kind, info and info.message })
  assert.is_truthy(message:find(words, 1, true), message)
  assert.same({ 200, body }, { info.status, info.body })
end

local function succeeds(body, name, argument)
  local result, message = answered(200, body, name, argument)
  assert.same({ body, nil, true }, { body, message, result ~= nil })
  return result
end

-- Case 18 ---------------------------------------------------------------------------------------

local CHOICE = '{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}'

describe("A failure under status 200", function()
  local SOURCE = " (nodetool-ai/nodetool#5755)"

  it("beside no choices is a failure with its words" .. SOURCE, function()
    fails("server", "Provider timed out",
      '{"id":"gen-1","choices":[],"error":{"message":"Provider timed out","code":502}}')
  end)

  it("has the kind of its code, its type or its words" .. SOURCE, function()
    local kinds = {
      ['{"message":"w","code":429}'] = "rate_limit", ['{"message":"w","code":"503"}'] = "server",
      ['{"message":"w","code":401}'] = "authentication", ['{"message":"w","code":402}'] = "quota",
      ['{"message":"w","code":400}'] = "bad_request", ['{"message":"w","code":413}'] = "too_large",
      ['{"message":"w","type":"overloaded_error"}'] = "server", ['{"message":"w","code":"not-found"}'] = "not_found",
      ['{"message":"w","type":"invalid_request_error","code":null}'] = "bad_request",
      ['{"message":"w"}'] = "api", ['"w"'] = "api", ['{"message":"w","code":200}'] = "api",
    }
    for value, kind in pairs(kinds) do
      fails(kind, "w", '{"id":"x","object":"chat.completion","choices":[],"error":' .. value .. "}")
    end
    fails("quota", "Insufficient credits.", '{"choices":[],"error":"Insufficient credits."}')
  end)

  it("counts beside anything" .. SOURCE, function()
    local error = '"error":{"message":"w","code":500}'
    for _, body in ipairs {
      '{"choices":[' .. CHOICE .. "]," .. error .. "}", "{" .. error .. ',"choices":null}',
      '{"id":"a","model":"m","usage":{},' .. error .. "}", "\239\187\191{" .. error .. ',"choices":[]}',
      '[{"id":"a",' .. error .. "}]", '{"choices":[],"padding":"' .. ("x"):rep(200000) .. '",' .. error .. "}",
    } do
      fails("server", "w", body)
    end
    fails("server", "w", '{"object":"list","data":[],' .. error .. "}", "list_models", {})
    fails("server", "w", '{"id":"r","output":[],"status":"completed",' .. error .. "}", "respond", { model = "m" })
    fails("server", "w", '{"type":"message","content":[],' .. error .. "}", "message", { model = "m" })
    fails("server", "w", '{"choices":[' .. CHOICE .. "]," .. error .. "}", "request", { path = "/v1/x", body = {} })
  end)

  it("of a choice counts, whichever it is" .. SOURCE, function()
    local failed = '{"index":1,"message":{"content":""},"finish_reason":"error","error":{"message":"w","code":502}}'
    fails("server", "w", '{"id":"a","choices":[' .. failed .. "]}")
    fails("server", "w", '{"id":"a","choices":[' .. CHOICE .. "," .. failed .. "]}")
    fails("server", "w", '{"id":"a","error":null,"choices":[' .. CHOICE .. "," .. failed .. "]}")
    fails("server", "w", '{"choices":[{"text":"","error":{"message":"w","code":502}}]}', "complete", { model = "m" })
  end)

  it("of a response counts by its status" .. SOURCE, function()
    local body = '{"id":"resp_1","object":"response","status":"%s","error":%s,"output":[],"incomplete_details":null}'
    local words = '{"code":"server_error","message":"The model failed."}'
    fails("server", "The model failed.", body:format("failed", words), "respond", { model = "m" })
    fails("server", "The model failed.", body:format("failed", words), "get_response", "resp_1")
    fails("api", "the service reported a failure", body:format("failed", "null"), "respond", { model = "m" })
    for _, status in ipairs { "completed", "incomplete", "in_progress", "queued", "cancelled" } do
      assert.equal(status, succeeds(body:format(status, "null"), "respond", { model = "m" }).status)
    end
  end)

  it("of a deferred result counts" .. SOURCE, function()
    fails("server", "w", '{"id":"a","choices":[],"error":{"message":"w","code":502}}', "get_deferred", "id-1")
    fails("server", "w", '{"choices":[{"error":{"message":"w","code":502}}]}', "get_deferred", "id-1")
  end)

  it("is none where nothing is said" .. SOURCE, function()
    for _, nothing in ipairs { "null", "{}", "false", '""', "[]", "0", '{"message":null,"code":0}' } do
      succeeds('{"id":"a","choices":[' .. CHOICE .. '],"error":' .. nothing .. "}")
      succeeds('{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop","error":' .. nothing .. "}]}")
      succeeds('{"id":"r","status":"completed","output":[],"error":' .. nothing .. "}", "respond", { model = "m" })
    end
    succeeds('{"id":"a","choices":[{"index":0,"message":{"content":"\\"error\\": {\\"message\\":\\"x\\"}"}}]}')
    succeeds('{"choices":[{"message":{"tool_calls":[{"error":"x"}],"error":"inside"},"finish_reason":"stop"}]}')
    succeeds('{"id":"a","choices":[],"metadata":{"error":"x","status":"failed"}}')
    succeeds('{"id":"a","state":"done","error":{"message":"of a job"}}', "request", { path = "/v1/jobs/1" })
    succeeds('{"status":"failed"}', "request", { path = "/v1/jobs/1" })
  end)

  it("is one where there is nothing but it, however it is named" .. SOURCE, function()
    for body, words in pairs {
      ['{"object":"error","message":"CUDA out of memory","type":"InternalServerError","param":null,"code":500}'] =
        "CUDA out of memory",
      ['{"code":500,"msg":"404 NOT_FOUND","success":false}'] = "404 NOT_FOUND",
      ['{"error_code":503,"error_msg":"The service is busy"}'] = "The service is busy",
      ['{"errors":[{"message":"Cannot query field","code":500}],"data":null,"code":500}'] = "Cannot query field",
      ['{"data":null,"error":{"message":"w","code":500}}'] = "w",
      ['{"status":"error","code":500,"message":"w"}'] = "w", ['{"type":"error","code":500,"msg":"w"}'] = "w",
    } do
      fails("server", words, body)
    end
    for _, body in ipairs {
      '{"object":"list","data":[],"errors":[],"success":true}',
      '{"id":"b","object":"batch","errors":{"data":[1]}}',
      '{"success":false,"id":"x"}', '{"object":"model"}', '{"message":"w","errors":null}', '{"status":"done","code":0}',
    } do
      succeeds(body)
    end
    succeeds('{"errors":[{"message":"w"}],"data":null}', "request", { path = "/graphql", body = {} })
    succeeds('{"success":false}', "request", { path = "/v1/x" })
  end)

  it("that passes is asked for again" .. SOURCE, function()
    local result, _, info, requests = ask({
      scripted.answer(200, JSON, '{"id":"a","choices":[],"error":{"message":"w","code":503}}'),
      scripted.answer(200, JSON, '{"id":"b","choices":[' .. CHOICE .. "]}"),
    }, "chat", HI, { max_retries = 2 })
    assert.same({ "b", 2, 2 }, { result and result.id, info.attempts, requests })
  end)
end)

describe("The end of a stream", function()
  local SOURCE = " (nodetool-ai/nodetool#5755)"
  local BEGUN = 'data: {"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}\n\n'

  local function streams(events, name)
    local body = name == "respond" and { model = "m", stream = true, input = "Hi" }
      or { model = "m", stream = true, messages = HI.messages }
    return ask({ scripted.answer(200, EVENTS, events) }, name, body)
  end

  it("that is a choice with an error is a failure with what had come" .. SOURCE, function()
    local last = '{"id":"a","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error",'
      .. '"error":{"code":502,"message":"Provider disconnected"}}]}'
    local result, _, info = streams(BEGUN .. "data: " .. last .. "\n\ndata: [DONE]\n\n")
    assert.same({ nil, "server", "Provider disconnected" }, { result, info.kind, info.message })
    assert.equal("Hel", info.partial.choices[1].message.content)
  end)

  it("that is a chunk with an error is one, too" .. SOURCE, function()
    local last = '{"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"error"}],'
      .. '"error":{"code":"server_error","message":"Provider disconnected"}}'
    local result, _, info = streams(BEGUN .. "data: " .. last .. "\n\ndata: [DONE]\n\n")
    assert.same({ nil, "server", "Provider disconnected" }, { result, info.kind, info.message })
  end)

  it("that is nothing but an error is one, however it is named" .. SOURCE, function()
    for _, event in ipairs {
      '{"object":"error","message":"w","type":"InternalServerError","param":null,"code":500}',
      '{"error_code":503,"error_msg":"w"}', '{"success":false,"code":"500","msg":"w"}',
    } do
      local result, _, info = streams(BEGUN .. "data: " .. event .. "\n\ndata: [DONE]\n\n")
      assert.same({ event, nil, "server", "w" }, { event, result, info and info.kind, info and info.message })
      assert.equal("Hel", info.partial.choices[1].message.content)
      for _, name in ipairs { "chat", "respond" } do
        local none, _, why = streams("data: " .. event .. "\n\n", name)
        assert.same({ event, nil, "server", "w" }, { event, none, why and why.kind, why and why.message })
      end
    end
  end)

  it("is none where an error says nothing" .. SOURCE, function()
    for _, nothing in ipairs { "null", "{}", "false", '""' } do
      local result, message = streams(BEGUN .. 'data: {"id":"a","error":' .. nothing
        .. ',"choices":[{"index":0,"delta":{},"finish_reason":"stop","error":' .. nothing .. "}]}\n\ndata: [DONE]\n\n")
      assert.same({ nothing, nil }, { nothing, message })
      assert.equal("Hel", result.choices[1].message.content)
    end
  end)

  it("is not explained by what the model said, or by what it was asked (CopilotKit/aimock)", function()
    local body = '{"id":"a","object":"response","status":"failed","instructions":"Be kind.",'
      .. '"tools":[{"type":"function","name":"f","description":"Says the time."}],'
      .. '"text":{"format":{"type":"json_schema","schema":{"properties":{"x":{"description":"A place."}}}}},'
      .. '"input":[{"content":[{"text":"Hi"}]}],"reasoning":{"text":"Hm"},'
      .. '"output":[{"type":"message","content":[{"type":"output_text","text":"I can\'t"}]}]%s}'
    for _, more in ipairs { { "", "the service reported a failure" },
      { ',"incomplete_details":{"reason":"content_filter"}', "content_filter" },
      { ',"error":{"details":[{"text":"Too late"}]}', "Too late" } } do
      fails("api", more[2], body:format(more[1]), "respond", { model = "m" })
      local event = ('data: {"type":"response.completed","response":%s}\n\n'):format(body:format(more[1]))
      local result, _, info = ask({ scripted.answer(200, EVENTS, event) }, "respond", { model = "m", stream = true })
      assert.same({ nil, "api", more[2] }, { result, info.kind, info.message })
    end
  end)

  it("by an event whose response has failed is a failure" .. SOURCE, function()
    local response = '{"id":"r","status":"%s","output":[],"error":{"code":"rate_limit_exceeded","message":"w"}}'
    for _, event in ipairs { "response.completed", "response.done", "response.failed" } do
      local result, _, info = streams(('event: %s\ndata: {"type":"%s","response":%s}\n\n'):format(event, event,
        response:format("failed")), "respond")
      assert.same({ event, nil, "rate_limit", "w" }, { event, result, info.kind, info.message })
    end
    local result, message = streams('data: {"type":"response.incomplete","response":{"id":"r","status":"incomplete",'
      .. '"error":null,"output":[]}}\n\n', "respond")
    assert.same({ nil, "incomplete" }, { message, result and result.status })
  end)
end)

-- Case 19 ---------------------------------------------------------------------------------------

describe("A lack of money", function()
  local SOURCE = " (anomalyco/opencode#48330)"

  local function kind_of(status, body)
    local _, _, info = answered(status, body)
    return info.kind
  end

  it("is quota under 402, whatever is said" .. SOURCE, function()
    for _, body in ipairs { "", "{}", '{"error":{"message":"w"}}', "<html><title>402</title></html>" } do
      local _, _, info = answered(402, body)
      assert.same({ body, "quota", false, "no" }, { body, info.kind, info.retryable, info.billed })
    end
    local _, message = answered(402, "")
    assert.equal("HTTP 402 quota: Payment Required", message)
  end)

  it("is quota by its words under any status of a wrong request" .. SOURCE, function()
    for _, words in ipairs {
      "Your credit balance is too low to access the API. Please go to Plans & Billing.", "Insufficient Balance",
      "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.",
      "Insufficient credits. Add more using https://example.com/credits", "You have run out of credits",
      "This request requires more credits, or fewer max_tokens.", "Not enough credits.",
      "Your account balance is insufficient", "balance is not enough", "Your team has used all available credits",
      "Your quota has been exceeded", "credits exhausted", "insufficient account balance", "No credits remaining",
      "Out of credits!", "Negative balance", "monthly spending limit reached", "Budget has been exceeded! Max: 1.0",
      "\\u4f59\\u989d\\u4e0d\\u8db3", "quota_exceeded",
    } do
      for _, status in ipairs { 400, 403, 404, 422 } do
        local body = '{"error":{"message":"' .. words .. '"}}'
        assert.same({ words, status, "quota" }, { words, status, kind_of(status, body) })
      end
      assert.same({ words, "quota" }, { words, kind_of(400, '{"error":{"code":"' .. words .. '","message":"w"}}') })
    end
  end)

  it("is quota under 429, too, unless it may be that of a minute (adolfousier/opencrabs#1254)", function()
    for _, body in ipairs {
      '{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}',
      '{"error":{"code":"1113","message":"\\u4f59\\u989d\\u4e0d\\u8db3"}}', '{"error":"Insufficient balance"}',
      '{"error":{"message":"Budget has been exceeded! Max budget: 5","type":"budget_exceeded","code":"429"}}',
      '{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":null}}',
      '{"error":{"message":"Your account balance is too low"}}',
    } do
      assert.same({ body, "quota" }, { body, kind_of(429, body) })
      assert.same({ body, "quota" }, { body, kind_of(200, body) })
    end
  end)

  it("is not read into other texts" .. SOURCE, function()
    for _, words in ipairs {
      "The tool 'credit_balance' was not found", "Unbalanced brackets: balance them", "messages: the last is too low",
      "tools.0.get_balance: not enough arguments", "temperature is too low; credit: the authors",
      "max_tokens must be greater than thinking.budget_tokens", "thinking budget is too low",
      "There is no model for credit scoring", "body.credits: field required", "Unknown parameter: quota",
      "monthly is no value of 'interval'", "payment: a string is required", "The prompt is out of bounds",
      "context length exceeded", "Model not found: spending-limit-7b",
      "No credit card number may be sent", "The function get_balance: no balance parameter", "no credits field",
    } do
      for _, status in ipairs { 400, 422 } do
        local expected = status == 400 and "bad_request" or "unprocessable"
        assert.same({ words, expected }, { words, kind_of(status, '{"error":{"message":"' .. words .. '"}}') })
      end
    end
    assert.equal("rate_limit", kind_of(429, '{"error":{"message":"Quota exceeded for requests per minute"}}'))
    assert.equal("rate_limit", kind_of(429, '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":'
      .. '"You exceeded your current quota, please check your plan and billing details."}}'))
    assert.equal("authentication", kind_of(400, '{"error":"Incorrect API key provided"}'))
    assert.equal("server", kind_of(500, '{"error":"credit balance is too low"}'))
  end)
end)

-- Cases 20, 21 ----------------------------------------------------------------------------------

local LOC = '[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required","input":{}},'
  .. '{"type":"string_type","loc":["body","model"],"msg":"Input should be a valid string"}]'

-- The body and the words that are told of it.
local BODIES = {
  ["a list"] = { '[{"error":{"message":"API key not valid.","code":400,"status":"INVALID_ARGUMENT"}}]',
    "API key not valid." },
  ["a list of texts"] = { '["no such model","no such key"]', "no such model; no such key" },
  ["FastAPI's text"] = { '{"detail":"Not authenticated"}', "Not authenticated" },
  ["FastAPI's list"] = { '{"detail":' .. LOC .. "}",
    "body.messages.0.role: Field required; body.model: Input should be a valid string" },
  ["FastAPI's list as an error"] = { '{"error":{"message":' .. LOC .. "}}",
    "body.messages.0.role: Field required; body.model: Input should be a valid string" },
  ["FastAPI's object"] = { '{"detail":{"error":{"message":"w","code":"c"}}}', "w" },
  ["XML"] = { '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>No &lt;access&gt; '
    .. "&amp; no key</Message><RequestId>1</RequestId></Error>", "No <access> & no key" },
  ["XML without a declaration"] = { "<Error>\n  <Message>\n    w\n  </Message></Error>", "w" },
  ["XML with CDATA"] = { "<Error><Message><![CDATA[a < b]]></Message></Error>", "a < b" },
  ["XML with namespaces"] = { '<s:Envelope xmlns:s="x"><s:Body><s:Fault><faultcode>c</faultcode>'
    .. "<faultstring>w</faultstring></s:Fault></s:Body></s:Envelope>", "w" },
  ["XML of no known kind"] = { '<?xml version="1.0"?><a><b>secret page</b></a>', "an XML document" },
  ["HTML"] = { "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>" .. ("<p>x"):rep(9999),
    "502 Bad Gateway" },
  ["HTML with words like those of XML"] = { "<html><body><message>no</message></body></html>", "an HTML page" },
  ["HTML within JSON"] = { '{"error":{"message":"<html><head><title>504 Time-out</title></head></html>"}}',
    "504 Time-out" },
  ["plain text"] = { "  upstream connect error\n", "upstream connect error" },
  ["a problem document"] = { '{"type":"https://example.com/out","title":"You do not have enough time.","status":403,'
    .. '"detail":"30 s are left, but that takes 50.","instance":"/a/1"}',
    "You do not have enough time: 30 s are left, but that takes 50." },
  ["a problem document without detail"] = { '{"title":"Bad Thing","status":400}', "Bad Thing" },
  ["validation errors by field"] = { '{"title":"One or more validation errors occurred.","status":400,'
    .. '"errors":{"Model":["The Model field is required."]}}',
    "One or more validation errors occurred: Model: The Model field is required." },
  ["a list of errors"] = { '{"errors":[{"message":"first","code":7},{"message":"second"}]}', "first; second" },
  ["errors beside a message"] = { '{"message":"Validation Failed","errors":[{"field":"a","message":"is too long"}]}',
    "Validation Failed: is too long" },
  ["a reason that is a string"] = { '{"error":{"message":"Provider returned error","code":400,'
    .. '"metadata":{"raw":"model is busy","provider_name":"p"}}}', "Provider returned error: model is busy" },
  ["a reason that is JSON in a string"] = { '{"error":{"message":"Provider returned error","code":5,"metadata":{"raw":'
    .. '"{\\"error\\":{\\"message\\":\\"tools.0: \\\\\\"x\\\\\\" is unknown\\"}}"}}}',
    'Provider returned error: tools.0: "x" is unknown' },
  ["a reason that is an object"] = { '{"error":{"message":"Provider error","metadata":{"raw":{"detail":"w"}}}}',
    "Provider error: w" },
  ["a reason that is a page"] = { '{"error":{"message":"Provider returned error","metadata":{"raw":'
    .. '"<html><title>502 Bad Gateway</title></html>"}}}', "Provider returned error: 502 Bad Gateway" },
  ["a reason that is the message"] = { '{"error":{"message":"w","metadata":{"raw":"w"}}}', "w" },
  ["reasons of moderation"] = { '{"error":{"message":"Your input was flagged","metadata":{"reasons":["violence"]}}}',
    "Your input was flagged: violence" },
  ["a vague error and a message"] = { '{"statusCode":400,"error":"Bad Request","message":"model is required"}',
    "Bad Request: model is required" },
  ["a vague message and a deeper one"] = { '{"error":{"message":"Provider returned error","inner":{"cause":"w"}}}',
    "Provider returned error: w" },
  ["a code in place of the error"] = { '{"error":"invalid_grant","error_description":"The grant is over."}',
    "The grant is over." },
  ["a flag and a message"] = { '{"error":true,"message":"w"}', "w" },
  ["capital letters"] = { '{"Message":"User is not authorized"}', "User is not authorized" },
  ["another name"] = { '{"fault":{"faultstring":"w","detail":{"errorcode":"e"}}}', "w" },
  ["words in the depth"] = { '{"meta":{"took":1},"result":{"status":{"id":"x","msg":"w"}}}', "w" },
  ["a text in a text"] = { '"{\\"error\\":\\"w\\"}"', "w" },
  ["an event"] = { 'event: error\ndata: {"error":{"message":"w"}}\n\n', "w" },
  ["JSON that breaks off"] = { '{"id":"x","error":{"message":"the words are', "the words are" },
  ["a byte order mark"] = { '\239\187\191{"error":{"message":"w"}}', "w" },
  ["a text by language"] = { '{"error":{"code":"","message":{"lang":"en-US","value":"The bad"}}}', "The bad" },
  ["a text in one language"] = { '{"status":"error","message":{"en":"Bad thing"}}', "Bad thing" },
  ["a text under a name with a dot"] = { '{"odata.error":{"code":"x","message":{"lang":"en","value":"w"}}}', "w" },
  ["lists of texts by field"] = { '{"name":["This field is required."],"age":["A number is required.","No."]}',
    "name: This field is required.; age: A number is required.; No." },
  ["a usual name below an unknown one"] = { '{"details":{"id":"abc","inner":{"message":"w"}}}', "w" },
  ["a list of objects under an unknown name"] = { '{"failures":[{"reason":"w"}]}', "w" },
  ["a list of texts beside nothing"] = { '{"errorMessages":["x is bad"],"errors":{}}', "x is bad" },
  ["a status with words"] = { '{"base_resp":{"status_code":1004,"status_msg":"login fail"}}', "login fail" },
  ["an error in an error"] = { '{"error":{"error":{"code":"c","message":"w"}}}', "w" },
  ["an object that is no JSON"] = { "{'reason': 'w'}", "{'reason': 'w'}" },
  ["HTML with a headline alone"] = { "<html><body><h1>503 Service Unavailable</h1>\nNo server.\n</body></html>",
    "503 Service Unavailable" },
  ["codes alone"] = { '{"error":{"type":"no_such_thing","code":"x"}}', "Bad Request" },
  ["another name for it"] = { '{"error_code":336,"error_msg":"w"}', "w" },
  ["text in GBK"] = { "\199\235\199\243 timeout \214", "???? timeout ?" },
  ["JSON in Latin-1"] = { '{"error":{"message":"Schl\252ssel fehlt"}}', "Schl?ssel fehlt" },
  ["bytes that only continue"] = { ("\128"):rep(2000), ("?"):rep(500) },
  ["nothing under a usual name"] = { '{"a":{"b":[1,{"c":"d"}]}}', "Bad Request" },
  ["nothing"] = { "", "Bad Request" },
}

describe("An error body that is", function()
  for name, row in pairs(BODIES) do
    it(name .. " is told by its words (zed-industries/zed#64424)", function()
      local result, message, info = answered(400, row[1])
      assert.same({ nil, row[2] }, { result, info.message })
      assert.equal("HTTP 400 bad_request: " .. row[2], message)
      assert.equal(row[1], info.body or "")
    end)
  end

  it("long in any shape is told in 500 bytes, whole characters", function()
    local long = ("€"):rep(20000)
    for _, body in ipairs { long, '{"detail":"' .. long .. '"}', '[{"error":{"message":"' .. long .. '"}}]',
      "<Error><Message>" .. long .. "</Message></Error>", "<title>" .. long .. "</title>",
      '{"error":{"message":"Provider returned error","metadata":{"raw":"' .. long .. '"}}}',
      '{"errors":["' .. long .. '","' .. long .. '"]}', '{"x":{"y":{"reason":"' .. long .. '"}}}',
      '{"error":{"message":"' .. long } do
      local _, _, info = answered(400, body)
      assert.is_true(#info.message <= 500 and #info.message > 480)
      assert.equal("", (info.message:gsub("^[%w :]+", ""):gsub("€", "")))
    end
  end)

  it("deep or full of itself is told quickly", function()
    for _, body in ipairs {
      ('{"error":'):rep(50000) .. '"w"' .. ("}"):rep(50000), ("["):rep(100000) .. ("]"):rep(100000),
      ('{"detail":[{"a":1},'):rep(3000), '{"a":[' .. ('{"b":[{"c":1}]},'):rep(20000) .. "1]}",
      ("<a>"):rep(100000), "<?xml" .. ("<"):rep(100000), ('"\\"'):rep(10000),
    } do
      local _, _, info = answered(400, body)
      assert.same({ "bad_request", true }, { info.kind, #info.message <= 500 })
    end
  end)

  it("full of the key shows no key (zed-industries/zed#64424)", function()
    local KEY = "xai-spec-0123456789abcdef"
    for _, body in ipairs {
      '[{"error":{"message":"key ' .. KEY .. '"}}]', '{"detail":[{"loc":["body"],"msg":"' .. KEY .. '"}]}',
      "<Error><Code>" .. KEY .. "</Code><Message>" .. KEY .. "</Message></Error>",
      '{"error":{"message":"Provider returned error","metadata":{"raw":"{\\"error\\":\\"' .. KEY .. '\\"}"}}}',
      '{"error":"' .. KEY .. '","message":"' .. KEY .. '"}', '{"a":{"reason":"' .. KEY .. '"}}',
    } do
      for _, status in ipairs { 400, 500 } do
        local _, message, info = answered(status, body)
        for _, text in ipairs { message, info.message, info.body, info.code or "" } do
          assert.is_nil(text:find(KEY, 1, true))
        end
      end
    end
  end)

  it("has its code and type under the names of other services", function()
    for body, tags in pairs {
      ['{"__type":"ValidationException","message":"w"}'] = { "ValidationException" },
      ['{"error_code":336,"error_msg":"w"}'] = { nil, "336" },
      ['{"errorCode":"E1","errorMessage":"w"}'] = { nil, "E1" },
      ['{"error":{"message":"w","code":"Schl\252ssel","type":"\255"}}'] = { "?", "Schl?ssel" },
    } do
      local _, _, info = answered(400, body)
      assert.same({ body, "w", tags[1], tags[2] }, { body, info.message, info.type, info.code })
    end
  end)

  it("a reason under another status has the kind of that status (zed-industries/zed#64424)", function()
    local _, _, info = answered(429, '{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":'
      .. '"m is temporarily rate-limited upstream"}}}')
    assert.same({ "rate_limit", "429", "Provider returned error: m is temporarily rate-limited upstream" },
      { info.kind, info.code, info.message })
  end)
end)

-- Case 22 ---------------------------------------------------------------------------------------

describe("A byte order mark", function()
  local BOM = "\239\187\191"

  it("before an answer is skipped (cloudflare/workerd#4977)", function()
    local body = BOM .. '{"id":"a","choices":[' .. CHOICE .. '],"none":[]}'
    assert.equal("a", succeeds(body).id)
    assert.equal("a", succeeds(body, "request", { path = "/v1/x" }).id)
    assert.equal("a", succeeds(BOM .. "\r\n" .. body:sub(4)).id)
    assert.equal("x", succeeds(BOM .. '{"id":"x"}', "get_model", "x").id)
    local result = answered(200, body, "chat", { model = "m", stream = true, messages = HI.messages })
    assert.equal("a", result.id)
  end)

  it("before a text is skipped by xai.decode (cloudflare/workerd#4977)", function()
    assert.same({ 1 }, xai.decode(BOM .. "[1]"))
    assert.is_nil((xai.decode(BOM)))
    assert.is_nil((xai.decode(BOM .. BOM .. "[1]")))
    assert.equal(BOM, xai.decode('"' .. BOM .. '"'))
  end)

  it("alone is no answer (cloudflare/workerd#4977)", function()
    local _, _, info = answered(200, BOM)
    assert.equal("decode", info.kind)
  end)
end)
