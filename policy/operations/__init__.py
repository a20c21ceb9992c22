"""Operations of policy: each verb in its file, one transaction each."""
