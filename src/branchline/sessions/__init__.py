"""named agent sessions (`agent`), OpenCode instances (`oc`)"""
