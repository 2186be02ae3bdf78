---A line of virtual text that moves: where a question was asked from, and over its answer.
local config = require('rlm.config')

local M = {}

local namespace = vim.api.nvim_create_namespace('rlm.spinner')

---@class rlm.Spinner
---@field bufnr integer
---@field mark integer
---@field below boolean
---@field text string

local spinners = {} ---@type table<rlm.Spinner, true>
local timer ---@type uv.uv_timer_t?
local frame = 0

---The frame that all spinners show now.
---@return string
function M.frame()
  local frames = config.get().spinner.frames
  return frames[frame % #frames + 1]
end

---@param bufnr integer
---@param line integer from 0
---@return boolean
local function is_long(bufnr, line)
  local text = vim.api.nvim_buf_get_lines(bufnr, line, line + 1, false)[1] or ''
  -- Not strdisplaywidth(): a line of a binary or compressed file may hold a NUL, which no Vim function takes.
  return #text > 10000 or vim.api.nvim_strwidth(text) > vim.o.columns / 2
end

---@param spinner rlm.Spinner
local function draw(spinner)
  if not vim.api.nvim_buf_is_valid(spinner.bufnr) then
    spinners[spinner] = nil
    return
  end
  local at = vim.api.nvim_buf_get_extmark_by_id(spinner.bufnr, namespace, spinner.mark, {})
  if not at[1] then
    return
  end
  local line = { { ('  %s %s '):format(M.frame(), spinner.text), 'Comment' } }
  vim.api.nvim_buf_set_extmark(spinner.bufnr, namespace, at[1], 0, {
    id = spinner.mark,
    virt_text = not spinner.below and line or nil,
    -- Behind the end of a long line nobody would see it.
    virt_text_pos = not spinner.below and (is_long(spinner.bufnr, at[1]) and 'right_align' or 'eol') or nil,
    virt_lines = spinner.below and { line } or nil,
  })
end

local function tick()
  frame = frame + 1
  for spinner in pairs(spinners) do
    draw(spinner)
  end
  require('rlm.status').changed()
end

---@param bufnr integer
---@param line integer from 0
---@param below? boolean a line of its own below `line`, rather than at its end
---@return rlm.Spinner?
function M.start(bufnr, line, below)
  local options = config.get().spinner
  if not options.enabled or not vim.api.nvim_buf_is_loaded(bufnr) then
    return
  end
  line = math.min(line, vim.api.nvim_buf_line_count(bufnr) - 1)
  local spinner = {
    bufnr = bufnr,
    mark = vim.api.nvim_buf_set_extmark(bufnr, namespace, line, 0, {}),
    below = below or false,
    text = 'rlm',
  }
  spinners[spinner] = true
  draw(spinner)
  if not timer then
    timer = assert(vim.uv.new_timer())
    timer:start(options.interval, options.interval, vim.schedule_wrap(tick))
  end
  return spinner
end

---@param spinner rlm.Spinner?
---@param text string
function M.say(spinner, text)
  if spinner and spinners[spinner] then
    spinner.text = text
    draw(spinner)
  end
end

---@param spinner rlm.Spinner?
function M.stop(spinner)
  if not spinner then
    return
  end
  spinners[spinner] = nil
  if vim.api.nvim_buf_is_valid(spinner.bufnr) then
    vim.api.nvim_buf_del_extmark(spinner.bufnr, namespace, spinner.mark)
  end
  if timer and next(spinners) == nil then
    timer:close()
    timer = nil
  end
end

return M
