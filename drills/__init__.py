"""Drills: each kills, pauses, fills or slows what the gateway depends on, and watches what people get to see."""
