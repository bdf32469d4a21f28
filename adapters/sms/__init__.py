"""Who hands a code to a phone: one module for each vendor."""
