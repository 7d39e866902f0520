--- search.lua - the server-side web search of /v1/responses: a call that is already done,
-- and a citation in the text.

local json = require("xai.testing.standin.json")

local M = {}

local given = json.given

local URL = "https://encyclopedia.example.org/page"
local PRICE = 50000000

--- Whether the request lets the model search.
function M.wanted(body)
  if given(body.tool_choice) == "none" then return false end
  for _, tool in ipairs(given(body.tools) or {}) do
    if tool.type == "web_search" or tool.type == "web_search_preview" then return true end
  end
  return false
end

local function wants_sources(body)
  for _, name in ipairs(given(body.include) or {}) do
    if name == "web_search_call.action.sources" then return true end
  end
  return false
end

--- The output item of the search that was made.
function M.item(body, id, query)
  local sources = wants_sources(body) and { { type = "url", url = URL } } or json.array()
  return {
    type = "web_search_call", id = ("ws_%s_call-%s-0"):format(id, id), status = "completed",
    action = { type = "search", query = query, sources = sources },
  }
end

--- Characters, not bytes: what the indices of a citation count.
local function length(text)
  local _, followers = text:gsub("[\128-\191]", "")
  return #text - followers
end

--- Put a citation at the end of the text; returns the text and its annotation.
function M.cite(text)
  local mark = "[[1]](" .. URL .. ")"
  local start = length(text)
  local annotation = {
    type = "url_citation", url = URL, title = "1", start_index = start, end_index = start + length(mark),
  }
  return text .. mark, annotation
end

--- Add the search to `usage`.
function M.charge(counts)
  counts.num_server_side_tools_used = 1
  counts.cost_in_usd_ticks = counts.cost_in_usd_ticks + PRICE
  counts.server_side_tool_usage_details = {
    web_search_calls = 1, x_search_calls = 0, code_interpreter_calls = 0, file_search_calls = 0, mcp_calls = 0,
    document_search_calls = 0, image_generation_calls = 0,
  }
end

return M
