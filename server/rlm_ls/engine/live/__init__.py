"""Questions about texts that go on: how far an answer looked, looking again, watching. Knows the engine; no editor, no
terminal."""
