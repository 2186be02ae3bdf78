---`:Rlm NAME …`: each name is a file in commands/.
local M = {}

---@class rlm.Subcommand
---@field run fun(text: string, opts: table) `text` is what follows the name; `opts` as for nvim_create_user_command
---@field complete? fun(lead: string): string[]
---@field range? boolean takes lines

M.names = {
  'again',
  'answer',
  'ask',
  'copy',
  'data',
  'delete',
  'doctor',
  'estimate',
  'follow',
  'history',
  'model',
  'open',
  'restart',
  'resume',
  'selection',
  'stop',
  'trace',
  'workspace',
}

---@param name string
---@return rlm.Subcommand?
local function find(name)
  return vim.list_contains(M.names, name) and require('rlm.commands.' .. name) or nil
end

---@param problem string
local function complain(problem)
  vim.notify('rlm: ' .. problem, vim.log.levels.ERROR)
end

---@param opts table as nvim_create_user_command passes it
function M.run(opts)
  local name, text = opts.args:match('^%s*(%S*)%s*(.-)%s*$')
  name = name == '' and 'ask' or name
  local command = find(name)
  if not command then
    return complain(('there is no :Rlm %s; there are %s'):format(name, table.concat(M.names, ', ')))
  end
  if opts.range > 0 and not command.range then
    return complain((':Rlm %s takes no lines'):format(name))
  end
  command.run(text, opts)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:match("^['<>,%d%%%$%.%s]*Rlm!?%s+(.*)$") or line:match('Rlm!?%s+(.*)$') or ''
  local name, rest = before:match('^(%S+)%s+(.*)$')
  local words = M.names
  if name then
    local command = find(name)
    words = command and command.complete and not rest:find('%s') and command.complete(lead) or {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, words)
end

return M
