---`:Rlm resume [RUN]`: goes on with a question whose server died, from the last step that was stored.
local history = require('rlm.history')
local runs = require('rlm.runs')
local surroundings = require('rlm.surroundings')

---@param run { runId: string, question: string }
local function resume(run)
  local earlier = runs.by_id(run.runId)
  runs.start({
    question = run.question,
    scope = earlier and earlier.scope or { kind = 'workspace' },
    place = surroundings.here(),
    root = earlier and earlier.asked.root,
    resume = run.runId,
  })
end

---@param run rlm.StoredRun
---@return boolean
local function is_interrupted(run)
  return run.status == 'interrupted'
end

return {
  complete = function()
    return history.complete('', is_interrupted)
  end,
  run = function(text)
    if text ~= '' then
      return history.with_run(text, resume)
    end
    history.choose('Interrupted questions', is_interrupted, resume)
  end,
}
