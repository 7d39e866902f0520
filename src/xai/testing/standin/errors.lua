--- errors.lua - the answers that say no, in the shapes the service uses.

local json = require("xai.testing.standin.json")

local M = { TEAM = "7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e" }

local TEAM = M.TEAM
local PHRASE = {
  not_found = "Some requested entity was not found",
  permission = "The caller does not have permission to execute the specified operation",
  unavailable = "The service is currently unavailable",
  exhausted = "Some resource has been exhausted",
}

--- An answer with a JSON body.
function M.json(status, value)
  return { status = status, headers = { { "Content-Type", "application/json" } }, body = json.encode(value) }
end

--- {"code","error"}: most failures of the service's own logic.
function M.coded(status, code, text)
  return M.json(status, { code = code, error = text })
end

--- {"error"}: 422 outside of chat, 410, safety checks.
function M.bare(status, text)
  return M.json(status, { error = text })
end

function M.text(status, text)
  return { status = status, headers = { { "Content-Type", "text/plain; charset=utf-8" } }, body = text }
end

--- What a gateway in front of the service says.
function M.html(status, title)
  local page = "<html><head><title>%d %s</title></head><body><center><h1>%d %s</h1></center></body></html>\n"
  return {
    status = status, headers = { { "Content-Type", "text/html" } }, body = page:format(status, title, status, title),
  }
end

function M.empty(status)
  return { status = status, headers = {}, body = "" }
end

--- 400: an argument that the model or the endpoint refuses.
function M.argument(text)
  return M.coded(400, "invalid-argument", text)
end

function M.unsupported(model, parameter)
  return M.argument(("Model %s does not support parameter %s."):format(model.id, parameter))
end

function M.unknown_model(id)
  return M.argument("Model not found: " .. id)
end

function M.unknown_catalogue_model(id)
  return M.coded(404, PHRASE.not_found, ("Model %s is unknown, or closed to team %s."):format(id, TEAM))
end

function M.unknown_route()
  return M.coded(404, PHRASE.not_found, "No handler found on route.")
end

function M.unknown_response(id)
  return M.coded(404, "not-found", ("Response with id %s was not found."):format(id))
end

function M.no_key()
  return M.coded(401, "unauthenticated", "No credentials were supplied. Send an Authorization: Bearer header.")
end

function M.wrong_key(key)
  local masked = key:sub(1, 2) .. "***" .. key:sub(-2)
  return M.argument(("Incorrect API key provided: %s. Make a new one in the console."):format(masked))
end

function M.broken_json(what)
  return M.text(400, "Failed to parse the request body as JSON: " .. what)
end

function M.wrong_content_type()
  return M.text(415, "Expected request with `Content-Type: application/json`")
end

function M.live_search()
  return M.bare(410, "Live search is deprecated; use server-side tools on /v1/responses.")
end

function M.too_large()
  return M.coded(413, "invalid-argument", "The request body is too large.")
end

--- 429 with the older kind of code.
function M.old_style()
  local text = "Too many tokens for team %s and model grok-4.7 (tokens per minute 65605/16000)."
  return M.coded(429, PHRASE.exhausted, text:format(TEAM))
end

function M.rate_limit()
  local text = "Too many requests for team %s and model grok-4.7 (requests per second 151/150)."
  return M.coded(429, "resource-exhausted", text:format(TEAM))
end

function M.unavailable()
  return M.coded(503, PHRASE.unavailable, "The model is at capacity; retry later.")
end

--- An error under status 200.
function M.soft()
  return M.coded(200, PHRASE.unavailable, "Timed out waiting for first token")
end

local BY_STATUS = {
  [400] = function() return M.argument("Invalid reasoning effort.") end,
  [401] = M.no_key,
  [403] = function() return M.coded(403, PHRASE.permission, "Team " .. TEAM .. " has no credits or licenses.") end,
  [404] = M.unknown_route,
  [405] = function() return M.empty(405) end,
  [410] = M.live_search,
  [413] = M.too_large,
  [415] = M.wrong_content_type,
  [422] = function()
    return M.bare(422, "Failed to deserialize the JSON body into the target type: data did not match any variant of "
      .. "untagged enum ModelInput")
  end,
  [429] = M.rate_limit,
  [500] = function() return M.coded(500, "internal", "Internal error") end,
  [502] = function() return M.html(502, "Bad Gateway") end,
  [503] = M.unavailable,
  [504] = function() return M.html(504, "Gateway Time-out") end,
}

--- The usual answer of a status.
function M.of_status(status)
  local make = BY_STATUS[status]
  if make then return make() end
  return M.coded(status, "internal", "Status " .. status .. " was asked for.")
end

return M
