---`:Rlm again [RUN]`: the same question about what its texts hold now: the one in this buffer, or else the newest.
local history = require('rlm.history')
local runs = require('rlm.runs')
local surroundings = require('rlm.surroundings')

return {
  complete = function(lead)
    return history.complete(lead)
  end,
  run = function(text)
    history.with_run(text ~= '' and text or runs.current_id() or 'last', function(run)
      local earlier = runs.by_id(run.runId)
      runs.start({
        question = run.question,
        scope = earlier and earlier.scope or { kind = 'workspace' },
        place = surroundings.here(),
        root = earlier and earlier.asked.root,
        client_id = earlier and earlier.client_id,
        again = run.runId,
      })
    end)
  end,
}
