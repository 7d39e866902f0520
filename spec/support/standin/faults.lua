--- faults.lua - how to misbehave, by name.
--
-- A request chooses faults by the header `x-fault: NAME[,ARG][;NAME[,ARG]...]` or by a path
-- in front of the route: /fault/NAME[,ARG]/v1/... (several in a row; ARG percent-encoded).
-- Of several, the first is nearest to the service, so edits of events come before cuts:
-- `crlf;split,3`.
--
-- A fault is a function(serve, arg, request, service): `serve()` gives the answer so far,
-- and what the function returns is answered in its place.

local errors = require("standin.errors")
local http = require("standin.http")

local M = { by_name = {} }

M.PARTS = { "fault_answers", "fault_edits", "fault_cuts", "fault_wire", "fault_bombs" }

for _, part in ipairs(M.PARTS) do
  for name, behave in pairs(require("standin." .. part)) do M.by_name[name] = behave end
end

--- The faults that a request chooses, those of the path first; the path loses its prefix.
function M.take(request)
  local chosen = {}
  local function choose(text)
    local name, arg = text:match("^%s*([^,]*),?(.-)%s*$")
    if name == "" then return end
    chosen[#chosen + 1] = { name = name, arg = arg }
    request.fault = (request.fault and request.fault .. ";" or "") .. text
  end
  while request.path:find("^/fault/[^/]+/") do
    local text, rest = request.path:match("^/fault/([^/]+)(/.*)$")
    choose(http.percent_decode(text))
    request.path = rest
  end
  for text in (request.headers["x-fault"] or ""):gmatch("[^;]+") do choose(text) end
  return chosen
end

local function nested(serve, fault, request, service)
  local behave = M.by_name[fault.name]
  return function()
    if not behave then return errors.coded(400, "invalid-argument", "There is no fault " .. fault.name) end
    return behave(serve, fault.arg, request, service)
  end
end

--- The answer to a request with the chosen faults around the service.
function M.apply(chosen, request, service)
  local serve = function() return service:serve(request) end
  for _, fault in ipairs(chosen) do serve = nested(serve, fault, request, service) end
  return serve()
end

return M
