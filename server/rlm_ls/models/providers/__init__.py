"""Models at an endpoint: which one, how it is asked, tried again, limited, priced, replaced when it fails. A key is
never in a message, an error or a log.
"""
