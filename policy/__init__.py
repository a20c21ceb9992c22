"""Policy is what routers must do: scopes, caps, signed policy documents."""
