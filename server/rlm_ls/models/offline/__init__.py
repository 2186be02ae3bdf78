"""The offline model: rules that turn a question's words into scripts. It is no language model and always says so."""
