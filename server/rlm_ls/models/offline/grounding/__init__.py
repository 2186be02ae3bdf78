"""A question read by what the text holds: its words are first told to be columns, values, levels and words of messages,
then what is asked of them is read."""
