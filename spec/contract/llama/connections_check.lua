--- Connections to llama-server: kept and closed by it, on a Unix socket, through TLS.

local programs = require "spec.support.programs"
local llama = require "spec.contract.llama.llama"

local same = assert.same
local TEXT = llama.TEXT

local function text_of(answer)
  return answer.choices[1].message.content
end

describe("connections to llama-server", function()
  after_each(function() assert.equal(0, llama.settle()) end)

  --- Ask `n` times for a whole answer; how many attempts it took.
  local function ask_often(client, n)
    local attempts = 0
    for _ = 1, n do
      local answer, message, info = client:chat(llama.chat "hi")
      same(TEXT, text_of(assert(answer, message)))
      attempts = attempts + info.attempts
    end
    return attempts
  end

  --- Ask `n` times for a stream: the server promises to keep the connection, and ends it.
  local function stream_often(client, n)
    for _ = 1, n do
      local stream = assert(client:chat(llama.chat("hi", { stream = true })))
      same(TEXT, text_of(assert(stream:result())))
    end
  end

  describe("by TCP", function()
    local service, client

    setup(function() service = llama.open(llama.MODEL) end)
    teardown(function() service:close() end)
    before_each(function() client = service:client() end)

    it("are used again, and opened anew when the server ends them after a hundred answers", function()
      same(250, ask_often(client, 250))
      stream_often(client, 120)
    end)

    it("are opened anew after each refusal, which closes them", function()
      for _ = 1, 20 do
        same(400, select(3, client:chat { messages = 1 }).status)
        same(TEXT, text_of(assert(client:chat(llama.chat "hi"))))
      end
    end)

    it("are left when a stream is given up, and others are not disturbed", function()
      for _ = 1, 20 do
        local stream = assert(client:chat(llama.chat("hi", { stream = true })))
        same("assistant", stream:next().choices[1].delta.role)
        stream:close()
        same(TEXT, text_of(assert(client:chat(llama.chat "hi"))))
      end
    end)

    it("carry a request of a megabyte, which is refused", function()
      local _, _, info = client:chat(llama.chat(("long "):rep(200000)))
      same({ "bad_request", 400, "exceed_context_size_error" }, { info.kind, info.status, info.type })
    end)

    it("are not made to a server that has ended: the call fails before it is sent", function()
      local gone = llama.open(llama.MODEL)
      local other = gone:client()
      same(TEXT, text_of(assert(other:chat(llama.chat "hi"))))
      gone:close()
      local _, _, info = other:chat(llama.chat "hi")
      same({ "connection", "connect", "no" }, { info.kind, info.phase, info.billed })
    end)

    it("break when the server is killed within a stream, whose beginning is kept", function()
      local gone = llama.open(llama.MODEL, "--context-shift")
      local other = gone:client()
      local stream = assert(other:chat(llama.chat("[loop]", { stream = true, max_tokens = 1000000000 })))
      local next_words = stream:text()
      same({ "a", " b", " c", " a" }, { next_words(), next_words(), next_words(), next_words() })
      gone:close()
      local _, _, info = stream:result()
      same({ "truncated", 200, "yes" }, { info.kind, info.status, info.billed })
      assert.matches("^a b c a", info.partial.choices[1].message.content)
    end)
  end)

  it("by a Unix socket", function()
    local name = os.tmpname()
    os.remove(name)
    local service = llama.open_socket(name .. ".sock")
    finally(function() os.remove(name .. ".sock") end)
    same(30, ask_often(service:client(), 30))
    stream_often(service:client(), 30)
  end)

  it("by TLS, to a certificate that is trusted and to no other", function()
    local name = os.tmpname()
    local key, certificate = name .. ".key", name .. ".pem"
    programs.output(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      .. "-subj /CN=llama "
      .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s"):format(key, certificate))
    local service = llama.open(llama.MODEL, "--ssl-key-file", key, "--ssl-cert-file", certificate)
    finally(function()
      for _, file in ipairs { name, key, certificate } do os.remove(file) end
    end)
    local url = service.server.url:gsub("^http:", "https:")
    local client = service:client { base_url = url, ca_file = certificate }
    same(30, ask_often(client, 30))
    stream_often(client, 30)
    local _, _, info = service:client({ base_url = url }):chat(llama.chat "hi")
    same({ "tls", "tls", "no" }, { info.kind, info.phase, info.billed })
  end)

end)
