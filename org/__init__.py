"""Org is who: people, roles, business units, fiscal calendar, approvals, tokens, audit."""
