-- Run it: make run EXAMPLE=batch
--
-- A batch: requests that the service answers by itself, within hours, at half the price.
-- Started with the id of a batch, it goes on with that one.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY
local id = arg and arg[1]

if not id then
  local entries = {}
  for i, text in ipairs { "What is 6 * 7?", "What is Lua?", "Why is the sky blue?" } do
    local request = { model = "grok-4.3", input = text }
    if i == 3 then request.temperature = 3 end -- a mistake: this request will fail, the others will not
    entries[i] = {
      batch_request_id = "question-" .. i, -- an id of ours: the service runs it once, however often it is added
      batch_request = { responses = request },
    }
  end
  id = assert(client:create_batch { name = "questions" }).batch_id
  assert(client:add_to_batch(id, { batch_requests = entries }))
  io.stderr:write("made ", id, "\n")
end

-- It may be asked often, as that costs nothing; `every = 60` is enough. A batch that was refused
-- as a whole is a failure, in the service's words.
local batch = assert(client:wait("get_batch", id, {
  on_wait = function(info) print(("%d %% done"):format(info.progress or 0)) end,
}))
print(xai.batch_status(batch), batch.state.num_success .. " good, " .. batch.state.num_error .. " bad")

for entry in client:each("list_batch_results", id) do -- in any order
  local answer, message = xai.batch_result(entry) -- nil where this request failed
  print(entry.batch_request_id, answer and xai.text(answer) or message)
end
