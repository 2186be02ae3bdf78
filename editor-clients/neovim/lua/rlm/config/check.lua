---Which of the user's options can be used. A wrong one never stops the plugin: its default is used and it is told.
local M = {}

---@param value any
---@return boolean
local function strings(value)
  if type(value) ~= 'table' or not vim.islist(value) then
    return false
  end
  return vim.iter(value):all(function(item)
    return type(item) == 'string'
  end)
end

---@param value any
---@return boolean
local function some_strings(value)
  return strings(value) and #value > 0
end

---@param low number
---@param high number
local function number_within(low, high)
  return function(value)
    return type(value) == 'number' and value >= low and value <= high
  end
end

---@param name string
local function a(name)
  return function(value)
    return type(value) == name
  end
end

---@type table<string, table<string, any>|{[1]: fun(value: any): boolean, [2]: string}>
local rules = {
  cmd = { some_strings, 'a list of strings: the command and its arguments' },
  env = {
    function(value)
      return type(value) == 'table'
        and vim.iter(value):all(function(name, text)
          return type(name) == 'string' and type(text) == 'string'
        end)
    end,
    'a table of names and strings',
  },
  attach = { a('boolean'), 'true or false' },
  attach_max_bytes = { number_within(0, math.huge), 'a number of bytes' },
  excerpts_above_bytes = { number_within(0, math.huge), 'a number of bytes' },
  restart = { a('boolean'), 'true or false' },
  root_markers = { strings, 'a list of strings' },
  settings = { a('table'), 'a table' },
  model = { a('string'), 'a string' },
  models = { strings, 'a list of strings' },
  answer = {
    layout = {
      function(value)
        return vim.list_contains({ 'split', 'vsplit', 'float', 'tab' }, value)
      end,
      '"split", "vsplit", "float" or "tab"',
    },
    size = { number_within(0.1, 1), 'a number from 0.1 to 1' },
    steps = { a('boolean'), 'true or false' },
  },
  citations = {
    quickfix = { a('boolean'), 'true or false' },
    open = { a('boolean'), 'true or false' },
  },
  spinner = {
    enabled = { a('boolean'), 'true or false' },
    frames = { some_strings, 'a list of strings' },
    interval = { number_within(20, 10000), 'a number of milliseconds, 20 or more' },
  },
  share_editor = { a('boolean'), 'true or false' },
  sample = { a('function'), 'a function' },
}

---@param into table
---@param given table
---@param known table
---@param path string
---@param problems string[]
local function take(into, given, known, path, problems)
  for name, value in pairs(given) do
    local full = path .. tostring(name)
    local rule = known[name]
    if rule == nil then
      problems[#problems + 1] = ('there is no option %s; see :help rlm-options'):format(full)
    elseif type(rule[1]) == 'function' then
      if rule[1](value) then
        into[name] = value
      else
        problems[#problems + 1] = ('the option %s has to be %s'):format(full, rule[2])
      end
    elseif type(value) == 'table' then
      take(into[name], value, rule, full .. '.', problems)
    else
      problems[#problems + 1] = ('the option %s has to be a table'):format(full)
    end
  end
end

---@param defaults table
---@param given any a table, a function that returns one, or nil
---@return table options
---@return string[] problems
function M.merge(defaults, given)
  local options, problems = vim.deepcopy(defaults), {} ---@type table, string[]
  if type(given) == 'function' then
    local ok, result = pcall(given)
    if not ok then
      return options, { 'vim.g.rlm failed: ' .. tostring(result) }
    end
    given = result
  end
  if type(given) == 'table' then
    take(options, given, rules, 'vim.g.rlm.', problems)
  elseif given ~= nil then
    problems[1] = 'vim.g.rlm has to be a table'
  end
  table.sort(problems)
  return options, problems
end

return M
