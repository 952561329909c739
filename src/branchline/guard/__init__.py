"""pure: masking, injection scan, allow-lists, network tiers"""
