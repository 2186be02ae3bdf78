---The questions of this session: asking, what is heard while one is worked on, and the several ways it ends.
local compat = require('rlm.compat')
local server = require('rlm.server')
local session = require('rlm.session')
local spinner = require('rlm.spinner')
local status = require('rlm.status')
local surroundings = require('rlm.surroundings')

local M = {}

---Milliseconds that a run may take to say goodbye after it was asked to stop.
local GOODBYE = 3000
local CANCELLED = -32800

---@class rlm.Question
---@field question string
---@field scope rlm.Scope|fun(encoding: string): rlm.Scope?, string?
---@field place rlm.Place where it was asked
---@field root? string the workspace folder, if it is not the buffer's
---@field client_id? integer who is asked, if it lives: the one that a run before it went to
---@field follow_up? string a run
---@field editor? table what a code action says of the surroundings
---@field again? string a run whose question and scope are asked once more
---@field resume? string a run to go on with: nothing new is asked

---@class rlm.Run
---@field asked rlm.Question
---@field run_id string empty until the server has told it
---@field state "running"|"stopping"|"interrupted"|rlm.Status
---@field scope? rlm.Scope
---@field window integer where the user was
---@field client_id? integer
---@field request_id? integer
---@field token string of its progress
---@field partial_token string
---@field spinner? rlm.Spinner at the place
---@field heading? rlm.Spinner in the answer's buffer
---@field turns { turn: integer, text: string, verbs: string[] }[]
---@field answer? rlm.Answer
---@field problem? string
---@field bufnr? integer of its answer

local all = {} ---@type rlm.Run[] in the order in which they were asked
local count = 0

---@param run rlm.Run
---@return boolean
local function is_live(run)
  return run.state == 'running' or run.state == 'stopping'
end

---@param run rlm.Run
---@param state string
---@param what { answer?: rlm.Answer, problem?: string }
local function finish(run, state, what)
  if not is_live(run) then
    return
  end
  run.state, run.answer, run.problem = state, what.answer, what.problem
  run.run_id = what.answer and what.answer.runId or run.run_id
  spinner.stop(run.spinner)
  spinner.stop(run.heading)
  run.spinner, run.heading = nil, nil
  if run.run_id ~= '' then
    require('rlm.sampling').cancel_run(run.run_id)
  end
  require('rlm.answer').finished(run)
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'RlmFinished',
    modeline = false,
    data = { run_id = run.run_id, status = state, answer = what.answer },
  })
end

---What `rlm/ask` and `rlm/estimate` take.
---@param asked rlm.Question
---@param encoding string
---@return rlm.AskParams?
---@return string? problem
function M.params(asked, encoding)
  local scope, problem = asked.scope, nil
  if type(scope) == 'function' then
    scope, problem = scope(encoding)
  end
  if not scope then
    return nil, problem
  end
  local editor = surroundings.taken(asked.place, encoding)
  return {
    question = asked.question,
    scope = scope,
    model = session.model or require('rlm.config').get().model,
    followUp = asked.follow_up,
    again = asked.again,
    editor = asked.editor and vim.tbl_extend('force', editor or {}, asked.editor) or editor,
  }
end

---@param run rlm.Run
---@param client vim.lsp.Client
local function send(run, client)
  local method, params = 'rlm/resume', { runId = run.asked.resume } ---@type string, table?
  if not run.asked.resume then
    local problem
    method = 'rlm/ask'
    params, problem = M.params(run.asked, client.offset_encoding)
    if not params then
      return finish(run, 'failed', { problem = problem })
    end
    run.scope = params.scope
  end
  params.workDoneToken, params.partialResultToken = run.token, run.partial_token
  run.client_id = client.id
  -- No buffer is named: Neovim then sends the pending edits of all of them first.
  local _, request_id = compat.call(client, 'request', method, params, function(err, answer)
    status.forget(run.token, true)
    if not err then
      finish(run, answer.status, { answer = answer })
    elseif err.code == CANCELLED then
      finish(run, 'cancelled', { problem = 'cancelled' })
    else
      finish(run, 'failed', { problem = err.message })
    end
  end)
  run.request_id = request_id
end

---@param asked rlm.Question
---@return rlm.Run
function M.start(asked)
  count = count + 1
  local name = ('rlm.nvim-%d-%d'):format(vim.fn.getpid(), count)
  ---@type rlm.Run
  local run = {
    asked = asked,
    run_id = asked.resume or '',
    state = 'running',
    window = vim.api.nvim_get_current_win(),
    token = name,
    partial_token = name .. '-text',
    turns = {},
  }
  all[#all + 1] = run
  run.spinner = spinner.start(asked.place.bufnr, asked.place.line)
  require('rlm.answer').begin(run)
  server.when_ready(server.for_buffer(asked.place.bufnr, asked.root, asked.client_id), function(client)
    if not client then
      finish(run, 'failed', { problem = server.cannot_start() })
    elseif is_live(run) then
      send(run, client)
    end
  end)
  return run
end

---Asks it to end with what was found so far. For the user it is over at once.
---@param run rlm.Run
function M.stop(run)
  if run.state ~= 'running' then
    return
  end
  local client = run.client_id and vim.lsp.get_client_by_id(run.client_id)
  if not client then
    return finish(run, 'cancelled', { problem = 'cancelled' })
  end
  run.state = 'stopping'
  spinner.stop(run.spinner)
  spinner.stop(run.heading)
  status.forget(run.token)
  compat.call(client, 'notify', 'window/workDoneProgress/cancel', { token = run.token })
  require('rlm.answer').update(run)
  vim.defer_fn(function()
    M.discard(run)
  end, GOODBYE)
end

---Ends it now. Neovim never calls back for a request that it has cancelled: nothing is waited for.
---@param run rlm.Run
function M.discard(run)
  if not is_live(run) then
    return
  end
  local client = run.client_id and vim.lsp.get_client_by_id(run.client_id)
  if client and run.request_id then
    compat.call(client, 'cancel_request', run.request_id)
  end
  status.forget(run.token)
  finish(run, 'cancelled', { problem = 'cancelled' })
end

---@param client_id integer
---@param how string
---@return integer interrupted runs that can be resumed
function M.server_died(client_id, how)
  local interrupted = 0
  for _, run in ipairs(all) do
    if is_live(run) and run.client_id == client_id then
      status.forget(run.token, true)
      local resumable = run.run_id ~= ''
      interrupted = interrupted + (resumable and 1 or 0)
      finish(run, resumable and 'interrupted' or 'failed', { problem = ('the language server ended (%s)'):format(how) })
    end
  end
  return interrupted
end

-- What is heard ------------------------------------------------------------------------------------------------------

---@param run rlm.Run
---@param number integer
---@return { turn: integer, text: string, verbs: string[] }
local function turn(run, number)
  local last = run.turns[#run.turns]
  if not last or last.turn ~= number then
    last = { turn = number, text = '', verbs = {} }
    run.turns[#run.turns + 1] = last
  end
  return last
end

---@param token string|integer
---@param value any
---@return boolean taken whether it was a partial result of ours
function M.take_partial(token, value)
  for _, run in ipairs(all) do
    if run.partial_token == token then
      if not is_live(run) or type(value) ~= 'table' then
        return true
      end
      if value.kind == 'run' then
        run.run_id = value.runId
        require('rlm.answer').named(run)
      elseif value.kind == 'text' then
        local current = turn(run, value.turn)
        current.text = current.text .. value.text
        require('rlm.answer').update(run)
      end
      return true
    end
  end
  return false
end

---@param token string|integer
---@param message string
function M.progressed(token, message)
  for _, run in ipairs(all) do
    if run.token == token and run.state == 'running' then
      spinner.say(run.spinner, message)
      spinner.say(run.heading, message)
    end
  end
end

---@param event { type: string, runId: string, child?: string, turn?: integer, detail?: string }
function M.take_event(event)
  if event.type == 'turnFinished' or event.type == 'runFinished' then
    require('rlm.documents').refresh_trace(event.runId)
  end
  local ours = (event.child or '') == ''
  if ours and event.type == 'runFinished' then
    require('rlm.sampling').cancel_run(event.runId)
  end
  local run = M.by_id(event.runId)
  if ours and run and is_live(run) and event.type == 'verbCalled' then
    table.insert(turn(run, event.turn).verbs, event.detail)
    require('rlm.answer').update(run)
  end
end

-- Which run is meant -------------------------------------------------------------------------------------------------

---@param run_id string
---@return rlm.Run?
function M.by_id(run_id)
  return vim.iter(vim.fn.reverse(vim.list_slice(all))):find(function(run)
    return run.run_id == run_id
  end)
end

---@return rlm.Run[] live ones, the newest last
function M.live()
  return vim.tbl_filter(is_live, all)
end

---The run whose answer is in the current buffer, else the newest.
---@return rlm.Run?
function M.current()
  local bufnr = vim.api.nvim_get_current_buf()
  return vim.iter(all):find(function(run)
    return run.bufnr == bufnr
  end) or all[#all]
end

---The id of the run that the current buffer shows, of this session or an earlier one; else that of the newest.
---@return string?
function M.current_id()
  local run = M.current()
  local shown = vim.b.rlm_run
  if type(shown) == 'string' and shown ~= '' then
    return shown
  end
  return run and run.run_id ~= '' and run.run_id or nil
end

return M
