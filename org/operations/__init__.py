"""Operations of org: each verb in its file, one transaction each."""
