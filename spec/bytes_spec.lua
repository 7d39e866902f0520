--- Bytes as text and back: xai.base64, xai.unbase64 and xai.data_url.

local xai = require "xai"

local PNG = "\137PNG\r\n\26\n\0\0\0\rIHDR"

local function write(bytes)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  return path
end

local function all_bytes()
  local all = {}
  for byte = 0, 255 do all[byte + 1] = string.char(byte) end
  return table.concat(all)
end

--- The error's text without its place.
local function misuse(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^%s:]+:%d+: ", ""))
end

describe("xai.base64", function()
  it("encodes any bytes, with padding and without line ends", function()
    assert.equal("", xai.base64 "")
    assert.equal("Zg==", xai.base64 "f")
    assert.equal("AP/+", xai.base64 "\0\255\254")
    assert.equal(344, #xai.base64(all_bytes()))
    assert.is_nil(xai.base64(("x"):rep(1000)):find "[^%w+/=]")
  end)

  it("raises for what is no string", function()
    assert.equal("xai.base64: the argument must be a string, got table", misuse(xai.base64, {}))
    assert.equal("xai.base64: the argument must be a string, got number", misuse(xai.base64, 5))
    assert.equal("xai.base64: the argument must be a string, got nil", misuse(xai.base64))
  end)
end)

describe("xai.unbase64", function()
  it("gives back what was encoded", function()
    local bytes = all_bytes():rep(40)
    for n = 0, 12 do assert.equal(bytes:sub(1, n), xai.unbase64(xai.base64(bytes:sub(1, n)))) end
    assert.equal(bytes, xai.unbase64(xai.base64(bytes)))
  end)

  it("knows the alphabet for addresses, blanks, line ends, and texts without padding", function()
    assert.equal("\251\255\191", xai.unbase64 "-_-_")
    assert.equal("foobar", xai.unbase64 "Zm9v\r\nYmFy\r\n")
    assert.equal("fo", xai.unbase64 "Zm8")
  end)

  it("names what is wrong and its position, from 1", function()
    local function wrong(text)
      local bytes, problem = xai.unbase64(text)
      assert.is_nil(bytes)
      return problem
    end
    assert.equal("'*' at position 5 is no character of base64", wrong "Zm9v*mFy")
    assert.equal("the byte 0x00 at position 3 is no character of base64", wrong "Zm\0v")
    assert.equal("there must be no '=' at position 5", wrong "Zm9v=")
    assert.equal("a '=' is missing at the end, position 4", wrong "Zg=")
    assert.equal("'Z' at position 5 stands behind the padding", wrong "Zg==Zg==")
    assert.equal("the text ends at position 6, with a single character that makes no byte", wrong "Zm9vY")
    assert.equal("the character before position 3 has bits that no byte has", wrong "Zh==")
  end)

  it("raises for what is no string", function()
    assert.equal("xai.unbase64: the argument must be a string, got nil", misuse(xai.unbase64, nil))
  end)
end)

describe("xai.data_url", function()
  it("tells the type from the bytes, whatever the file's name says", function()
    for kind, bytes in pairs {
      ["image/png"] = PNG, ["image/jpeg"] = "\255\216\255\224rest", ["image/webp"] = "RIFF\36\0\0\0WEBPVP8 ",
      ["image/gif"] = "GIF89a\1\0\1\0", ["application/pdf"] = "%PDF-1.7\n",
    } do
      local path = write(bytes)
      local url = "data:" .. kind .. ";base64," .. xai.base64(bytes)
      assert.equal(url, xai.data_url(path))
      assert.equal(url, xai.data_url { bytes = bytes })
      os.remove(path)
    end
  end)

  it("takes the type that is given", function()
    assert.equal("data:text/plain;base64,SGk=", xai.data_url { bytes = "Hi", type = "text/plain" })
    assert.equal("data:image/x-y;base64," .. xai.base64(PNG), xai.data_url { bytes = PNG, type = "image/x-y" })
  end)

  it("raises where the file cannot be read, naming its path and the reason", function()
    assert.equal("xai.data_url: cannot read '/no/such/cat.png': No such file or directory",
      misuse(xai.data_url, "/no/such/cat.png"))
    assert.equal("xai.data_url: cannot read '/tmp': Is a directory", misuse(xai.data_url, "/tmp"))
    assert.matches("the path has a NUL byte in it$", misuse(xai.data_url, "/tmp\0x"))
    assert.equal("xai.data_url: cannot read '/n\195\164/\255: x': No such file or directory",
      misuse(xai.data_url, "/n\195\164/\255: x"))
  end)

  it("reads files whose names are in any encoding", function()
    local path = os.tmpname() .. "\228 \255:x"
    local file = assert(io.open(path, "wb"))
    file:write(PNG)
    file:close()
    assert.matches("^data:image/png;", xai.data_url(path))
    os.remove(path)
  end)

  it("raises where a file is empty, or of no type that it knows", function()
    local empty, unknown = write "", write "plain text"
    assert.equal("xai.data_url: '" .. empty .. "' is empty", misuse(xai.data_url, empty))
    assert.equal("xai.data_url: '" .. unknown .. "' is none of png, jpeg, webp, gif, pdf; "
      .. "give the type: xai.data_url{ bytes = , type = }", misuse(xai.data_url, unknown))
    assert.equal("xai.data_url: the bytes are empty", misuse(xai.data_url, { bytes = "" }))
    os.remove(empty)
    os.remove(unknown)
  end)

  it("raises for other arguments, naming what is meant", function()
    assert.equal("xai.data_url: expected a path or a table with 'bytes', got nil", misuse(xai.data_url))
    assert.equal("xai.data_url: 'bytes' is missing", misuse(xai.data_url, {}))
    assert.equal("xai.data_url: 'bytes' must be a string, got table", misuse(xai.data_url, { bytes = {} }))
    assert.equal("xai.data_url: unknown field 'byte' (did you mean 'bytes'?)", misuse(xai.data_url, { byte = PNG }))
    assert.equal("xai.data_url: 'type' must be one like \"image/png\", got 'png;x'",
      misuse(xai.data_url, { bytes = PNG, type = "png;x" }))
  end)
end)
