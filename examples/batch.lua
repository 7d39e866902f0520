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

local batch, pause = assert(client:get_batch(id)), 0.25
while xai.batch_status(batch) == "running" do
  print(("%d of %d are pending"):format(batch.state.num_pending, batch.state.num_requests))
  xai.sleep(pause)
  batch, pause = assert(client:get_batch(id)), math.min(pause * 1.5, 60)
end

local status, why = xai.batch_status(batch)
print(status .. (why and ": " .. why or "")) -- a batch that is refused says why here, and nowhere else

for entry in client:each("list_batch_results", id) do -- in any order
  local answer, message = xai.batch_result(entry) -- nil where this request failed
  print(entry.batch_request_id, answer and xai.text(answer) or message)
end
