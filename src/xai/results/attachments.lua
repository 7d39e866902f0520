--- The readers of what an answer has beside its text: citations and pictures.

local results = require "xai.results.result"

local ipairs, type = ipairs, type

local object, objects, words = results.object, results.objects, results.words

local attachments = {}

-- Citations -------------------------------------------------------------------------

--- A list of { url, title }, each address once.
local function new_citations()
  local list, known = {}, {}
  local function add(entry)
    if type(entry) == "string" then entry = { url = entry } end
    entry = object(type(object(entry).url_citation) == "table" and entry.url_citation or entry)
    local url, title = words(entry.url), words(entry.title)
    if not url then return nil end
    if known[url] then
      known[url].title = known[url].title or title
      return nil
    end
    known[url] = { url = url, title = title }
    list[#list + 1] = known[url]
    return known[url]
  end
  return list, add
end

local function each(list, f)
  for _, entry in ipairs(object(list)) do f(entry) end
end

--- Call `add` with each citation of the parts in a content.
local function cite_parts(content, add)
  for _, part in ipairs(objects(content)) do
    each(part.annotations, add)
    each(part.citations, add)
  end
end

--- Where the text comes from: a list of { url, title }, each address once.
function attachments.citations(result, problem)
  results.check("citations", result, result == nil and problem or nil)
  local list, add = new_citations()
  cite_parts(result.content, add)
  for _, item in ipairs(objects(result.output)) do cite_parts(item.content, add) end
  for _, choice in ipairs(objects(result.choices)) do
    local message = object(choice.message)
    each(message.annotations, add)
    cite_parts(message.content, add)
  end
  each(result.citations, add)
  return list
end

attachments.new_citations, attachments.cite_parts = new_citations, cite_parts

-- Images ----------------------------------------------------------------------------

--- The data or the address of the picture in a part; nil where there is none.
local function image_source(part)
  local source = object(part.source)
  local image = part.image_url
  return words(part.b64_json) or words(part.url) or words(part.result) or words(image) or words(object(image).url)
    or words(source.data) or words(source.url)
end

local IMAGE_PARTS = { image = true, image_url = true, output_image = true, input_image = true }

local function add_parts(list, parts)
  for _, part in ipairs(objects(parts)) do
    if IMAGE_PARTS[part.type] and image_source(part) then list[#list + 1] = part end
  end
end

--- Add to a list what carries a picture in an item of a response.
local function add_images(list, item)
  if item.type == "image_generation_call" and words(item.result) then list[#list + 1] = item end
  if item.type == "code_interpreter_call" then add_parts(list, item.outputs) end
  if item.type == "message" then add_parts(list, item.content) end
end

attachments.add_images, attachments.add_image_parts, attachments.image_source = add_images, add_parts, image_source

--- The items and parts of an answer that carry a picture, as they were received: in
-- `result`, `image_url`, `source`, `url` or `b64_json`.
function attachments.images(result, problem)
  results.check("images", result, result == nil and problem or nil)
  local list = {}
  for _, entry in ipairs(objects(result.data)) do -- of generate_image
    if image_source(entry) then list[#list + 1] = entry end
  end
  for _, item in ipairs(objects(result.output)) do add_images(list, item) end
  for _, choice in ipairs(objects(result.choices)) do
    local message = object(choice.message)
    add_parts(list, message.content)
    add_parts(list, message.images)
  end
  add_parts(list, result.content)
  return list
end

return attachments
