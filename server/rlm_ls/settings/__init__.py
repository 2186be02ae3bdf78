"""The user's settings: what they are, where they come from, what a workspace may say of them. Knows no other room."""
