-- Run it: make run EXAMPLE=approval
--
-- A tool that needs a yes: the first run saves the conversation where it waits, the second one asks you, and goes on.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY
local path = "approval.json"

local mail = {
  name = "send_mail",
  description = "Sends a mail",
  parameters = xai.schema.object(xai.schema.string("to", "first name")),
  run = function(args)
    print("sent to " .. args.to)
    return "sent"
  end,
}
local opts = { tools = { mail }, approve = function() return nil end } -- nil: wait for an answer

local file = io.open(path)
local talk = client:conversation(file and xai.decode(file:read "*a") or { model = "grok-4.5" }, opts)
if file then file:close() end

local text, message, info
if talk.pending then
  local answers = {}
  for _, call in ipairs(talk.pending) do
    io.write(call.name, " to ", call.args.to, "? (y/n) ")
    answers[call.id] = io.read() == "y" -- a call without an answer goes on waiting
  end
  text, message, info = talk:ask(nil, { answers = answers })
else
  text, message, info = talk:ask "Send a mail to Anna, and one to Bob."
end
print(text or message)

if info.kind == "pending" then
  file = assert(io.open(path, "w"))
  file:write(xai.encode(talk:dump()))
  file:close()
elseif text then
  os.remove(path)
end
