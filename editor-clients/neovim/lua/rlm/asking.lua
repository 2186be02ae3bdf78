---From a command or a code action to a run: the question, if it has to be typed, and where it was asked.
local surroundings = require('rlm.surroundings')

local M = {}

---@class rlm.Asked
---@field question? string typed by the user if it is missing
---@field prompt? string
---@field scope rlm.Scope|fun(encoding: string): rlm.Scope?, string?
---@field root? string
---@field client_id? integer
---@field follow_up? string
---@field editor? table

---@param asked rlm.Asked
---@param go_on fun(question: rlm.Question)
function M.with_question(asked, go_on)
  -- Before the prompt: where the cursor is then is not where the question is about.
  local place = surroundings.here()
  local function with(question)
    question = vim.trim(question or '')
    if question ~= '' then
      go_on({
        question = question,
        scope = asked.scope,
        place = place,
        root = asked.root,
        client_id = asked.client_id,
        follow_up = asked.follow_up,
        editor = asked.editor,
      })
    end
  end
  if asked.question and vim.trim(asked.question) ~= '' then
    return with(asked.question)
  end
  vim.ui.input({ prompt = (asked.prompt or 'Ask') .. ': ' }, with)
end

---@param asked rlm.Asked
function M.ask(asked)
  M.with_question(asked, require('rlm.runs').start)
end

---The scope of a command that was given lines, or else of the whole buffer.
---@param opts { range: integer, line1: integer, line2: integer }
---@return rlm.Scope|fun(encoding: string): rlm.Scope?, string?
---@return string what it is, in words
function M.scope_of(opts)
  local scope = require('rlm.scope')
  local bufnr = vim.api.nvim_get_current_buf()
  if opts.range > 0 then
    local region = scope.region(bufnr, opts.line1, opts.line2)
    return function(encoding)
      return scope.selection(bufnr, region, encoding)
    end, 'the selection'
  end
  return function()
    return scope.document(bufnr)
  end, 'this file'
end

return M
