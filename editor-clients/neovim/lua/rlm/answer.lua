---The buffer of an answer: the question, the model's steps while it works, then the answer itself.
local citations = require('rlm.citations')
local config = require('rlm.config')
local documents = require('rlm.documents')
local spinner = require('rlm.spinner')
local window = require('rlm.window')

local M = {}

---Verbs shown of a turn under way.
local VERBS = 8

---@param text string
---@return string
local function one_line(text)
  return vim.trim((text:gsub('%s+', ' ')))
end

---What a turn was for: its words before the first program.
---@param text string
---@return string
local function plan(text)
  local head = text:match('^(.-)\n?```') or text
  return one_line(head)
end

---What a model writes, until the server has made a document of it: plugins draw the images of a Markdown buffer, and
---fetch them. In programs, `![` means something else.
---@param lines string[]
---@return string[]
local function undrawn(lines)
  local program = false
  return vim.tbl_map(function(line)
    if line:find('^%s*```') then
      program = not program
    elseif not program then
      line = line:gsub('!%[', '!\\['):gsub('<(%s*[%a!/])', '\\<%1')
    end
    return line
  end, lines)
end

---@param run rlm.Run
---@return string[]
local function steps(run)
  local lines = {}
  for index, turn in ipairs(run.turns) do
    if index < #run.turns then
      lines[#lines + 1] = ('%d. %s'):format(index, plan(turn.text))
    else
      vim.list_extend(lines, index > 1 and { '' } or {})
      vim.list_extend(lines, vim.split(vim.trim(turn.text), '\n', { plain = true }))
      if #turn.verbs > 0 then
        lines[#lines + 1] = ''
        for _, verb in ipairs(vim.list_slice(turn.verbs, math.max(1, #turn.verbs - VERBS + 1))) do
          lines[#lines + 1] = '- `' .. one_line(verb) .. '`'
        end
      end
    end
  end
  return undrawn(lines)
end

---@param run rlm.Run
---@return string[]
local function heading(run)
  return undrawn({ '# ' .. one_line(run.asked.question), '' })
end

---@param run rlm.Run
function M.begin(run)
  local name = run.run_id ~= '' and documents.name('answer', run.run_id) or nil
  local bufnr = name and vim.fn.bufnr(name) or -1
  if bufnr < 0 then
    bufnr = vim.api.nvim_create_buf(false, true)
  end
  run.bufnr = bufnr
  documents.dress(bufnr, run.run_id)
  documents.set_lines(bufnr, heading(run))
  window.show(bufnr)
  run.heading = spinner.start(bufnr, 0, true)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    once = true,
    desc = 'rlm: nobody waits for this answer any more',
    callback = function()
      run.bufnr = nil
      require('rlm.runs').discard(run)
    end,
  })
  if run.run_id ~= '' then
    M.named(run)
  end
end

---The run's id has come.
---@param run rlm.Run
function M.named(run)
  if run.bufnr then
    vim.b[run.bufnr].rlm_run = run.run_id
    pcall(vim.api.nvim_buf_set_name, run.bufnr, documents.name('answer', run.run_id))
  end
end

---@param run rlm.Run
function M.update(run)
  if not run.bufnr then
    return
  end
  local lines = heading(run)
  if run.state == 'stopping' then
    vim.list_extend(lines, { '> stopping…', '' })
  end
  if config.get().answer.steps then
    vim.list_extend(lines, steps(run))
  end
  documents.set_lines(run.bufnr, lines)
end

---@param run rlm.Run
---@return string
local function problem(run)
  return one_line(run.problem or run.answer and run.answer.reason or '')
end

---What is shown when the server has no document of the run, or cannot be asked for it.
---@param run rlm.Run
---@return string[]
local function plain(run)
  local lines = heading(run)
  vim.list_extend(lines, { ('> **%s**: %s'):format(run.state, problem(run)) })
  if run.state == 'interrupted' then
    vim.list_extend(lines, { '>', '> `:Rlm resume` goes on where it stopped; what was paid for is not paid again.' })
  end
  if run.answer then
    vim.list_extend(lines, { '' })
    vim.list_extend(lines, undrawn(vim.split(run.answer.answer, '\n', { plain = true })))
  elseif #run.turns > 0 then
    vim.list_extend(lines, { '' })
    vim.list_extend(lines, steps(run))
  end
  return lines
end

---@param run rlm.Run
local function tell(run)
  local shown = run.bufnr and window.is_shown(run.bufnr)
  if run.state == 'failed' then
    vim.notify('rlm: ' .. problem(run), vim.log.levels.ERROR)
  elseif not shown and run.state ~= 'interrupted' and run.bufnr then
    vim.notify(('rlm: %s: %s (:Rlm answer shows it)'):format(run.state, one_line(run.asked.question)))
  end
end

---@param run rlm.Run
function M.finished(run)
  tell(run)
  local client = run.client_id and vim.lsp.get_client_by_id(run.client_id)
  if run.answer and client then
    citations.to_quickfix(run.answer, run.asked.question, client.offset_encoding)
  end
  if not run.bufnr then
    return
  end
  vim.b[run.bufnr].rlm_run = run.run_id
  if not run.answer or run.answer.runId == '' then
    return documents.set_lines(run.bufnr, plain(run))
  end
  M.named(run)
  documents.load(run.bufnr, 'answer', run.run_id, function()
    return plain(run)
  end)
end

return M
