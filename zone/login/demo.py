"""What the demo accounts share; the demo data itself is made in ``projects/demo``."""

# Public on purpose: the accounts that have it are invented, and clear_demo removes them.
DEMO_PASSWORD = "Baihua-shengkai-66"
