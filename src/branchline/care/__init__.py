"""selftest: the promises of the engine, proved on the user's own machine"""
