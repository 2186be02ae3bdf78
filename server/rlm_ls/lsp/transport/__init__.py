"""How messages come and go: stdio, TCP, WebSocket, framing, JSON-RPC. Knows nothing of questions and answers."""
