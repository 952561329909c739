"""doctor and selftest: what stands in the way of a run here, and the promises proved on the user's own machine"""
