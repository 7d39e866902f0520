--- Forty scripted runs of client:run_tools, each by respond, chat and message, whole and streamed.
--
-- A row has what the model says (`says`: lists of calls, then a text), the options of the run (`opts`, or a
-- function that makes them), how it ends (`ends`: the text, or kind and code), and the results that the last
-- body of the run has (`sent`), in order.  `rounds` and `ran` count requests and functions that were run.

local live = require "spec.support.live"
local scripted = require "spec.support.scripted"
local streamed = require "spec.support.streamed"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }

-- Tools ----------------------------------------------------------------------------------------------

local ran, at_once, most

--- Functions of tools; each counts.
local FUNCTIONS = {
  weather = function(args) return args.city .. " is fine" end,
  add = function(args) return args.a + args.b end,
  list = function() return { 1, 2, { deep = true } } end,
  empty = function() return "" end,
  silent = function() end,
  no = function() return false end,
  refuse = function() return nil, "no such city" end,
  fail = function() error("out of order", 0) end,
  fail_table = function() error { message = "lost" } end,
  fail_bare = function() error {} end,
  fail_lines = function() error("first\nsecond", 0) end,
  no_json = function() return print end,
  not_utf8 = function() return "a\255b" end,
  slow = function(args)
    xai.sleep(0.002)
    return args.city
  end,
  first_last = function(args) -- the first call ends last
    if args.city == "Rome" then xai.sleep(0.01) end
    return args.city
  end,
  never = function() xai.await(function() end) end,
  changes = function(args)
    args.city = nil
    return "changed"
  end,
}

local SCHEMAS = {
  add = s.object(s.number "a", s.number "b"),
  changes = s.object(s.string "city"),
  weather = s.object(s.string "city"),
}

local function tools_of()
  local list = {}
  for name, f in pairs(FUNCTIONS) do
    list[#list + 1] = {
      name = name, parameters = SCHEMAS[name], serial = name == "slow" or nil,
      run = function(args, call)
        ran, at_once = ran + 1, at_once + 1
        most = math.max(most, at_once)
        local function done(...)
          at_once = at_once - 1
          return ...
        end
        if name:find "^fail" then at_once = at_once - 1 end
        return done(f(args, call))
      end,
    }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- Scripts --------------------------------------------------------------------------------------------

local count = 0

--- A call of a tool; ids are c1, c2, ... in each script.
local function call(name, arguments)
  count = count + 1
  return { "c" .. count, name, arguments or '{"city":"Rome"}' }
end

local function rome(name) return call(name or "weather") end
local function oslo(name) return call(name or "weather", '{"city":"Oslo"}') end

local function script(f)
  return function()
    count = 0
    return f()
  end
end

local function approve(answers)
  return function(one)
    local answer = answers[one.id]
    if type(answer) == "table" then return answer[1], answer[2] end
    return answer
  end
end

local function with(more) return function() return more end end

local END = "It is warm."
local REFUSED = "error: the user did not allow this call"
local CANCELLED = "error: cancelled"
local NOT_RUN = "error: not run: the limit of calls was reached"

local SCRIPTS = {
  { "no call", says = { END }, sent = {}, rounds = 1, ran = 0 },
  { "one call", says = { { rome } , END }, sent = { "Rome is fine" }, ran = 1 },
  { "two calls", says = { { rome, oslo }, END }, sent = { "Rome is fine", "Oslo is fine" }, ran = 2 },
  { "two calls of which the first ends last", says = { { "first_last", "first_last Oslo" }, END },
    sent = { "Rome", "Oslo" }, ran = 2 },
  { "nine calls, eight at once", says = { { rome, rome, rome, rome, rome, rome, rome, rome, oslo }, END },
    sent = { "Rome is fine", "Rome is fine", "Rome is fine", "Rome is fine", "Rome is fine", "Rome is fine",
      "Rome is fine", "Rome is fine", "Oslo is fine" }, ran = 9 },
  { "calls one by one by parallel = 1", says = { { "first_last", "first_last Oslo" }, END },
    opts = with { parallel = 1 }, sent = { "Rome", "Oslo" }, ran = 2, most = 1 },
  { "calls of a serial tool", says = { { "slow", "slow Oslo", "slow" }, END }, sent = { "Rome", "Oslo", "Rome" },
    ran = 3, most = 1 },
  { "two rounds of calls", says = { { rome }, { oslo }, END }, sent = { "Rome is fine", "Oslo is fine" }, rounds = 3,
    ran = 2 },
  { "five rounds of calls", says = { { rome }, { rome }, { rome }, { rome }, { oslo }, END }, rounds = 6, ran = 5,
    sent = { "Rome is fine", "Rome is fine", "Rome is fine", "Rome is fine", "Oslo is fine" } },
  { "a number as result", says = { { { "add", '{"a":2,"b":3}' } }, END }, sent = { "5" }, ran = 1 },
  { "a table as result", says = { { "list" }, END }, sent = { '[1,2,{"deep":true}]' }, ran = 1 },
  { "an empty result", says = { { "empty" }, END }, sent = { "" }, ran = 1 },
  { "no result", says = { { "silent" }, END }, sent = { "null" }, ran = 1 },
  { "false as result", says = { { "no" }, END }, sent = { "false" }, ran = 1 },
  { "a result that is not UTF-8", says = { { "not_utf8" }, END }, sent = { "a\239\191\189b" }, ran = 1 },
  { "a result that is no JSON", says = { { "no_json" }, END }, ran = 1, sent = {
    "error: the tool's result is no JSON: xai.encode: body is a function, which JSON cannot express" } },
  { "a tool that refuses", says = { { "refuse" }, END }, sent = { "error: no such city" }, ran = 1 },
  { "a tool that raises", says = { { "fail" }, END }, sent = { "error: out of order" }, ran = 1 },
  { "a tool that raises a table", says = { { "fail_table" }, END }, sent = { "error: lost" }, ran = 1 },
  { "a tool that raises a table without words", says = { { "fail_bare" }, END }, ran = 1,
    sent = { "error: the tool raised a table" } },
  { "a tool that raises two lines", says = { { "fail_lines" }, END }, sent = { "error: first" }, ran = 1 },
  { "a failure among others", says = { { rome, "fail", oslo }, END }, ran = 3,
    sent = { "Rome is fine", "error: out of order", "Oslo is fine" } },
  { "a tool that changes its arguments", says = { { "changes" }, END }, sent = { "changed" }, ran = 1 },
  { "arguments that are wrong", says = { { { "weather", '{"city":5}' } }, END }, ran = 0,
    sent = { "error: the arguments are wrong: city: expected a string, got a number" } },
  { "arguments that lack a member", says = { { { "weather", "{}" } }, END }, ran = 0,
    sent = { "error: the arguments are wrong: city: is missing" } },
  { "arguments that are wrong among others", says = { { rome, { "weather", '{"city":5}' }, oslo }, END }, ran = 2,
    sent = { "Rome is fine", "error: the arguments are wrong: city: expected a string, got a number",
      "Oslo is fine" } },
  { "arguments that are no JSON", says = { { { "weather", '{"city":' } }, END }, not_by = "message", ran = 0,
    sent = { "error: the arguments are no JSON" } },
  { "no arguments", says = { { { "silent", "" } }, END }, not_by = "message", sent = { "null" }, ran = 1 },
  { "a name that is unknown, then a right one", says = { { { "climate", "{}" } }, { rome }, END }, ran = 1,
    sent = { "error: there is no tool 'climate'; the tools are: add, changes, empty, fail, fail_bare, fail_lines, "
      .. "fail_table, first_last, list, never, no, no_json, not_utf8, refuse, silent, slow, weather",
      "Rome is fine" } },
  { "as many rounds as may be", says = { { rome }, END }, opts = with { max_rounds = 2 }, sent = { "Rome is fine" },
    ran = 1 },
  { "one round more than may be", says = { { rome }, { oslo } }, opts = with { max_rounds = 2 }, ran = 2,
    ends = "limit max_rounds", sent = { "Rome is fine", "Oslo is fine" }, rounds = 2 },
  { "as many calls as may be", says = { { rome, oslo }, END }, opts = with { max_calls = 2 }, ran = 2,
    sent = { "Rome is fine", "Oslo is fine" } },
  { "one call more than may be", says = { { rome }, { rome, oslo } }, opts = with { max_calls = 2 }, ran = 1,
    ends = "limit max_calls", sent = { "Rome is fine", NOT_RUN, NOT_RUN }, rounds = 2 },
  { "a tool that never returns, until the deadline", says = { { rome, "never" } }, opts = with { deadline = 0.05 },
    ends = "limit deadline", sent = { "Rome is fine", CANCELLED }, rounds = 1, ran = 2 },
  { "a call that is allowed", says = { { rome }, END }, sent = { "Rome is fine" }, ran = 1,
    opts = function() return { approve = approve { c1 = true } } end },
  { "a call that is not allowed", says = { { rome, oslo }, END }, ran = 1, sent = { REFUSED, "Oslo is fine" },
    opts = function() return { approve = approve { c1 = false, c2 = true } } end },
  { "a call that is not allowed, with a reason", says = { { rome }, END }, ran = 0, sent = { "error: too late" },
    opts = function() return { approve = approve { c1 = { false, "too late" } } } end },
  { "a call that waits for an answer", says = { { rome, oslo } }, ends = "pending", sent = { "Oslo is fine" }, ran = 1,
    opts = function() return { approve = approve { c2 = true } } end, rounds = 1, is_open = true },
  { "a call that waits and is allowed then", says = { { rome, oslo }, END }, answers = { c1 = true }, ran = 2,
    opts = function() return { approve = approve { c2 = true } } end, sent = { "Rome is fine", "Oslo is fine" } },
  { "a call that waits and is refused then", says = { { rome, oslo }, END }, answers = { c1 = false }, ran = 1,
    opts = function() return { approve = approve { c2 = true } } end, sent = { REFUSED, "Oslo is fine" } },
  { "a call that waits and is answered then", says = { { rome, oslo }, END }, answers = { c1 = { celsius = 24 } },
    ran = 1, opts = function() return { approve = approve { c2 = true } } end,
    sent = { '{"celsius":24}', "Oslo is fine" } },
  { "an end by on_round", says = { { rome } }, ends = "calls", sent = { "Rome is fine" }, ran = 1, rounds = 1,
    opts = function() return { on_round = function() return false end } end },
  { "a failure of the second request", says = { { rome }, 500 }, ends = "server", sent = { "Rome is fine" }, ran = 1 },
}

-- Playing --------------------------------------------------------------------------------------------

--- The calls of a round: functions, names of tools (with "Oslo" behind it), or { name, arguments }.
local function calls_of(list)
  local calls = {}
  for i, one in ipairs(list) do
    if type(one) == "function" then
      calls[i] = one()
    elseif type(one) == "table" then
      calls[i] = call(one[1], one[2])
    else
      local name, city = one:match "^(%S+) ?(%S*)$"
      calls[i] = city == "Oslo" and oslo(name) or rome(name)
    end
  end
  return calls
end

local function stream_of(name, answer)
  local decoded = xai.decode(xai.encode(answer))
  local list = {}
  for i, event in ipairs(streamed[name](decoded, nil, xai.encode)) do
    local is_mark = type(event) == "string"
    local head = not is_mark and event.type and "event: " .. event.type .. "\n" or ""
    list[i] = head .. "data: " .. (is_mark and event or xai.encode(event)) .. "\n\n"
  end
  return scripted.answer(200, { ["Content-Type"] = "text/event-stream" }, table.concat(list))
end

--- What the model says, as the server's answers.
local function answers_of(name, says, is_streamed)
  local list = {}
  for i, one in ipairs(says) do
    local more = { id = "r" .. i }
    local answer
    if type(one) == "number" then
      answer = scripted.answer(one, {}, "oops")
    elseif type(one) == "string" then
      answer = tool_stage.answer(name, {}, one, more)
    else
      answer = tool_stage.answer(name, calls_of(one), nil, more)
    end
    list[i] = is_streamed and type(answer) == "table" and stream_of(name, answer) or answer
  end
  return list
end

--- The results in a body, as texts; those of failures begin with "error: ".
local function results_in(name, body)
  local list = {}
  local function add(text, is_error)
    local words = text:match '^{"error":(".*")}$'
    list[#list + 1] = words and "error: " .. xai.decode(words) or is_error and "error: " .. text or text
  end
  for _, item in ipairs(name == "respond" and body.input or body.messages) do
    if item.type == "function_call_output" then add(item.output) end
    if item.role == "tool" then add(item.content) end
    for _, block in ipairs(name == "message" and type(item.content) == "table" and item.content or {}) do
      if block.type == "tool_result" then add(block.content, block.is_error) end
    end
  end
  return list
end

local function body_for(name, is_streamed)
  local body = tool_stage.body(name, { tools = tools_of(), stream = is_streamed or nil })
  if name == "respond" then body.store = false end
  return body
end

--- Run a script.  Returns the answer, info, and how many requests there were.
local function run_script(row, name, is_streamed)
  ran, at_once, most = 0, 0, 0
  local says = script(function() return answers_of(name, row.says, is_streamed) end)()
  local opts = row.opts and row.opts() or {}
  if is_streamed then opts.on_part = function() end end
  local got, bodies = tool_stage.play(says, function(client)
    local answer, message, info = client:run_tools(name, body_for(name, is_streamed), opts)
    if row.answers then
      assert.equal("pending", info.kind, message)
      local again = { answers = row.answers, tools = tools_of(), on_part = opts.on_part }
      answer, message, info = client:run_tools(name, xai.decode(xai.encode(info.run.body)), again)
    end
    return answer, message, info
  end)
  return got[1], got[3], #bodies
end

--- How a run has ended: the text of its answer, or kind and code.
local function ending_of(answer, info)
  if not answer then return info.code and info.kind .. " " .. info.code or info.kind end
  local text = xai.text(answer)
  return text ~= "" and text or xai.finish(answer)
end

describe("the scripted runs", function()
  after_each(function() assert.equal(0, live()) end)

  it("are forty, at least, and each has a name of its own", function()
    local known = {}
    for _, row in ipairs(SCRIPTS) do
      assert.is_nil(known[row[1]])
      known[row[1]] = true
    end
    assert.is_true(#SCRIPTS >= 40)
  end)

  for _, row in ipairs(SCRIPTS) do
    for _, name in ipairs(NAMES) do
      if row.not_by ~= name then
        for _, is_streamed in ipairs { false, true } do
          it(("%s, by %s%s"):format(row[1], name, is_streamed and ", streamed" or ""), function()
            local answer, info, requests = run_script(row, name, is_streamed)
            assert.equal(row.ends or END, ending_of(answer, info))
            same(row.sent, results_in(name, info.run.body))
            same({ row.ran, row.rounds or #row.says }, { ran, requests })
            assert.is_true(most <= (row.most or 8))
            if row.is_open then assert.equal("c1", info.run.pending[1].id) end
          end)
        end
      end
    end
  end
end)
