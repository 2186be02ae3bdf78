"""What verbs see of sub-models and child runs: the calls, what sub-models are told, how their replies are read. Whoever
answers is the engine's business.
"""
