--- parts.lua - the parts of an answer, gathered and held against the readers.

local assert = require("luassert")
local xai = require("xai")

local M = {}

--- An empty collection and the function that adds a part to it.
function M.collector()
  local all = { list = {}, text = "", reasoning = "", calls = {}, citations = {}, images = {}, arguments = "" }
  local texts, reasonings = {}, {}
  local function add(kind, value, more)
    all.list[#all.list + 1] = { kind, value, more }
    if kind == "text" then
      if not (more and more.choice) then texts[#texts + 1] = value end
      all.text = nil
    elseif kind == "reasoning" then
      if not (more and more.choice) then reasonings[#reasonings + 1] = value end
      all.reasoning = nil
    elseif kind == "arguments" then
      assert.is_string(more.arguments)
    elseif kind == "call" then
      if not (more and more.choice) then all.calls[#all.calls + 1] = value end
    elseif kind == "citation" then
      all.citations[#all.citations + 1] = value.url
    elseif kind == "image" then
      all.images[#all.images + 1] = value
    else
      assert.is_nil(all[kind], kind .. " twice")
      assert.is_truthy(kind == "usage" or kind == "done", kind)
      all[kind] = { value, more }
    end
  end
  local function finish()
    all.text, all.reasoning = table.concat(texts), table.concat(reasonings)
    return all
  end
  return add, finish
end

--- What `stream:parts()` gives, and the error that ended it.
function M.read(stream)
  local add, finish = M.collector()
  local ok, err = pcall(function()
    for kind, value, more in stream:parts() do add(kind, value, more) end
  end)
  return finish(), not ok and err or nil
end

--- The calls without what two equal ones may differ in: the order of members in a JSON text.
function M.comparable(calls)
  local list = {}
  for i, call in ipairs(calls) do
    local copy = {}
    for key, value in pairs(call) do copy[key] = value end
    if copy.args ~= nil then copy.arguments = nil end
    list[i] = copy
  end
  return list
end

--- The calls that have the id of one of the others: a last event may leave out what was told.
local function only(told, calls)
  local ids, list = {}, {}
  for _, call in ipairs(calls) do ids[call.id or 1] = true end
  for _, call in ipairs(told) do
    if ids[call.id or 1] then list[#list + 1] = call end
  end
  return list
end

--- Check that the parts say what the readers find in the result.
function M.check(all, result)
  local calls, told = M.comparable(xai.calls(result)), M.comparable(all.calls)
  if #told > #calls then told = only(told, calls) end
  assert.same(calls, told)
  assert.same({ xai.usage(result) }, { all.usage and all.usage[1] })
  assert.same({ xai.finish(result) }, all.done)
  local urls = {}
  for i, citation in ipairs(xai.citations(result)) do urls[i] = citation.url end
  table.sort(urls)
  table.sort(all.citations)
  assert.same(urls, all.citations)
  assert.equal(#xai.images(result), #all.images)
  assert.equal("done", all.list[#all.list][1])
  if all.usage then assert.equal("usage", all.list[#all.list - 1][1]) end
end

return M
