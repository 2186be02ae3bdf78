---The history of all questions, which is the server's.
local server = require('rlm.server')

local M = {}

local MOST = 200

---@param problem string
local function complain(problem)
  vim.notify('rlm: ' .. problem, vim.log.levels.ERROR)
end

---@param answered fun(runs: rlm.StoredRun[])
---@param search? string words that question or answer hold
local function fetch(answered, search)
  server.request('rlm/runs', { limit = MOST, search = search }, function(err, result)
    if err then
      return complain(err.message)
    end
    answered(result.runs)
  end)
end

---@param created string ISO 8601, UTC
---@return string by the user's clock
local function when(created)
  local year, month, day, hour, minute = created:match('^(%d+)-(%d+)-(%d+)T(%d+):(%d+)')
  if not year then
    return created
  end
  -- Read as if it were local standard time, then put right by as much as that is off.
  local read = os.time({ year = year, month = month, day = day, hour = hour, min = minute, isdst = false })
  local utc = os.date('!*t', read) --[[@as osdate]]
  utc.isdst = false
  return os.date('%Y-%m-%d %H:%M', read + os.difftime(read, os.time(utc))) --[[@as string]]
end

---@param run rlm.StoredRun
---@return string
local function describe(run)
  return ('%s  %-11s  %s'):format(when(run.created), run.status, (run.question:gsub('%s+', ' ')))
end

---Lets the user choose one; the only one there is, is chosen.
---@param prompt string
---@param wanted (fun(run: rlm.StoredRun): boolean)?
---@param chosen fun(run: rlm.StoredRun)
---@param search? string words that question or answer hold
function M.choose(prompt, wanted, chosen, search)
  fetch(function(runs)
    local found = wanted and vim.tbl_filter(wanted, runs) or runs
    if #found == 0 then
      return vim.notify('rlm: there are none: ' .. prompt:lower())
    end
    if wanted and #found == 1 then
      return chosen(found[1])
    end
    vim.ui.select(found, { prompt = prompt, format_item = describe, kind = 'rlm-run' }, function(run)
      if run then
        chosen(run)
      end
    end)
  end, search)
end

---Deletes a run with its answer and trace.
---@param run_id string
function M.delete(run_id)
  server.request('rlm/deleteRuns', { runIds = { run_id } }, function(err)
    if err then
      return complain(err.message)
    end
    vim.notify('rlm: deleted ' .. run_id)
  end)
end

---@param run_id string whole, the start of one, or "last"
---@param found fun(run: rlm.StoredRun)
function M.with_run(run_id, found)
  fetch(function(runs)
    local run = run_id == 'last' and runs[1]
      or vim.iter(runs):find(function(run)
        return vim.startswith(run.runId, run_id)
      end)
    if not run then
      return complain(run_id == 'last' and 'nothing has been asked yet' or 'there is no run ' .. run_id)
    end
    found(run)
  end)
end

---@param run_id string
---@param found fun(run_id: string)
function M.with_id(run_id, found)
  if run_id:match('^%d+%-%d+%-%x+$') then
    return found(run_id)
  end
  M.with_run(run_id, function(run)
    found(run.runId)
  end)
end

---Ids of runs, for the command line: of a server that runs already and answers soon.
---@param _ string
---@param wanted? fun(run: rlm.StoredRun): boolean
---@return string[]
function M.complete(_, wanted)
  local client = server.clients()[1]
  if not client then
    return {}
  end
  local compat = require('rlm.compat')
  local response = compat.call(client, 'request_sync', 'rlm/runs', { limit = 50 }, 500, 0)
  local runs = response and response.result and response.result.runs or {}
  return vim.tbl_map(function(run)
    return run.runId
  end, wanted and vim.tbl_filter(wanted, runs) or runs)
end

return M
