---`rlm/sample`: the server asks the editor's own model, the function that the user has named in `vim.g.rlm.sample`.
local compat = require('rlm.compat')
local config = require('rlm.config')

local M = {}

---@class rlm.Sampling
---@field run_id string
---@field finish fun(reply: string|rlm.SampleReply|nil, problem: string?)
---@field give_up fun()?

local under_way = {} ---@type table<string, rlm.Sampling>

---@param reply string|rlm.SampleReply|nil
---@param problem string?
---@return rlm.SampleReply? result
---@return lsp.ResponseError? error
local function response(reply, problem)
  if type(reply) == 'string' then
    reply = { text = reply }
  end
  if type(reply) == 'table' and type(reply.text) == 'string' then
    return reply, nil
  end
  -- One of the few codes that Neovim lets through.
  local code = vim.lsp.protocol.ErrorCodes.InternalError
  return nil, vim.lsp.rpc_response_error(code, problem or 'The editor’s model gave no reply.')
end

---Answers a request of the server's; waits inside the coroutine in which Neovim runs such handlers.
---@param request rlm.SampleRequest
---@param context { client_id: integer }
---@return rlm.SampleReply? result
---@return lsp.ResponseError? error
function M.sample(request, context)
  local sample = config.get().sample
  if not sample then
    return response(nil, 'vim.g.rlm.sample names no function: the editor has no model.')
  end
  local co = coroutine.running()
  local sampling = { run_id = request.runId } ---@type rlm.Sampling
  local ended, waiting = nil, false ---@type table?, boolean
  under_way[request.token] = sampling

  function sampling.finish(reply, problem)
    if ended then
      return
    end
    ended = { reply = reply, problem = problem }
    under_way[request.token] = nil
    if waiting then
      coroutine.resume(co)
    end
  end

  local ok, result = pcall(sample, request, function(text)
    local client = vim.lsp.get_client_by_id(context.client_id)
    if client and not ended then
      compat.call(client, 'notify', 'rlm/sampleText', { token = request.token, text = text })
    end
  end, vim.schedule_wrap(sampling.finish))
  if not ok then
    sampling.finish(nil, 'vim.g.rlm.sample failed: ' .. tostring(result))
  elseif type(result) == 'function' then
    sampling.give_up = result
  end
  if not ended then
    waiting = true
    coroutine.yield()
  end
  return response(ended.reply, ended.problem)
end

---A run that has ended needs no more replies. (The server's `$/cancelRequest` says the same, but Neovim does not tell a
---handler which request it answers.)
---@param run_id string
function M.cancel_run(run_id)
  for _, sampling in ipairs(vim.tbl_values(under_way)) do
    if sampling.run_id == run_id then
      if sampling.give_up then
        pcall(sampling.give_up)
      end
      sampling.finish(nil, 'cancelled')
    end
  end
end

return M
