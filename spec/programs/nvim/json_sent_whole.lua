--- Neovim: is sent whole, whatever is in it.

attach()
local content = ("a\nb \"c\" \\ \t / é \0 \1"):rep(500)
client:chat { model = "grok-4.5", messages = { { role = "user", content = content } } }
local sent = client:request { path = "/_/requests" }[1].body
print(xai.decode(sent).messages[1].content == content)
