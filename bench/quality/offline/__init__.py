"""Questions with known answers about files of many formats, by people who had not seen the rules; and who judges."""
