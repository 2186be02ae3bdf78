"""Operations that match lines and patterns, over windows of whole lines."""
