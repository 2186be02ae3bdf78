---One line about what the server does, from its progress (`LspProgress`). For status lines.
local M = {}

local messages = {} ---@type table<string|integer, string> token → what is being done
local forgotten = {} ---@type table<string|integer, true> ended here, not yet on the server

---@param token string|integer
---@param value lsp.WorkDoneProgressBegin|lsp.WorkDoneProgressReport|lsp.WorkDoneProgressEnd
local function take(token, value)
  if value.kind == 'end' then
    messages[token], forgotten[token] = nil, nil
  elseif not forgotten[token] then
    messages[token] = value.message or messages[token] or 'reading'
    require('rlm.runs').progressed(token, messages[token])
  end
  M.changed()
end

vim.api.nvim_create_autocmd('LspProgress', {
  group = vim.api.nvim_create_augroup('rlm.status', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    local value = event.data.params.value
    if client and client.name == 'rlm' and type(value) == 'table' then
      take(event.data.params.token, value)
    end
  end,
})

---A run is over for the user, whatever the server still says of it.
---@param token string
---@param for_good? boolean the server will say nothing more
function M.forget(token, for_good)
  messages[token] = nil
  forgotten[token] = not for_good or nil
  M.changed()
end

function M.changed()
  vim.cmd.redrawstatus()
end

---A status line reads `%{…}` as an expression to evaluate; what is said here came from the server, and a model.
---@param text string
---@return string
local function plain(text)
  return (text:gsub('%%', '％'))
end

---Empty when nothing goes on: "⠙ turn 2 · find('timeout') → 12 · $0.03", "⠙ 2 questions", "rlm: signal 9".
---@return string
function M.line()
  local _, message = next(messages)
  if message then
    local many = vim.tbl_count(messages)
    return require('rlm.spinner').frame() .. ' ' .. (many > 1 and many .. ' questions' or plain(message))
  end
  local problem = require('rlm.server').problem
  return problem and 'rlm: ' .. plain(problem) or ''
end

return M
