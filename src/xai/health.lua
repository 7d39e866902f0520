--- Reports what is installed and whether a call succeeds: `:checkhealth xai` in Neovim,
-- and `xai doctor`.

-- The library is loaded within the check, so that a failure to load is reported.
local assert, pairs, pcall, rawget, require, tostring, type = assert, pairs, pcall, rawget, require, tostring, type
local getenv, string_find, string_format, string_rep = os.getenv, string.find, string.format, string.rep

local loaded, vim = package.loaded, rawget(_G, "vim")

local M = {}

--- The functions of vim.health, whose names depend on the version of Neovim.
local function reporter()
  local health = vim.health or require "health"
  local function named(name) return health[name] or health["report_" .. name] end
  return { start = named "start", ok = named "ok", info = named "info", warn = named "warn", error = named "error" }
end

--- Remove the marks that LuaJIT leaves where a module failed to load, as they hide the
-- reason.  A mark is a number; the library's modules are tables.
local function forget_failures()
  for name, value in pairs(loaded) do
    if type(value) ~= "table" and (name == "xai" or string_find(name, "^xai%.")) then loaded[name] = nil end
  end
end

local WAY_OUT = "make nvim (it builds for Neovim's LuaJIT), and have .build/nvim in 'rtp' before any other copy"

--- The library, or nil where it does not load.
local function check_loading(report)
  report.start "xai"
  forget_failures()
  local found, xai = pcall(require, "xai")
  if found then return xai end
  report.error("the library does not load: " .. tostring(xai), { WAY_OUT })
end

local function check_build(report, core, xai)
  report.ok(string_format("lua-xai %s", xai.version))
  report.info(core.libcurl())
  report.info(core.fd() and "waits on one descriptor" or "waits by a timer of 10 ms")
  for name, has in pairs(core.features) do
    if has then report.ok("libcurl: " .. name) else report.warn("libcurl without: " .. name) end
  end
end

local CONTENT = 'a\n"b" \\ \0 \195\169'

--- Does a value survive encoding and decoding?
local function keeps_all(xai)
  local list = { xai.array {}, {}, xai.null, 1, 0.5, true }
  local value = { content = string_rep(CONTENT, 100), list = list, id = 9007199254740991 }
  local text = xai.encode(value)
  local back = assert(xai.decode(text))
  return back.content == value.content and back.id == value.id and xai.encode(back) == text
end

--- Report which JSON library is used, and whether it damages data.
local function check_json(report, core, xai)
  local json = require "xai.client.json"
  local found, _, name = pcall(json.default_codec)
  if not found then
    local way_out = { "install Neovim 0.7 or newer, or lua-cjson" }
    return report.error("no JSON library works here, so nothing can be sent", way_out)
  end
  local ok, kept = pcall(keeps_all, xai)
  if ok and kept then
    report.ok(string_format("JSON: %s, which gives back what it is given", name))
  else
    report.error(string_format("JSON: %s damages data, so answers would be wrong", name),
      { 'give another module to xai.new { json = ... }, such as that of "dkjson"' })
  end
  local has_cjson, cjson = pcall(require, "cjson")
  if name ~= "lua-cjson" and has_cjson and type(cjson) == "table" and not pcall(core.codec, cjson) then
    report.info "lua-cjson is here, too, but damages data in this Neovim: it is not used, and `json` must not name it"
  end
end

--- Report whether there is a key, which is never shown.
local function check_key(report)
  if (getenv "XAI_API_KEY" or "") ~= "" then
    report.ok "XAI_API_KEY is set"
    return true
  end
  report.warn("XAI_API_KEY is not set", { "export XAI_API_KEY=xai-..., or give api_key to xai.new" })
end

local TIME_LIMIT = 10

local function check_call(report, xai)
  local fine, client = pcall(xai.new, { max_retries = 0, deadline = TIME_LIMIT })
  if not fine then return report.error("no client: " .. tostring(client)) end
  local ended, list, message, info = pcall(client.list_models, client)
  client:close()
  if not ended then return report.warn("the call did not end: " .. tostring(list)) end -- a Ctrl-C
  if not list then return report.error("a call failed: " .. message, { "the address was " .. info.url }) end
  if type(list.data) ~= "table" then return report.error(info.url .. " answered, but with no list of models") end
  report.ok(string_format("%s answered in %.2f s and lists %d models", info.url, info.elapsed, #list.data))
end

--- Check everything.
-- @param report  { start, ok, info, warn, error }: functions that take a text, the last two
--   also a list of what helps
function M.report(report)
  local xai = check_loading(report)
  if not xai then return end
  local core = require "xai.core"
  check_build(report, core, xai)
  check_json(report, core, xai)
  if check_key(report) then check_call(report, xai) end
end

--- What Neovim calls.
function M.check()
  M.report(reporter())
end

return M
