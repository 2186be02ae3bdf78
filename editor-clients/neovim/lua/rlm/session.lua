---What the user has chosen for this session.
return {
  ---@type string? the model that questions go to
  model = nil,
}
