-- batches.lua - batches of the stand-in server from their first request to their last result, in each way in
-- which they can end.

local xai = require "xai"

local M = {}

local ENTRIES = {
  { batch_request_id = "a", batch_request = { responses = { model = "grok-4.3", input = "What is 6 * 7?" } } },
  { batch_request_id = "b", batch_request = { chat_get_completion = {
    model = "grok-4.3", messages = { { role = "user", content = "What is Lua?" } } } } },
  { batch_request_id = "c", batch_request = { image_generation = { prompt = "A door" } } },
  { batch_request_id = "d", batch_request = { video_generation = { prompt = "A door opens" } } },
  { batch_request_id = "e", batch_request = { responses = { model = "grok-4.3", input = "x", temperature = 9 } } },
  { batch_request = { responses = { model = "grok-4.3", input = "x" } } },
}

-- What the server is told to make of a batch.
local PLANS = {
  {}, { fail = { "a" }, form = "text" }, { fail = { "b" }, form = "message" }, { refuse = "No." },
  { hold = true, done = 2 }, { hold = true, done = 2, expire = true },
}

--- Play all of it: a list of { operation, result }.
function M.play(url)
  local client = xai.new { api_key = "xai-contract-0123456789", base_url = url, max_retries = 5 }
  local seen = {}
  local function note(operation, result, message)
    seen[#seen + 1] = { operation = operation, result = assert(result, message) }
    return result
  end
  for i, plan in ipairs(PLANS) do
    local id = note("createBatch", client:create_batch { name = "n" .. i }).batch_id
    note("addBatchRequests", client:add_to_batch(id, { batch_requests = ENTRIES }))
    plan.id = id
    assert(client:request { path = "/_/batches", body = plan })
    for _ = 1, 3 do
      note("getBatch", client:get_batch(id))
      note("listBatchRequests", client:list_batch_requests(id, { limit = 4 }))
      note("listBatchResults", client:list_batch_results(id, { limit = 4 }))
    end
    note("cancelBatch", client:cancel_batch(id))
    note("listBatchResults", client:list_batch_results(id))
    note("listBatches", client:list_batches { limit = 2 })
  end
  client:close()
  return seen
end

return M
