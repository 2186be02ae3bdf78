---`:[range]Rlm estimate [question]`: what an answer is likely to cost. With `!`: about the workspace.
local asking = require('rlm.asking')
local compat = require('rlm.compat')
local runs = require('rlm.runs')
local scope = require('rlm.scope')
local server = require('rlm.server')

---@param number integer
---@param what string
---@return string
local function many(number, what)
  return ('%d %s%s'):format(number, what, number == 1 and '' or 's')
end

---@param amount { turns: integer, subCalls: integer, tokens: integer, usd: number? }
---@return string
local function in_words(amount)
  local money = type(amount.usd) == 'number' and ('$%.4f'):format(amount.usd) or 'price unknown'
  local counts = { many(amount.turns, 'turn'), many(amount.subCalls, 'sub-call'), many(amount.tokens, 'token'), money }
  return table.concat(counts, ', ')
end

---@param estimate table as `rlm/estimate` returns it
---@return string
local function describe(estimate)
  local lines = {
    ('rlm: %s, route %s, %s, %s'):format(
      estimate.model,
      estimate.route,
      many(estimate.documents, 'document'),
      many(estimate.characters, 'character')
    ),
    'likely: ' .. in_words(estimate.likely),
    'high:   ' .. in_words(estimate.high),
  }
  if type(estimate.basis) == 'string' and estimate.basis ~= '' then
    lines[#lines + 1] = estimate.basis
  end
  return table.concat(lines, '\n')
end

return {
  range = true,
  run = function(text, opts)
    local about, what = asking.scope_of(opts)
    if opts.bang then
      about, what = scope.workspace(), 'the workspace'
    end
    asking.with_question({ question = text, scope = about, prompt = 'Estimate, about ' .. what }, function(question)
      server.when_ready(server.for_buffer(question.place.bufnr), function(client)
        local params, problem
        if client then
          params, problem = runs.params(question, client.offset_encoding)
        end
        if not params then
          return vim.notify('rlm: ' .. (problem or server.cannot_start()), vim.log.levels.ERROR)
        end
        compat.call(client, 'request', 'rlm/estimate', params, function(err, estimate)
          if err then
            return vim.notify('rlm: ' .. err.message, vim.log.levels.ERROR)
          end
          vim.notify(describe(estimate))
        end)
      end)
    end)
  end,
}
