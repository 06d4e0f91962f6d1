-- Refuses a REST body that names a field which its message has not, before the transcoder drops the field in silence.
-- It understands JSON more narrowly than the transcoder, so that both see the same names: what it cannot read it refuses.

local FORMS = ${forms} -- verb -> list of { pattern of the path, the body's type, or false for none }
local FIELDS = ${fields} -- type -> name as written, either way -> { name, type of the value if it is a message }
local DEPTH_MAX = 32

local function refuse(reason, field, text)
  error({ reason = reason, field = field, text = text }, 0)
end

local function malformed(path, text)
  refuse("REQUEST_MALFORMED", path, (path == "" and "the body" or path) .. " " .. text)
end

local function printable(name)
  return (string.gsub(string.sub(name, 1, 64), "[^%w_.%-]", "?"))
end

local function skip_space(text, at)
  return string.find(text, "[^ \t\r\n]", at) or #text + 1
end

-- Returns where the text goes on after a string, and whether it holds an escape.
local function skip_string(text, at, path)
  local escaped, position = false, at + 1
  while true do
    local stop = string.find(text, '["\\%z\1-\31]', position)
    local found = stop and string.byte(text, stop)
    if found == 34 then
      return stop + 1, escaped
    elseif found ~= 92 then
      malformed(path, "holds a text that does not end, or a control character")
    end
    escaped, position = true, stop + 2
  end
end

local function skip_word(text, at, path)
  local _, stop = string.find(text, "^[%w.+-]+", at)
  local word = stop and string.sub(text, at, stop) or ""
  local number = string.find(word, "^%-?%d+%.?%d*[eE]?[+-]?%d*$")
  if not number and word ~= "true" and word ~= "false" and word ~= "null" then
    malformed(path, "is not JSON")
  end
  return stop + 1
end

local skip_value

local function skip_list(text, at, kind, path, depth)
  at = skip_space(text, at + 1)
  if string.byte(text, at) == 93 then return at + 1 end
  while true do
    at = skip_space(text, skip_value(text, at, kind, path, depth + 1))
    local found = string.byte(text, at)
    if found == 93 then return at + 1 end
    if found ~= 44 then malformed(path, "is not JSON: a list does not end") end
    at = skip_space(text, at + 1)
  end
end

local function skip_object(text, at, kind, path, depth)
  local fields, seen = FIELDS[kind], {}
  if not fields then malformed(path, "takes no object") end
  at = skip_space(text, at + 1)
  if string.byte(text, at) == 125 then return at + 1 end
  while true do
    if string.byte(text, at) ~= 34 then malformed(path, "is not JSON: a name in double quotes is missing") end
    local after, escaped = skip_string(text, at, path)
    local name = string.sub(text, at + 1, after - 2)
    local inner = (path == "" and "" or path .. ".") .. printable(name)
    local field = not escaped and fields[name]
    if not field then refuse("UNKNOWN_FIELD", inner, "there is no field " .. inner) end
    if seen[field[1]] then malformed(inner, "is given twice") end
    seen[field[1]] = true
    at = skip_space(text, after)
    if string.byte(text, at) ~= 58 then malformed(inner, "is not JSON: a colon is missing") end
    at = skip_space(text, skip_value(text, skip_space(text, at + 1), field[2], inner, depth + 1))
    local found = string.byte(text, at)
    if found == 125 then return at + 1 end
    if found ~= 44 then malformed(path, "is not JSON: an object does not end") end
    at = skip_space(text, at + 1)
  end
end

skip_value = function(text, at, kind, path, depth)
  if depth > DEPTH_MAX then malformed(path, "is nested too deeply") end
  local found = string.byte(text, at)
  if found == 123 then return skip_object(text, at, kind, path, depth) end
  if found == 91 then return skip_list(text, at, kind, path, depth) end
  if found == 34 then return (skip_string(text, at, path)) end
  return skip_word(text, at, path)
end

local function check(text, kind)
  local at = skip_space(text, 1)
  if string.byte(text, at) ~= 123 then malformed("", "is not a JSON object") end
  if skip_space(text, skip_object(text, at, kind, "", 0)) <= #text then malformed("", "goes on after its end") end
end

local function body_type(verb, path)
  path = string.gsub(string.match(path, "^[^?#]*"), "/+$", "")
  for _, form in ipairs(FORMS[verb] or {}) do
    if string.find(path, form[1]) then return form[2] end
  end
  return nil
end

function envoy_on_request(handle)
  local path = handle:headers():get(":path") or ""
  if string.sub(path, 1, 8) ~= "/api/v1/" then return end
  local kind = body_type(handle:headers():get(":method"), path)
  if kind == nil then
    handle:respond({ [":status"] = "404" }, "")
    return
  end
  local body = kind and handle:body()
  if not body or body:length() == 0 then return end
  local passed, problem = pcall(check, body:getBytes(0, body:length()), kind)
  if passed then return end
  -- Whatever went wrong here, nothing passes that was not read to its end.
  if type(problem) ~= "table" then
    problem = { reason = "REQUEST_MALFORMED", field = "", text = "the body could not be read" }
  end
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("countersign", "reason", problem.reason)
  metadata:set("countersign", "field", problem.field)
  handle:respond({ [":status"] = "400" }, problem.text)
end
