--- ledger.lua - what the service has charged, by model: GET /_/ledger.
--
-- Each model has
--   calls    answers that were sent to their end
--   silent   those of them that did not say what they used
--   cut      answers that broke off, or that the client left
--   tokens, ticks   what the whole answers said that they used, and what the others had said
--            until they broke off

local errors = require("xai.testing.standin.errors")

local M = {}

local function tokens_of(usage)
  return usage.total_tokens
    or (usage.input_tokens or 0) + (usage.cache_read_input_tokens or 0) + (usage.output_tokens or 0)
end

--- An answer with this usage is about to be sent.  `is_silent`: it does not say so.  `begun`: the usage that a
-- stream begins with, if any.
function M.charge(request, usage, is_silent, begun)
  request.charged = {
    model = request.model.id, tokens = usage and tokens_of(usage) or 0, ticks = usage and usage.cost_in_usd_ticks or 0,
    is_silent = is_silent or not usage, begun = begun and tokens_of(begun) or 0,
  }
end

local function row_of(service, model)
  local row = service.ledger[model] or { calls = 0, silent = 0, cut = 0, tokens = 0, ticks = 0 }
  service.ledger[model] = row
  return row
end

--- The answer to a request has ended; `is_cut`: before its end.
function M.close(service, request, is_cut)
  local charged = request.charged
  if not charged then return end
  request.charged = nil
  local row = row_of(service, charged.model)
  if is_cut then
    row.cut, row.tokens = row.cut + 1, row.tokens + charged.begun
    return
  end
  row.calls = row.calls + 1
  if charged.is_silent then
    row.silent = row.silent + 1
  else
    row.tokens, row.ticks = row.tokens + charged.tokens, row.ticks + charged.ticks
  end
end

--- A silent answer that was promised for later says now what it used.
function M.tell(service, request, model, usage)
  local row = row_of(service, model)
  row.silent, row.tokens = row.silent - 1, row.tokens + tokens_of(usage)
  row.ticks = row.ticks + (usage.cost_in_usd_ticks or 0)
  request.charged = nil
end

--- GET /_/ledger
function M.show(service)
  return errors.json(200, service.ledger)
end

return M
