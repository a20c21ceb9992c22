"""Pages of org: sign-in, settings, tokens, changes to units."""
