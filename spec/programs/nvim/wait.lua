--- client:wait in Neovim: in a task, and blocking.

attach()
local function ticket()
  local body = question()
  body.deferred = true
  return assert(client:chat(body)).request_id
end
local answer
xai.spawn(function() answer = client:wait("get_deferred", ticket(), { every = 0.01 }) end)
vim.wait(5000, function() return answer end, 5)
print(answer.choices[1].message.content)
print(client:wait("get_deferred", ticket(), { every = 0.01 }).choices[1].message.content)
