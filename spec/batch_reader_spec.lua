--- Where a batch stands, and what came of its requests.

local xai = require "xai"

local function fixture(name)
  local file = assert(io.open("spec/fixtures/batches." .. name .. ".response.json", "rb"))
  local text = file:read "*a"
  file:close()
  return xai.decode(text)
end

-- Days before the batches of the fixtures expire.
local NOW = 1796000000 -- 2026-11-30

describe("xai.batch_status", function()
  local status = xai.batch_status

  it("tells where the batches of the fixtures stand", function()
    for name, expected in pairs {
      ["create.empty"] = "running", ["create.from-file"] = "running", ["get.created"] = "running",
      ["get.from-file"] = "running", ["get.running"] = "running", ["get.done"] = "done",
      ["get.cancelled"] = "cancelled", ["cancel"] = "cancelled", ["get.cancelled-by-xai"] = "refused",
      ["get.bare-dates"] = "done",
    } do
      assert.equal(expected, (status(fixture(name), NOW)), name)
    end
  end)

  it("gives the service's words for a refused batch", function()
    local how, message = status(fixture "get.cancelled-by-xai", NOW)
    assert.same({ "refused", "Line 2 of the input file could not be used: url is missing." }, { how, message })
  end)

  it("says that a batch is refused where only the message says so", function()
    assert.equal("refused", (status { cancel_by_xai_message = "no", state = { num_requests = 3, num_pending = 3 } }))
  end)

  it("does not take a batch for over that has no requests yet", function()
    for _, state in ipairs { { num_requests = 0, num_pending = 0 }, {}, { num_pending = 0 } } do
      assert.equal("running", (status({ state = state }, NOW)))
    end
    assert.equal("running", (status({}, NOW)))
  end)

  it("takes nulls, empty texts and zeros for nothing", function()
    for _, nothing in ipairs { xai.null, "", false } do
      assert.equal("running", (status({ cancel_time = nothing, cancel_by_xai_message = nothing,
        expire_time = nothing, state = { num_requests = 2, num_pending = 1 } }, NOW)))
    end
    assert.equal("running", (status({ state = xai.null }, NOW)))
  end)

  it("reads counts that come as texts, and takes a missing count of pending ones for 0", function()
    assert.equal("done", (status({ state = { num_requests = "3", num_pending = "0" } }, NOW)))
    assert.equal("running", (status({ state = { num_requests = "3", num_pending = "1" } }, NOW)))
    assert.equal("done", (status({ state = { num_requests = 3 } }, NOW)))
  end)

  it("knows when a batch has expired, in each form of time", function()
    local function at(text, now)
      return (status({ expire_time = text, state = { num_requests = 1, num_pending = 1 } }, now))
    end
    for text, seconds in pairs {
      ["1970-01-01T00:00:00Z"] = 0, ["2026-11-30T19:52:29Z"] = 1796068349,
      ["2026-11-30T19:52:29.5Z"] = 1796068349.5,
      ["2026-11-30T21:52:29+02:00"] = 1796068349, ["2026-11-30t14:22:29-0530"] = 1796068349,
      ["2024-02-29T00:00:00Z"] = 1709164800, ["2000-03-01T00:00:00Z"] = 951868800, ["2026-12-27"] = 1798416000,
      ["2100-12-31T23:59:59z"] = 4133980799,
    } do
      assert.equal("running", at(text, seconds - 0.25), text)
      assert.equal("expired", at(text, seconds), text)
    end
  end)

  it("does not take a time that it cannot read for a moment that has passed", function()
    for _, text in ipairs { "soon", "2026", "2026-1-1", "2026-01-01T10:00", "2020-01-01T10:00:00", 12, "99" } do
      assert.equal("running", (status({ expire_time = text, state = {} }, 1e12)), tostring(text))
    end
  end)

  it("says done rather than expired, as this machine's clock may be wrong", function()
    assert.equal("done", (status({ expire_time = "2020-01-01", state = { num_requests = 1, num_pending = 0 } })))
  end)

  it("asks this machine's clock where no time is given", function()
    assert.equal("expired", (status { expire_time = "2020-01-01", state = {} }))
    assert.equal("running", (status { expire_time = "9999-01-01", state = {} }))
  end)

  it("raises for what is no table", function()
    assert.has_error(function() status() end, "xai.batch_status: expected a table, got nil")
    local ok, err = pcall(function() status("batch_1") end)
    assert.is_false(ok)
    assert.matches("batch_reader_spec.lua:%d+: xai.batch_status: expected a table, got string", err)
  end)
end)

describe("xai.batch_result", function()
  local result = xai.batch_result

  local function read(name)
    local list = {}
    for i, entry in ipairs(fixture(name).results) do list[i] = { result(entry) } end
    return list
  end

  it("gives the answers in the fixtures", function()
    local page1, page2, media = read "results.page1", read "results.page2", read "results.media"
    assert.equal("cosy", xai.text(page1[1][1]))
    assert.equal("calm", xai.text(page2[1][1]))
    assert.equal("image/jpeg", xai.images(media[1][1])[1].mime_type)
    assert.equal(3, media[2][1].video.duration)
    for _, one in ipairs { page1[1], page2[1], media[1], media[2] } do assert.is_nil(one[2]) end
  end)

  it("gives the errors in the fixtures", function()
    local page1, media, text = read "results.page1", read "results.media", read "results.string-error"
    for one, expected in pairs {
      [page1[2]] = { "bad_request", "This model takes no part in batches.", 3 },
      [media[3]] = { "cancelled", "Cancelled.", 1 },
      [text[1]] = { "api", "This model takes no part in batches." },
    } do
      assert.is_nil(one[1])
      assert.same(expected, { one[3].kind, one[3].message, one[3].code })
      assert.equal(tostring(one[3]), one[2])
    end
  end)

  it("reads an error in each of its three places", function()
    local answer = { chat_get_completion = { choices = {} } }
    for i, entry in ipairs {
      { batch_result = { error = "no" } }, { batch_result = { error = { code = 3, message = "no" } } },
      { error_message = "no" }, { error_message = "no", batch_result = {} },
      { error_message = "no", batch_result = { response = "unknown" } },
      { error_message = "no", batch_result = { response = answer } },
      { batch_result = { response = answer, error = "no" } },
      { error_message = "no", batch_result = xai.null },
    } do
      local value, message, info = result(entry)
      assert.is_nil(value, i)
      assert.matches("no$", message)
      assert.equal("no", info.message)
    end
  end)

  it("takes what is empty for no error", function()
    local answer = { choices = {} }
    for _, err in ipairs { "", xai.null, false, {}, { code = 0 }, { code = 0, message = "" },
      { message = xai.null } } do
      local value, message = result { error_message = "", batch_result = { error = err,
        response = { chat_get_completion = answer } } }
      assert.equal(answer, value, message)
    end
  end)

  it("says that a request failed to which there is no response", function()
    for i, entry in ipairs {
      {}, { batch_result = {} }, { batch_result = { response = "unknown" } }, { batch_result = { response = {} } },
      { batch_result = { response = { chat_get_completion = xai.null } } }, { batch_result = "?" },
      { batch_result = { response = { chat_get_completion = {}, image_generation = xai.null } } },
    } do
      local value, _, info = result(entry)
      assert.is_nil(value, i)
      assert.same({ "api", "the batch has no response to this request" }, { info.kind, info.message })
    end
  end)

  it("gives an answer under a key that is not known", function()
    local answer = { audio = "..." }
    assert.equal(answer, (result { batch_result = { response = { speech = answer } } }))
  end)

  it("gives the answer where other keys are there without one", function()
    local answer = { choices = {} }
    assert.equal(answer, (result { batch_result = { response = {
      image_generation = {}, chat_get_completion = answer, video_generation = {}, other = { 1 } } } }))
  end)

  it("says that a clip failed whose job failed", function()
    local _, message, info = result { batch_result = { response = { video_generation = { status = "failed",
      error = { code = "invalid_argument", message = "Held back." } } } } }
    assert.same({ "bad_request", "invalid_argument", "Held back." }, { info.kind, info.code, info.message })
    assert.matches("Held back", message)
    _, _, info = result { batch_result = { response = { video_generation = { status = "failed" } } } }
    assert.equal("the request failed", info.message)
  end)

  it("tells an error that stands in place of an answer", function()
    local _, _, info = result { batch_result = { response = { chat_get_completion = {
      code = "permission_denied", error = "No." } } } }
    assert.same({ "permission", "permission_denied", "No." }, { info.kind, info.code, info.message })
  end)

  it("has a code where there are no words", function()
    local _, _, info = result { batch_result = { error = { code = 8 } } }
    assert.same({ "rate_limit", 8, "failed with code 8" }, { info.kind, info.code, info.message })
    _, _, info = result { batch_result = { error = { code = 99, message = "odd" } } }
    assert.same({ "api", 99 }, { info.kind, info.code })
  end)

  it("can be given to xai.try", function()
    local ok, err = pcall(xai.try, result { error_message = "no" })
    assert.is_false(ok)
    assert.equal("api", err.kind)
    assert.same({ choices = {} }, (xai.try(result { batch_result = { response = { x = { choices = {} } } } })))
  end)

  it("changes nothing, and raises for what is no table", function()
    local page = fixture "results.page1"
    for _, entry in ipairs(page.results) do result(entry) end
    assert.same(fixture "results.page1", page)
    assert.has_error(function() result(nil) end, "xai.batch_result: expected a table, got nil")
  end)
end)
