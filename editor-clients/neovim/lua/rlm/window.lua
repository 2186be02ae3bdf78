---Windows for answers and traces. Opened without taking the focus; one is used again for the next.
local config = require('rlm.config')

local M = {}

---Whether a window was opened for answers and still shows one.
---@param window integer
---@return boolean
local function is_ours(window)
  return vim.w[window].rlm == true and vim.b[vim.api.nvim_win_get_buf(window)].rlm_run ~= nil
end

---@param layout "split"|"vsplit"|"float"|"tab"
---@param size number
---@param bufnr integer
---@return integer window
local function open(layout, size, bufnr)
  local columns, lines = vim.o.columns, vim.o.lines
  if layout == 'float' then
    local width, height = math.max(30, math.floor(columns * math.max(size, 0.5))), math.max(5, lines - 6)
    return vim.api.nvim_open_win(bufnr, false, {
      relative = 'editor',
      row = 1,
      col = columns - width - 2,
      width = math.min(width, columns - 2),
      height = height,
      border = 'rounded',
      style = 'minimal',
      title = ' rlm ',
    })
  elseif layout == 'tab' then
    local here = vim.api.nvim_get_current_win()
    vim.cmd('noautocmd tabnew')
    local scratch, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(window, bufnr)
    vim.api.nvim_set_current_win(here)
    pcall(vim.api.nvim_buf_delete, scratch, {})
    return window
  end
  local below = layout == 'split'
  return vim.api.nvim_open_win(bufnr, false, {
    split = below and 'below' or 'right',
    win = -1,
    height = below and math.max(5, math.floor(lines * size)) or nil,
    width = not below and math.max(20, math.floor(columns * size)) or nil,
  })
end

---@param window integer
---@param fold boolean
local function dress(window, fold)
  local options = vim.wo[window][0]
  options.wrap, options.linebreak, options.breakindent = true, true, true
  options.number, options.relativenumber, options.signcolumn = false, false, 'no'
  options.conceallevel, options.concealcursor = 2, 'nc'
  options.winfixheight = true
  if fold then
    options.foldmethod, options.foldexpr = 'expr', "v:lua.require'rlm.documents'.fold(v:lnum)"
    options.foldlevel, options.foldenable = 1, true
  else
    options.foldmethod, options.foldenable = 'manual', false
  end
end

---Shows a buffer in the window that this tab page has for us, or in a new one.
---@param bufnr integer
---@param how? { focus?: boolean, fold?: boolean }
---@return integer window
function M.show(bufnr, how)
  how = how or {}
  local options = config.get().answer
  local window = vim.iter(vim.fn.win_findbuf(bufnr)):next()
    or vim.iter(vim.api.nvim_tabpage_list_wins(0)):find(is_ours)
  if window then
    vim.wo[window].winfixbuf = false
    vim.api.nvim_win_set_buf(window, bufnr)
  else
    window = open(options.layout, options.size, bufnr)
    vim.w[window].rlm = true
  end
  dress(window, how.fold or false)
  -- `:cnext` and the like leave the answer where it is.
  vim.wo[window][0].winfixbuf = is_ours(window) and #vim.api.nvim_tabpage_list_wins(0) > 1
  if how.focus then
    vim.api.nvim_set_current_win(window)
  end
  return window
end

---@param bufnr integer
---@return boolean
function M.is_shown(bufnr)
  return #vim.fn.win_findbuf(bufnr) > 0
end

vim.api.nvim_create_autocmd('WinClosed', {
  group = vim.api.nvim_create_augroup('rlm.window', {}),
  desc = 'rlm: the last window of a tab page may show anything',
  callback = vim.schedule_wrap(function()
    local windows = vim.api.nvim_tabpage_list_wins(0)
    if #windows == 1 and vim.w[windows[1]].rlm then
      vim.wo[windows[1]].winfixbuf = false
    end
  end),
})

---@param window integer
---@return boolean
local function is_excerpt(window)
  return vim.b[vim.api.nvim_win_get_buf(window)].rlm_excerpt ~= nil
end

---A window for the user's texts: the preferred one, the previous one, any other, a new one.
---@param preferred integer?
---@return integer window
function M.for_text(preferred)
  local previous = vim.fn.win_getid(vim.fn.winnr('#'))
  local candidates = vim.list_extend({ preferred, previous }, vim.api.nvim_tabpage_list_wins(0))
  for _, window in pairs(candidates) do
    if
      vim.api.nvim_win_is_valid(window)
      and not is_ours(window)
      and (vim.bo[vim.api.nvim_win_get_buf(window)].buftype == '' or is_excerpt(window))
      and vim.api.nvim_win_get_config(window).relative == ''
    then
      return window
    end
  end
  return vim.api.nvim_open_win(vim.api.nvim_create_buf(true, false), false, { split = 'above', win = -1 })
end

return M
