"""Operations on files: walking folders, looking at first bytes, copying texts into packs."""
