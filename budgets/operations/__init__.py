"""Operations of budgets: each verb in its file, one transaction each."""
