--- faults.lua - how to misbehave, by name.
--
-- A request chooses faults by the header `x-fault: NAME[,ARG...][;NAME[,ARG...]...]` or by a path
-- in front of the route: /fault/NAME[,ARG...]/v1/... (several in a row; percent-encoded).  A
-- semicolon separates faults, a comma the arguments of one: `status,429;times,1`.
-- Of several, the first is nearest to the service, so edits of events come before cuts:
-- `crlf;split,3`.  fault_forms.lua has the arguments of each; a fault that is not written like
-- that is answered by 500, which says how it is written.
--
-- A fault is a function(serve, arg, request, service): `serve()` gives the answer so far,
-- and what the function returns is answered in its place.

local errors = require("xai.testing.standin.errors")
local forms = require("xai.testing.standin.fault_forms")
local http = require("xai.testing.standin.http")

local M = { by_name = {} }

M.PARTS = { "fault_answers", "fault_edits", "fault_cuts", "fault_wire", "fault_bombs" }

for _, part in ipairs(M.PARTS) do
  for name, behave in pairs(require("xai.testing.standin." .. part)) do M.by_name[name] = behave end
end

--- The faults that a request chooses, those of the path first; the path loses its prefix.
function M.take(request)
  local chosen = {}
  local function choose(text)
    text = text:match("^%s*(.-)%s*$")
    if text == "" then return end
    local name, args = text:match("^([^,]*),?(.*)$")
    chosen[#chosen + 1] = { name = name, arg = args, text = text }
    request.fault = (request.fault and request.fault .. ";" or "") .. text
  end
  while request.path:find("^/fault/[^/]+/") do
    local text, rest = request.path:match("^/fault/([^/]+)(/.*)$")
    for one in text:gmatch("[^;]+") do choose(http.percent_decode(one)) end
    request.path = rest
  end
  for text in (request.headers["x-fault"] or ""):gmatch("[^;]+") do choose(text) end
  return chosen
end

local SEPARATORS = "A semicolon separates faults, a comma the arguments of one: status,429;times,1"

--- What is wrong with how a fault is written, or nil.
local function problem(fault)
  if not M.by_name[fault.name] then
    return ("There is no fault '%s'; GET /_/faults lists them. %s"):format(fault.name, SEPARATORS)
  end
  local args = fault.text:find(",", 1, true) and fault.arg or nil
  if forms.fit(fault.name, args) then return nil end
  return ("Malformed fault '%s': write %s. %s"):format(fault.text, forms.usage(fault.name), SEPARATORS)
end

local function nested(serve, fault, request, service)
  return function() return M.by_name[fault.name](serve, fault.arg, request, service) end
end

--- The answer to a request with the chosen faults around the service.
function M.apply(chosen, request, service)
  for _, fault in ipairs(chosen) do
    local wrong = problem(fault)
    if wrong then return errors.coded(500, "malformed-fault", wrong) end
  end
  local serve = function() return service:serve(request) end
  for _, fault in ipairs(chosen) do serve = nested(serve, fault, request, service) end
  return serve()
end

return M
