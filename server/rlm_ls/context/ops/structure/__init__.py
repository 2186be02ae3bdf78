"""Operations that find a text's parts: headings, definitions, times of a log, cuts."""
