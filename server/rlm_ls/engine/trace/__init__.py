"""A run's events: written, looked up, resumed, replayed, shown as Markdown and as a page. Append-only; asks no
model."""
