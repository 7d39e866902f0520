--- bytes.lua - bytes that go to files and come in pieces, in tasks of any host.
--
-- FRONT_URL, if given, is the stand-in server by TLS, with the certificate in FRONT_CA: another origin.

local testing = require "xai.testing"

local PNG = "\137PNG\r\n\26\n"
local folder

local function at(name) return folder .. name end

--- The bytes of a file, which is removed; nil where there is none.
local function take(path)
  local file = path and io.open(path, "rb")
  if not file then return nil end
  local all = file:read "*a"
  file:close()
  os.remove(path)
  return all
end

--- Is there a whole picture in the file?
local function is_picture(path)
  local all = take(path)
  return all ~= nil and all:sub(1, 8) == PNG and all:sub(-8, -5) == "IEND"
end

local function picture(format, n)
  return { model = "grok-imagine-image", prompt = "A cat", response_format = format, n = n }
end

--- Pictures that come as base64 and as addresses, at once; then saved one by one.
local function save()
  local function generate(name, format)
    local data = assert(client:generate_image(picture(format, 2), { save = at(name) })).data
    return is_picture(data[1].path) and is_picture(data[2].path) and data[2].path:sub(#folder + 1)
  end
  local first, second = xai.spawn(generate, "a", "b64_json"), xai.spawn(generate, "b", "url")
  print(first:wait(), second:wait())
  for _, format in ipairs { "b64_json", "url" } do
    local entry = assert(client:generate_image(picture(format))).data[1]
    print(is_picture((assert(client:save(entry, at "c")))))
  end
end

--- The last request for a picture, as the server got it: had it the key?
local function had_key()
  local log, last = assert(client:request { path = "/_/requests" }), nil
  for _, request in ipairs(log) do
    if request.path:find "^/pictures/" then last = request end
  end
  return last.headers.authorization ~= nil
end

--- From the client's origin, from another name of this machine, by TLS, by a redirect; and started.
local function download()
  local own, url = os.getenv "XAI_BASE_URL", assert(client:generate_image(picture "url")).data[1].url
  local host, path = url:match "^(http://[^/]+)(/.*)$"
  local front = (os.getenv "FRONT_URL" or host) .. path
  local redirect = own .. "/fault/redirect,307," .. front:gsub(":", "%%3A"):gsub("/", "%%2F") .. "/x"
  for _, from in ipairs { own .. path, url, front, redirect } do
    print(is_picture((assert(client:download(from, at "d", { ca_file = os.getenv "FRONT_CA" })))), had_key())
  end
  local done, total
  local call = client:start("download", url, at "e", { on_progress = function(...) done, total = ... end })
  local all = take((assert(call:wait())))
  print(#all == done, #all == total)
end

--- Answers in files: two at once for one name, one for another; one that is cancelled midway.
local function write()
  local function list(name)
    local path, _, info = client:list_models(options("bytes,300000;late-head,5", { file = at(name) }))
    return path and #take(path) or info.kind .. "/" .. info.code
  end
  local first, second, third = xai.spawn(list, "f"), xai.spawn(list, "f"), xai.spawn(list, "g")
  print(first:wait(), second:wait(), third:wait())
  local begun = false
  local task = xai.spawn(client.list_models, client, options("bytes,300000;stall-in-body", {
    file = at "h", on_progress = function() begun = true end,
  }))
  while not begun do xai.sleep(0.002) end
  task:cancel()
  print(take(at "h"), take(at "h.part"))
end

--- A stream of bytes, read to its end beside another that is left early.
local function read()
  local function open()
    return assert(client:request({ path = "/v1/models", stream = true }, options "bytes,300000"))
  end
  local reader = xai.spawn(function()
    local stream, size = open(), 0
    local piece, message = stream:next_chunk()
    while piece do
      size = size + #piece
      piece, message = stream:next_chunk()
    end
    return size, message
  end)
  local left = open()
  print(#left:next_chunk() > 0)
  left:close()
  print(reader:wait())
end

--- What a scripted client gives goes to files in the same way.
local function play()
  local image = PNG .. "\0\0\0\rIHDR IEND...."
  local fake = testing.client { { { image = image } }, { { image = image } }, { bytes = image }, { bytes = image },
    { bytes = image } }
  local made = is_picture(assert(fake:generate_image(picture "b64_json", { save = at "i" })).data[1].path)
  local saved = is_picture((assert(fake:save(assert(fake:generate_image(picture "b64_json")).data[1], at "j"))))
  local fetched = is_picture((assert(fake:download("https://x.example/a.png", at "k"))))
  local written = is_picture((assert(fake:request({ path = "/v1/x" }, { file = at "l" }))))
  local stream = assert(fake:request { path = "/v1/x", stream = true })
  print(made, saved, fetched, written, stream:next_chunk() == image, fake.left)
end

return function()
  folder = os.tmpname() .. "-"
  os.remove((folder:gsub("%-$", "")))
  save()
  download()
  write()
  read()
  play()
end
