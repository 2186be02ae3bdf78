"""The OS sandbox: what runs here sees no files, network, environment or processes but those it was given."""
