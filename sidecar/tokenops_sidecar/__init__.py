"""The sidecar of TokenOps: decides by the published policy beside a router, and reports usage."""

__version__ = "0.1.0"
