"""One adapter a platform: is the body really theirs, and what does it say in the generic contract's words."""
