"""What the sidecar's tests share: nothing of them needs a database."""

from hypothesis import settings

# Properties have no deadline, because a busy machine is not a wrong answer.
settings.register_profile("sidecar", deadline=None)
settings.load_profile("sidecar")
