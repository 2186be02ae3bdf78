"""What happens before the first turn: request, snapshot, model, route, first messages. No model is called."""
