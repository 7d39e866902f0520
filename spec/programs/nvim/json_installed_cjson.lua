--- Neovim: by this machine's lua-cjson is refused, or not damaged.

attach()
local found, cjson = pcall(require, "cjson")
local ok, other = pcall(xai.new, { json = found and cjson or vim.json })
local content = ("a\nb"):rep(800)
if ok then
  other:chat { model = "grok-4.5", messages = { { role = "user", content = content } } }
  ok = xai.decode(client:request { path = "/_/requests" }[1].body).messages[1].content == content
else
  ok = other:find("damages", 1, true) ~= nil
end
print(ok)
