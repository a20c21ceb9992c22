"""Operations of ingestion: each verb in its file, one transaction each."""
