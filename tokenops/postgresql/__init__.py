"""Django's PostgreSQL backend, able to start the embedded server when the first query comes."""
