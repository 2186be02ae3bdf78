---`:Rlm follow [question]`: a further question about the text of an answer: the one in this buffer, else the newest.
local asking = require('rlm.asking')
local runs = require('rlm.runs')
local scope = require('rlm.scope')
local server = require('rlm.server')

---@param run_id string
---@param go_on fun(scope: rlm.Scope, root: string?)
local function with_scope(run_id, go_on)
  local run = runs.by_id(run_id)
  if run and run.scope then
    return go_on(run.scope, run.asked.root)
  end
  server.request('rlm/trace', { runId = run_id }, function(err, result)
    if err then
      return vim.notify('rlm: ' .. err.message, vim.log.levels.ERROR)
    end
    local stored = result.events[1] and result.events[1].scope
    local found = stored and scope.of_trace(stored)
    if not found then
      return vim.notify('rlm: what that question was about is not known any more', vim.log.levels.ERROR)
    end
    go_on(found, type(stored.roots) == 'table' and stored.roots[1] or nil)
  end)
end

return {
  run = function(text)
    local run_id = runs.current_id()
    if not run_id then
      return vim.notify('rlm: nothing has been asked yet', vim.log.levels.ERROR)
    end
    local run = runs.by_id(run_id)
    with_scope(run_id, function(found, root)
      asking.ask({
        question = text,
        scope = found,
        root = root,
        client_id = run and run.client_id,
        follow_up = run_id,
        prompt = 'Follow up',
      })
    end)
  end,
}
