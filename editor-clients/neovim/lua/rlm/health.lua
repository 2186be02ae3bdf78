---`:checkhealth rlm`
local compat = require('rlm.compat')
local config = require('rlm.config')
local launch = require('rlm.launch')
local server = require('rlm.server')

local M = {}

local health = vim.health

---The oldest server that this plugin was tried with.
local OLDEST = '0.1.0'
---Milliseconds that the server may take for its own checks.
local PATIENCE = 60000

local INSTALL = {
  'Install the server: pipx install rlm-ls (or: pip install . in its repository)',
  'Or name its command: vim.g.rlm = { cmd = { "/path/to/venv/bin/rlm-ls" } }',
}

local function check_neovim()
  health.start('Neovim')
  if vim.fn.has('nvim-0.10') == 0 then
    return health.error('Neovim 0.10 or newer is needed')
  end
  health.ok('Neovim ' .. tostring(vim.version()))
end

local function check_options()
  health.start('Options')
  local options, problems = config.checked()
  for _, problem in ipairs(problems) do
    health.warn(problem, { ':help rlm-options' })
  end
  if #problems == 0 then
    health.ok('vim.g.rlm ' .. (vim.g.rlm == nil and 'is not set: defaults are used' or 'can be used'))
  end
  if options.sample then
    health.ok('the editor’s own model: vim.g.rlm.sample')
  end
end

---@param ... string
---@return vim.SystemCompleted?
---@return string? problem
local function run(...)
  local command = vim.list_extend(vim.deepcopy(launch.command()), { ... })
  local ok, result = pcall(function()
    local how = { text = true, env = config.get().env, timeout = PATIENCE, cwd = launch.place() }
    return vim.system(command, how):wait()
  end)
  if not ok then
    return nil, tostring(result)
  end
  return result
end

---@return boolean works
local function check_command()
  health.start('Server')
  local command = launch.command()
  local path = vim.fn.exepath(command[1])
  if path == '' then
    health.error(('`%s` is not an executable'):format(command[1]), INSTALL)
    return false
  end
  local result, problem = run('--version')
  local version = result and result.stdout and result.stdout:match('rlm%-ls (%S+)')
  if not result or not version then
    health.error(
      ('`%s --version` does not answer as rlm-ls does'):format(table.concat(command, ' ')),
      { problem or vim.trim(result.stderr or ''), unpack(INSTALL) }
    )
    return false
  end
  if vim.version.lt(version, OLDEST) then
    health.warn(('rlm-ls %s is older than %s'):format(version, OLDEST), { INSTALL[1] })
  else
    health.ok(('rlm-ls %s (%s)'):format(version, path))
  end
  return true
end

---What `rlm-ls doctor` finds of Python, models, sandbox, toolchains and search.
local function check_parts()
  health.start('What the server has to work with (rlm-ls doctor)')
  local result, problem = run('doctor')
  if not result then
    return health.error(problem or 'it does not run')
  end
  local lines = vim.split(vim.trim(result.stdout .. '\n' .. result.stderr), '\n', { trimempty = true })
  for _, line in ipairs(lines) do
    if vim.startswith(line, '✓ ') then
      health.ok((line:gsub('^✓ ', '')))
    elseif vim.startswith(line, '✗ ') then
      health.error((line:gsub('^✗ ', '')))
    else
      health.info(line)
    end
  end
  if result.code ~= 0 and not result.stderr:find('✗') then
    health.error(('it ended with code %d'):format(result.code))
  end
end

local function check_clients()
  health.start('Running servers')
  local clients = server.clients()
  if #clients == 0 then
    return health.info('none yet: one starts with the first file, or the first :Rlm')
  end
  for _, client in ipairs(clients) do
    local response = compat.call(client, 'request_sync', 'rlm/doctor', vim.empty_dict(), 10000, 0)
    local doctor = response and response.result
    if not doctor then
      health.error(('client %d does not answer'):format(client.id), { ':Rlm restart' })
    else
      health.ok(
        ('client %d: %s, Python %s, positions in %s, folder %s'):format(
          client.id,
          doctor.version,
          doctor.python,
          client.offset_encoding,
          client.config.root_dir or 'none'
        )
      )
      local models = doctor.models.root
      health.info('models: ' .. (#models > 0 and table.concat(models, ', ') or 'none; rules answer (offline)'))
      local learnt = type(doctor.abilities) == 'table' and doctor.abilities
      local route = learnt and learnt.model .. ': ' .. learnt.route
      health.info('route: ' .. (route or 'not checked (rlm-ls models --check)'))
      health.info('programs: ' .. table.concat(doctor.levels, ', ') .. '; history: ' .. doctor.store)
    end
  end
end

function M.check()
  check_neovim()
  check_options()
  if check_command() then
    check_parts()
    check_clients()
  end
end

return M
