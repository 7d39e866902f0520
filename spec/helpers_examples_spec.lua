--- The examples of fixtures/helpers.md run word for word, each behind those before it: in a plain script and in a task.

local programs = require "spec.support.programs"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

--- The examples by their headings.
local function examples()
  local found, count = {}, 0
  for title, code in slurp("spec/fixtures/helpers.md"):gmatch "\n## ([^\n]*)\n\n```lua\n(.-)```" do
    found[title], count = code, count + 1
  end
  return found, count
end

local PRELUDE = [[
local xai = require "xai"
local client, model = xai.new(), "grok-4.5"
]]

-- What stands around each example: its heading, what the text has before it, what shows its
-- outcome, and the lines that it then prints.
local AROUND = {
  {
    "xai.await(start)", [[
local call = { name = "get_weather" }
local vim = { ui = { select = function(items, opts, done) done(items[1] .. ": " .. opts.prompt) end } }
]],
    "print(choice)", "Run it: get_weather\n",
  },
  {
    "JSON that keeps its order", "local t = { city = 'Oslo', kind = 'work', why = 'it says so' }\nprint(xai.encode(",
    "))", '{"why":"it says so","city":"Oslo","kind":"work"}\n',
  },
  {
    "Schemas and structured answers", "", [[
print(value.city, value.day, message, info.usage.total > 0)
print(xai.check(event, value))
print((select(2, xai.check(event, { why = "", city = "Oslo", day = 3, kind = "work", people = { "Anna", 5 } }))))
print(xai.encode(event):match '"properties":{"why".-"city".-"day".-"kind".-"people".-"note"' ~= nil)
]], "Oslo\t3\tnil\ttrue\ntrue\npeople[2]: expected a string, got a number\ntrue\n",
  },
  {
    "Tools", "", "print(xai.finish(answer), message)",
    'get_weather\t{"city":"Oslo"}\nget_weather\t{"city":"Rome"}\n'
      .. 'web_search\t{"query":"Is it warmer in Oslo or in Rome?","sources":[],"type":"search"}\n'
      .. "Here is what I found. Oslo: celsius 9; Rome: celsius 24.SOURCE\t2\tUSD\nstop\tnil\n",
  },
  {
    "Conversations", "", [[
print()
print(#talk.items == #other.items, #other.items == #again.items, saved == xai.encode(again:dump()))
print((again:ask "And what is my name?"))
]], "Here is what I found. Rome: celsius 24.\tnil\tINFO\nYour name is Ada.\ntrue\ttrue\ttrue\nYour name is Ada.\n",
  },
}

--- What examples print, with what differs from run to run named.
local function printed(source)
  local output, code = programs.run_text(source)
  assert.equal(0, code, output)
  return (output:gsub("\t[%a.]+: 0x%x+\n", "\tINFO\n"):gsub("24%.%[%[1%]%]%S+\t2\t0%.%d+\n", "24.SOURCE\t2\tUSD\n"))
end

describe("the examples of the helpers", function()
  local found, count = examples()
  local source, expected = {}, {}
  for i, row in ipairs(AROUND) do
    source[i] = row[2] .. (found[row[1]] or "") .. row[3] .. "\n"
    expected[i] = row[4]
  end
  source, expected = table.concat(source), table.concat(expected)

  it("are those that are run here", function()
    assert.equal(#AROUND, count)
    for _, row in ipairs(AROUND) do assert.is_string(found[row[1]], row[1]) end
  end)

  it("run in a plain script", function()
    assert.equal(expected, printed(PRELUDE .. source))
  end)

  it("run in a task", function()
    assert.equal(expected, printed(PRELUDE .. "xai.run(function()\n" .. source .. "end)\n"))
  end)
end)
